/// Files that the libraries of the formats wrote, and what those say of them (tests/data/formats/make.py).
#include <gtest/gtest.h>

#include <map>

#include "berth/model.h"
#include "json_file.h"

namespace berth {
namespace {

/// What Berth says of a file, in the words of expected.json; fields that are not there are not compared.
Value as_expected(const TensorInfo& tensor, const Value::Object& expected, const std::string& other_file) {
  static const std::map<std::string, std::string> onnx_names = {
      {"F32", "FLOAT"},     {"F64", "DOUBLE"},    {"F16", "FLOAT16"},   {"BF16", "BFLOAT16"},
      {"I8", "INT8"},       {"I4", "INT4"},       {"I64", "INT64"},     {"U64", "UINT64"},
      {"U32", "UINT32"},    {"C64", "COMPLEX64"}, {"F4", "FLOAT4E2M1"}, {"F8_E4M3", "FLOAT8E4M3FN"},
      {"STRING", "STRING"}, {"BOOL", "BOOL"}};
  const bool is_onnx = onnx_names.contains(tensor.type) && expected.at("type") == Value(onnx_names.at(tensor.type));
  Value::Object found{{"name", tensor.name}, {"type", is_onnx ? onnx_names.at(tensor.type) : tensor.type}};
  Value::Array shape;
  for (auto each = tensor.shape.rbegin(); each != tensor.shape.rend(); ++each) shape.push_back(*each);
  found.set("shape", std::move(shape));
  if (expected.contains("offset")) found.set("offset", tensor.offset);
  found.set("bytes", tensor.bytes);
  if (tensor.part != 0) found.set("file", other_file);
  return found;
}

class PeerFormats : public testing::TestWithParam<const char*> {};

TEST_P(PeerFormats, SayTheSame) {
  const Value all = test::json_file("formats/expected.json");
  const auto& expected = all.as_object().at(GetParam()).as_object();
  const auto profile = read_model(std::string(BERTH_TEST_DATA_DIR "/formats/") + GetParam());
  if (const Value* graph = expected.find("graph")) {
    EXPECT_EQ(Value(profile.name), *graph);
    const Value* producer = profile.metadata.at("onnx").find("producer_name");
    EXPECT_EQ(producer == nullptr ? Value("") : *producer, expected.at("producer"));
  }
  std::map<std::string, Value> by_name;
  for (const auto& each : expected.at("tensors").as_array()) by_name[each.as_object().at("name").as_string()] = each;
  std::size_t compared = 0;
  for (const auto& tensor : profile.tensors) {
    if (tensor.name == "axes") continue;  // a constant, which the list of initializers does not have
    ++compared;
    ASSERT_TRUE(by_name.contains(tensor.name)) << tensor.name;
    const Value& peer = by_name[tensor.name];
    auto found = as_expected(tensor, peer.as_object(), "outside.data");
    for (const auto& [field, value] : peer.as_object())
      EXPECT_EQ(found.as_object().at(field), value) << tensor.name << ' ' << field;
  }
  EXPECT_EQ(compared, by_name.size());
}

INSTANTIATE_TEST_SUITE_P(All, PeerFormats, testing::Values("numpy.safetensors", "inside.onnx", "outside.onnx"));

}  // namespace
}  // namespace berth
