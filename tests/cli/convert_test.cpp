#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/process.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string converted(const std::string& device, const std::string& form) {
  const auto outcome = berth_command({"convert", device, "--to", form});
  return outcome.exit_code == 0 ? outcome.out : std::to_string(outcome.exit_code) + " " + outcome.err;
}

json converted_json(const std::string& device, const std::string& form) {
  const auto document = json::parse(berth_command({"convert", device, "--to", form, "--json"}).out);
  EXPECT_EQ(document.at("to"), form);
  EXPECT_EQ(document.size(), 2U);
  return document.at("value");
}

TEST(ConvertCommand, PrintsEachForm) {
  EXPECT_EQ(converted("cuda:1", "hf"), "cuda:1\n");
  EXPECT_EQ(converted("cuda:1", "torch"), "cuda:1\n");
  EXPECT_EQ(converted("cuda:1", "spacy"), "1\n");
  EXPECT_EQ(converted("cuda:1", "ggml"), "CUDA1\n");
  EXPECT_EQ(converted("xpu:1", "openvino"), "GPU.1\n");
  EXPECT_EQ(converted("cuda:1", "onnxruntime"),
            "{\"provider\": \"CUDAExecutionProvider\", \"options\": {\"device_id\": \"1\"}}\n");
  EXPECT_EQ(converted("cuda:1", "dlpack"), "{\"device_type\": 2, \"device_id\": 1}\n");
  EXPECT_EQ(converted("cuda:1", "ctranslate2"), "{\"device\": \"cuda\", \"device_index\": 1}\n");
}

TEST(ConvertCommand, TakesMaps) {
  const std::string map = R"({"embed": "xpu:0", "head": "cpu"})";
  EXPECT_EQ(converted(map, "hf"), map + "\n");
  EXPECT_EQ(converted(R"({"embed": "cuda:0", "head": "cpu"})", "hf"), "{\"embed\": 0, \"head\": \"cpu\"}\n");
  EXPECT_EQ(converted(map, "openvino"), "HETERO:GPU.0,CPU\n");
  EXPECT_EQ(converted(R"({"type": "multiple", "device_map": )" + map + "}", "hf"), map + "\n");
}

TEST(ConvertCommand, JsonIsOneDocument) {
  EXPECT_EQ(converted_json("cuda:1", "hf"), "cuda:1");
  EXPECT_EQ(converted_json("cpu", "spacy"), -1);
  EXPECT_EQ(converted_json(R"({"a": 0})", "hf"), json::parse(R"({"a": 0})"));
  EXPECT_EQ(converted_json("mps", "dlpack"), json::parse(R"({"device_type": 8, "device_id": 0})"));
}

TEST(ConvertCommand, WhatDoesNotExistIsWrongUse) {
  EXPECT_THAT(converted("cuda:1", "openvino"), testing::MatchesRegex("2 berth: error: .*cpu, xpu and npu\n"));
  for (const std::string form : {"torch", "spacy", "ggml", "onnxruntime", "dlpack", "ctranslate2"})
    EXPECT_THAT(converted(R"({"a": 0})", form), testing::StartsWith("2 berth: error: Only single devices can be"));
}

}  // namespace
}  // namespace berth::test
