/// The examples as a user runs them: built outside of the tree against an installed Berth, started in their folders.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "berth/component.h"
#include "berth/huggingface_local_chat_generator.h"
#include "cli/process.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const auto examples = std::filesystem::path(BERTH_TEST_DATA_DIR).parent_path().parent_path() / "examples";

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

/// What the example of that name does.
Outcome example(const std::string& name, std::vector<std::string> arguments) {
  const auto outcome = berth_command(std::move(arguments), {.folder = (examples / name).string(),
                                                            .program = BERTH_TEST_CONSUMERS "/" + name + "/" + name,
                                                            .timeout = std::chrono::seconds(110)});
  EXPECT_EQ(outcome.signal, 0);
  return outcome;
}

/// What the default model answers, without an example in between.
std::string answer(const std::vector<ChatMessage>& messages, int max_new_tokens,
                   std::optional<ComponentDevice> device = {}) {
  HuggingFaceLocalChatGenerator generator({.model = "smollm2",
                                           .task = "text-generation",
                                           .device = std::move(device),
                                           .generation_kwargs = {{"max_new_tokens", max_new_tokens}}});
  return generator.run(messages).replies.at(0).text().value();
}

TEST(CustomComponent, ResolvesItsDeviceAndComesBackWithIt) {
  BERTH_NEEDS_MODEL();
  const auto outcome = example("custom_component", {"cpu"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto printed = lines(outcome.out);
  ASSERT_GE(printed.size(), 2U) << outcome.out;
  EXPECT_EQ(Value::from_json(printed[0]), Value::from_json(R"({"type": "my_project.MyComponent", "init_parameters":
                {"model": "smollm2", "device": {"type": "single", "device": "cpu"}}})"));
  EXPECT_EQ(outcome.out.substr(printed[0].size() + 1),
            answer({ChatMessage::from_user("In one sentence, what is a harbour?")}, 24, Device::cpu()) + "\n");
}

TEST(CustomComponent, ChoosesADeviceWhereNoneIsGiven) {
  BERTH_NEEDS_MODEL();
  const auto outcome = example("custom_component", {});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto dict = Value::from_json(lines(outcome.out).at(0));
  EXPECT_EQ(*dict.find("init_parameters")->find("device"), ComponentDevice::resolve_device().to_dict());
}

TEST(CustomComponent, SaysWhatIsWrongWithADevice) {
  const auto outcome = example("custom_component", {"gpu"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("Unknown device type string 'gpu'"));
  EXPECT_EQ(outcome.out, "");
}

TEST(Rag, AnswersFromTheDocumentsThatItFinds) {
  BERTH_NEEDS_MODEL();
  const auto outcome = example("rag", {});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto printed = lines(outcome.out);
  ASSERT_EQ(printed.size(), 4U) << outcome.out;
  EXPECT_EQ(printed[0], "5 documents");
  EXPECT_THAT(printed[1], HasSubstr("1874"));
  EXPECT_THAT(printed[2], AllOf(StartsWith("  page 3: "), HasSubstr("built in 1874")));
  EXPECT_THAT(printed[3], StartsWith("  page "));
}

/// In a folder of its own, where the index is written.
TEST(Search, FindsByMeaningWhatItIndexedBefore) {
  BERTH_NEEDS_MODEL();
  if (!std::filesystem::exists(BERTH_TEST_MINILM)) GTEST_SKIP() << "minilm is not here; get it by `make model`";
  const TemporaryFolder folder;
  std::filesystem::copy(examples / "search", folder.path(), std::filesystem::copy_options::recursive);
  const auto search = [&](std::vector<std::string> arguments) {
    return berth_command(std::move(arguments), {.folder = folder.path().string(),
                                                .program = BERTH_TEST_CONSUMERS "/search/search",
                                                .timeout = std::chrono::seconds(110)});
  };
  EXPECT_THAT(search({"ask", "What?"}).err, HasSubstr("there is no index yet: search index FOLDER"));
  const auto indexed = search({"index", "texts"});
  ASSERT_EQ(indexed.exit_code, 0) << indexed.err;
  EXPECT_EQ(indexed.out, "6 pieces of 3 texts\n");
  const auto outcome = search({"ask", "Which animals are on the beach?"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto printed = lines(outcome.out);
  ASSERT_EQ(printed.size(), 3U) << outcome.out;
  EXPECT_THAT(printed[1], AllOf(StartsWith("  village.txt: "), HasSubstr("Seals rest on the northern beach")));
}

TEST(Rag, AnswersAnotherQuestionFromOtherDocuments) {
  BERTH_NEEDS_MODEL();
  const auto outcome = example("rag", {"Who is the harbour master?"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto printed = lines(outcome.out);
  ASSERT_GE(printed.size(), 3U) << outcome.out;
  EXPECT_THAT(printed[1], HasSubstr("Ada Thorne"));
  EXPECT_THAT(printed[2], StartsWith("  page 8: "));
}

TEST(Chat, WritesTheAnswerOfItsModel) {
  BERTH_NEEDS_MODEL();
  const auto outcome = example("chat", {"Why is the sky blue?"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto expected =
      answer({ChatMessage::from_system("You are a helpful assistant who answers in one short sentence."),
              ChatMessage::from_user("Why is the sky blue?")},
             24);
  EXPECT_FALSE(expected.empty());
  EXPECT_THAT(outcome.out, StartsWith(expected + "\n"));
  EXPECT_GT(Value::from_json(lines(outcome.out).back()).find("completion_tokens")->as_int(), 0);
}

}  // namespace
}  // namespace berth::test
