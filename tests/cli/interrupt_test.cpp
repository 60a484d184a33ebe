#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "cli/process.h"
#include "test_model.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

bool same(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag && a.c_lflag == b.c_lflag &&
         std::equal(std::begin(a.c_cc), std::end(a.c_cc), std::begin(b.c_cc));
}

class Interrupted : public testing::Test {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  /// An answer that takes long.
  static std::vector<std::string> long_run(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"run", model_path().string(), "--raw", "-p", "1 2 3 4 5 6 7 8 9 10", "--max-new-tokens", "4000"});
    return more;
  }
};

TEST_F(Interrupted, WhileGeneratingItEndsWithWhatThereIs) {
  for (const auto& [signal, exit_code] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
    Process process(long_run());
    ASSERT_TRUE(process.wait_for("11"));
    process.send(signal);
    const auto outcome = process.wait();
    EXPECT_EQ(outcome.exit_code, exit_code);
    EXPECT_THAT(outcome.out, HasSubstr("11"));
    EXPECT_TRUE(outcome.out.ends_with('\n'));
    EXPECT_EQ(outcome.err, "");
  }
}

TEST_F(Interrupted, CtrlCAtATerminalLeavesItAsItWas) {
  Process process(long_run(), {.terminal_input = true, .terminal_output = true, .terminal_error = true});
  const auto before = process.terminal_attributes();
  ASSERT_TRUE(process.wait_for("11"));
  EXPECT_TRUE(same(process.terminal_attributes(), before));
  process.type("\x03");
  const auto outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_TRUE(same(process.terminal_attributes(), before));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("11"), Not(HasSubstr("\x1b"))));
}

TEST_F(Interrupted, JsonIsStillOneDocument) {
  Process process(long_run({"--json", "-v"}));
  ASSERT_TRUE(process.wait_for("loaded in"));
  std::this_thread::sleep_for(50ms);
  process.send(SIGINT);
  const auto outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_EQ(json::parse(outcome.out).at("meta").at("finish_reasons"), json({"cancelled"}));
}

TEST_F(Interrupted, WhileLoadingItEndsBeforeAnyAnswer) {
  for (const bool with_json : {false, true}) {
    Process process(long_run(with_json ? std::vector<std::string>{"-v", "--json"} : std::vector<std::string>{"-v"}));
    ASSERT_TRUE(process.wait_for("berth: loading"));
    // Held still, so that the signal comes before the model is loaded.
    process.send(SIGSTOP);
    process.send(SIGINT);
    process.send(SIGCONT);
    const auto outcome = process.wait();
    EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
    EXPECT_THAT(outcome.err, Not(HasSubstr("loaded in")));
    if (with_json)
      EXPECT_TRUE(json::parse(outcome.out).contains("error"));
    else
      EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Interrupted, ASignalThatIsIgnoredFromTheStartStaysIgnored) {
  Process process({"-c", "trap '' INT; exec \"$0\" run \"$1\" -v -p Hi --max-new-tokens 4", BERTH_BINARY,
                   model_path().string()},
                  {.program = "/bin/sh"});
  ASSERT_TRUE(process.wait_for("berth: loading"));
  process.send(SIGINT);
  const auto outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.out, "");
}

TEST_F(Interrupted, TheProgressBarIsForTerminalsAndOnlyAfterASecond) {
  const auto run = [](bool terminal, std::chrono::milliseconds held) {
    Process process({"run", model_path().string(), "-v", "-p", "Hi", "--max-new-tokens", "1"}, {.terminal_error = terminal});
    EXPECT_TRUE(process.wait_for("berth: loading"));
    process.send(SIGSTOP);
    std::this_thread::sleep_for(held);
    process.send(SIGCONT);
    const auto outcome = process.wait();
    EXPECT_EQ(outcome.exit_code, 0);
    return terminal ? outcome.out : outcome.err;
  };
  EXPECT_THAT(run(true, 1100ms), AllOf(HasSubstr("\rLoading SmolLM2"), HasSubstr("100%\r   ")));
  EXPECT_THAT(run(false, 1100ms), Not(HasSubstr("%")));
}

}  // namespace
}  // namespace berth::test
