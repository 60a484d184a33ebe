#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "cli/process.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr auto prompt = ">>> ";

/// A conversation at a pseudo-terminal with a history of its own.
class ConversationTest : public testing::Test {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  std::unique_ptr<Process> start(std::vector<std::string> more = {}, std::string state = "") {
    if (state.empty()) state = folder_.path().string();
    more.insert(more.begin(), {"run", model_path().string()});
    auto process = std::make_unique<Process>(
        more, ProcessOptions{.environment = {{"XDG_STATE_HOME", state}, {"TERM", "xterm"}, {"LC_ALL", "C.UTF-8"}},
                             .terminal_input = true,
                             .terminal_output = true,
                             .terminal_error = true});
    before_ = process->terminal_attributes();
    EXPECT_TRUE(process->wait_for(prompt));
    return process;
  }

  void expect_terminal_as_before(const Process& process) {
    const auto after = process.terminal_attributes();
    EXPECT_EQ(after.c_lflag, before_.c_lflag);
    EXPECT_EQ(after.c_iflag, before_.c_iflag);
    EXPECT_EQ(after.c_oflag, before_.c_oflag);
  }

  std::string history() const {
    std::ifstream file(folder_.path() / "berth" / "history");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TemporaryFolder folder_;
  termios before_ = {};
};

TEST_F(ConversationTest, AnswersUntilCtrlD) {
  const auto process = start({"--raw", "--max-new-tokens", "2", "-v"});
  process->type("The capital of France is\n");
  EXPECT_TRUE(process->wait_for("Paris"));
  EXPECT_TRUE(process->wait_for("tokens/s"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("\x04");
  EXPECT_EQ(process->wait().exit_code, 0);
  expect_terminal_as_before(*process);
  EXPECT_THAT(history(), HasSubstr("France"));
}

TEST_F(ConversationTest, TellsFirstWhereTheModelLiesAndWhatIsSimulated) {
  const auto process =
      start({"--simulate", "cpu:8GiB,vulkan:1GiB", "--device", "vulkan:0", "--context", "512", "--show-placement"});
  process->type("\x04");
  const auto outcome = process->wait();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("output on vulkan:0"), HasSubstr(" on simulated vulkan:0; /help")));
}

TEST_F(ConversationTest, KeepsWhatWasSaidUntilCleared) {
  const auto process = start({"--max-new-tokens", "2", "-v"});
  const auto prompt_tokens_of = [&](const std::string& text) {
    process->type(text + "\n");
    EXPECT_TRUE(process->wait_for("berth: "));
    EXPECT_TRUE(process->wait_for("prompt tokens"));
    EXPECT_TRUE(process->wait_for(prompt));
  };
  prompt_tokens_of("One");
  prompt_tokens_of("One");
  process->type("/clear\n");
  EXPECT_TRUE(process->wait_for(prompt));
  prompt_tokens_of("One");
  process->type("/exit\n");
  const auto outcome = process->wait();
  EXPECT_EQ(outcome.exit_code, 0);

  std::vector<int> counts;
  for (std::size_t at = 0; (at = outcome.out.find(" prompt tokens", at)) != std::string::npos; ++at)
    counts.push_back(std::stoi(outcome.out.substr(outcome.out.rfind(' ', at - 1) + 1)));
  ASSERT_EQ(counts.size(), 3U);
  EXPECT_GT(counts[1], counts[0]);
  EXPECT_EQ(counts[2], counts[0]);
}

TEST_F(ConversationTest, HelpAndWhatIsNoCommand) {
  const auto process = start();
  process->type("/help\n");
  EXPECT_TRUE(process->wait_for("/clear forgets"));
  process->type("/nonesuch\n");
  EXPECT_TRUE(process->wait_for("there is no /nonesuch"));
  process->type("   \n");
  process->type("/exit\n");
  EXPECT_EQ(process->wait().exit_code, 0);
}

TEST_F(ConversationTest, ArrowUpBringsBackWhatWasTypedInAnEarlierSession) {
  auto process = start();
  process->type("/nonesuch\n");
  EXPECT_TRUE(process->wait_for("there is no /nonesuch"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("\x04");
  EXPECT_EQ(process->wait().exit_code, 0);

  process = start();
  process->type("\x1b[A\n");
  EXPECT_TRUE(process->wait_for("there is no /nonesuch"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("\x04");
  EXPECT_EQ(process->wait().exit_code, 0);
  const auto mode = std::filesystem::status(folder_.path() / "berth" / "history").permissions();
  EXPECT_EQ(mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
}

TEST_F(ConversationTest, AHistoryThatCannotBeWrittenIsNoError) {
  const auto process = start({}, "/proc/nonesuch");
  process->type("/nonesuch\n");
  EXPECT_TRUE(process->wait_for("there is no /nonesuch"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("\x04");
  EXPECT_EQ(process->wait().exit_code, 0);
}

TEST_F(ConversationTest, CtrlCEndsAnAnswerAndThenThePrompt) {
  const auto process = start({"--raw", "--max-new-tokens", "4000"});
  process->type("1 2 3 4 5 6 7 8 9 10\n");
  EXPECT_TRUE(process->wait_for("11"));
  expect_terminal_as_before(*process);
  process->type("\x03");
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("/help\n");
  EXPECT_TRUE(process->wait_for("/clear forgets"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("half a line\x03");
  EXPECT_EQ(process->wait().exit_code, 130);
  expect_terminal_as_before(*process);
}

TEST_F(ConversationTest, CtrlZWhereNoShellIsAboveEndsNothing) {
  const auto process = start();
  process->type("half a line");
  EXPECT_TRUE(process->wait_for("half a line"));
  EXPECT_TRUE(process->waits());
  process->type("\x1a");
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("/help\n");
  EXPECT_TRUE(process->wait_for("/clear forgets"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("\x04");
  EXPECT_EQ(process->wait().exit_code, 0);
  expect_terminal_as_before(*process);
}

TEST_F(ConversationTest, ATerminationRequestEndsItAtOnce) {
  const auto process = start({"--raw", "--max-new-tokens", "4000"});
  process->type("1 2 3 4 5 6 7 8 9 10\n");
  EXPECT_TRUE(process->wait_for("11"));
  process->send(SIGTERM);
  EXPECT_EQ(process->wait().exit_code, 143);
  expect_terminal_as_before(*process);
}

TEST_F(ConversationTest, AMessageThatDoesNotFitIsRefusedAndTheConversationGoesOn) {
  const auto process = start({"--n-ctx", "256", "--max-new-tokens", "2"});
  std::string text;
  for (int i = 0; i < 300; ++i) text += "a ";
  process->type(text + "\n");
  EXPECT_TRUE(process->wait_for("tokens long"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("Hi\n");
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("\x04");
  const auto outcome = process->wait();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out.find("tokens long"), outcome.out.rfind("tokens long"));
}

TEST_F(ConversationTest, LettersBeyondAsciiAndTabsAreText) {
  const auto process = start({"--raw", "--max-new-tokens", "1", "-v"});
  process->type("Zo\xC3\xAB\tM\x7f\xC3\xBC\x7fN\n");  // each backspace takes a whole letter
  EXPECT_TRUE(process->wait_for("tokens/s"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("\x1b[A\x01/\n");  // the line again, with "/" in front of it
  EXPECT_TRUE(process->wait_for("/Zo\xC3\xAB"));
  EXPECT_TRUE(process->wait_for("tokens/s"));
  EXPECT_TRUE(process->wait_for(prompt));
  process->type("\x04");
  EXPECT_EQ(process->wait().exit_code, 0);
  EXPECT_THAT(history(), AllOf(HasSubstr("Zo"), HasSubstr("N\n"), Not(HasSubstr("M"))));
}

}  // namespace
}  // namespace berth::test
