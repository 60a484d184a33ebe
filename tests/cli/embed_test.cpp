/// `berth embed` and `berth rank`, over tiny models.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "berth/value.h"
#include "cli/process.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const std::string embedder = BERTH_TEST_DATA_DIR "/encoders/st_dense";
const std::string prompt_embedder = BERTH_TEST_DATA_DIR "/encoders/st_prompt";
const std::string cross_encoder = BERTH_TEST_DATA_DIR "/encoders/modernbert_ranker";

std::vector<Value> documents_in(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<Value> documents;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) documents.push_back(Value::from_json(line));
  return documents;
}

std::vector<Value> embed(std::vector<std::string> options, const std::string& input,
                         const std::string& model = embedder) {
  options.insert(options.begin(), {"embed", model, "--device", "cpu"});
  return documents_in(berth_command(options, {.input = input}));
}

Outcome rank_outcome(const std::string& model, std::vector<std::string> options, const std::string& input) {
  options.insert(options.begin(), {"rank", model, "where is the ship?", "--device", "cpu"});
  return berth_command(options, {.input = input});
}

TEST(EmbedCommand, TakesAGgufFile) {
  const std::string model = BERTH_TEST_DATA_DIR "/encoders/tiny_qwen3_embedding.gguf";
  const auto found = embed({"--normalize", "--truncate-dim", "8", "-v"}, "two ships\na crane", model);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_THAT(found[0].find("embedding")->as_array(), SizeIs(8));
  EXPECT_NE(*found[0].find("embedding"), *found[1].find("embedding"));
  const auto ranked = rank_outcome(model, {}, "the ship\nrain\n");
  EXPECT_THAT(documents_in(ranked), SizeIs(2)) << "by the cosine of embeddings";
}

TEST(EmbedCommand, TurnsLinesOfTextAndOfJsonIntoVectors) {
  const auto found =
      embed({}, "two ships\r\n\n{\"id\": 7, \"content\": \"two ships\", \"embedding\": null}\na \"crane\"");
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(*found[0].find("text"), Value("two ships"));
  EXPECT_THAT(found[0].find("embedding")->as_array(), SizeIs(8));
  EXPECT_EQ(*found[1].find("embedding"), *found[0].find("embedding"));
  EXPECT_EQ(*found[1].find("id"), Value(7));
  EXPECT_EQ(*found[2].find("text"), Value("a \"crane\""));
}

TEST(EmbedCommand, ReadsFilesAndCutsAndNormalizes) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "texts.txt").string();
  std::ofstream(file) << "{ship\n";
  const auto found = embed({file, "-", "--plain", "--truncate-dim", "3", "--normalize"}, "rain\n");
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(*found[0].find("text"), Value("{ship"));
  const auto& numbers = found[1].find("embedding")->as_array();
  ASSERT_THAT(numbers, SizeIs(3));
  double squares = 0;
  for (const auto& each : numbers) squares += each.as_double() * each.as_double();
  EXPECT_NEAR(squares, 1, 1e-5);
}

TEST(EmbedCommand, PutsAPromptBeforeTexts) {
  EXPECT_NE(*embed({"--prompt", "query: "}, "ship", prompt_embedder)[0].find("embedding"),
            *embed({}, "ship", prompt_embedder)[0].find("embedding"));
  const auto unknown = berth_command({"embed", embedder, "--prompt-name", "passage"}, {.input = "ship"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("has no prompt 'passage'; it has query, document"));
}

TEST(EmbedCommand, OfNothingPrintsNothing) { EXPECT_THAT(embed({}, ""), SizeIs(0)); }

TEST(EmbedCommand, TellsWhatIsWrong) {
  const auto broken = berth_command({"embed", embedder}, {.input = "a\n{\"content\": 3}\n"});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.err, AllOf(HasSubstr("standard input, line 2"), HasSubstr("neither \"text\" nor \"content\"")));
  EXPECT_THAT(berth_command({"embed", embedder}, {.input = "{oops\n"}).err, HasSubstr("--plain"));
  const auto absent = berth_command({"embed", "no/such-model"}, {.input = "a"});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_THAT(absent.err, HasSubstr("hf download no/such-model"));
  EXPECT_THAT(berth_command({"embed", embedder, "/no/such.txt"}).err, HasSubstr("Cannot read texts from /no/such.txt"));
  EXPECT_EQ(berth_command({"embed", embedder, "--prompt", "a", "--prompt-name", "b"}).exit_code, 2);
  for (const auto* option : {"--truncate-dim", "--max-tokens"})
    for (const auto* number : {"0", "-1", "99999999999999999999", "1.5"}) {
      const auto outcome = berth_command({"embed", embedder, option, number}, {.input = "a"});
      EXPECT_EQ(outcome.exit_code, 2) << option << ' ' << number;
      EXPECT_THAT(outcome.err, AllOf(HasSubstr(option), HasSubstr(number)));
    }
  EXPECT_EQ(berth_command({"embed", embedder, "--precision", "int3"}).exit_code, 2);
  EXPECT_THAT(berth_command({"embed", embedder, "-v"}, {.input = "a"}).err, HasSubstr("BertModel"));
  const auto latin = berth_command({"embed", embedder}, {.input = "a\n\nna\xefve\n"});
  EXPECT_EQ(latin.exit_code, 1);
  EXPECT_THAT(latin.err, HasSubstr("standard input, line 3: it is not UTF-8"));
}

TEST(EmbedCommand, LeavesOutAByteOrderMark) {
  const auto found = embed({}, "\xEF\xBB\xBF{\"content\": \"two ships\"}\n");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(*found[0].find("content"), Value("two ships"));
}

TEST(EmbedCommand, AClosedInputIsAnError) {
  const auto outcome =
      berth_command({"-c", "exec \"$0\" embed \"$1\" <&-", BERTH_BINARY, embedder}, {.program = "/bin/sh"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("Cannot read texts from standard input: Bad file descriptor"));
}

TEST(EmbedCommand, ASignalEndsItWhileItWaitsForTexts) {
  for (const auto& command : {std::vector<std::string>{"embed", embedder}, {"rank", embedder, "ship"}}) {
    for (const int signal : {SIGINT, SIGTERM}) {
      auto arguments = command;
      arguments.emplace_back("-v");
      Process process(arguments, {.terminal_input = true, .timeout = std::chrono::seconds(20)});
      ASSERT_TRUE(process.wait_for("loaded in"));
      process.send(signal);
      const auto outcome = process.wait();
      EXPECT_THAT(outcome.err, Not(HasSubstr("TIMEOUT")));
      EXPECT_TRUE(outcome.signal == signal || outcome.exit_code == 128 + signal) << outcome.exit_code;
    }
  }
}

TEST(EmbedCommand, TellsOfEmptyLines) {
  EXPECT_THAT(berth_command({"embed", embedder}, {.input = "a\n\n\nb\n"}).err,
              HasSubstr("standard input: 2 empty lines are left out"));
  EXPECT_THAT(berth_command({"embed", embedder}, {.input = "a\n \n"}).err, Not(HasSubstr("empty")));
}

TEST(RankCommand, OrdersTextsByACrossEncoder) {
  const std::string texts = "rain\n{\"id\": \"x\", \"text\": \"the ship is in paris\"}\nwhere is the crane?\n";
  const auto all = documents_in(rank_outcome(cross_encoder, {}, texts));
  ASSERT_THAT(all, SizeIs(3));
  std::vector<double> scores;
  for (const auto& each : all) scores.push_back(each.find("score")->as_double());
  EXPECT_TRUE(std::ranges::is_sorted(scores, std::greater()));
  EXPECT_TRUE(scores.front() < 1 && scores.back() > 0);
  const auto best = documents_in(rank_outcome(cross_encoder, {"--top-k", "1", "--raw"}, texts));
  ASSERT_THAT(best, SizeIs(1));
  EXPECT_EQ(*best[0].find("text"), *all[0].find("text"));
}

TEST(RankCommand, OrdersTextsByTheirEmbeddings) {
  const auto all = documents_in(rank_outcome(embedder, {}, "rain in france\nwhere is the ship?\n"));
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(*all[0].find("text"), Value("where is the ship?"));
  EXPECT_NEAR(all[0].find("score")->as_double(), 1, 1e-5);
  const auto raw = rank_outcome(embedder, {"--raw"}, "rain\n");
  EXPECT_EQ(raw.exit_code, 2);
  EXPECT_THAT(raw.err, HasSubstr("--raw is for models"));
}

TEST(RankCommand, RefusesAModelOfSeveralLabels) {
  const auto outcome = rank_outcome(BERTH_TEST_DATA_DIR "/encoders/bert_nli", {}, "rain\n");
  EXPECT_THAT(outcome.err, HasSubstr("This model has 3 labels"));
  EXPECT_EQ(berth_command({"rank", cross_encoder}).exit_code, 2);
  for (const auto* number : {"0", "-1"})
    EXPECT_EQ(rank_outcome(cross_encoder, {"--top-k", number}, "rain\n").exit_code, 2);
}

TEST(RankCommand, RefusesAModelOfAnotherTask) {
  for (const auto& [model, task] :
       {std::pair("bert_qa", "question_answering"), std::pair("bert_ner", "token_classification")}) {
    const auto outcome = rank_outcome(BERTH_TEST_DATA_DIR "/encoders/" + std::string(model), {}, "rain\n");
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(task));
  }
}

}  // namespace
}  // namespace berth::test
