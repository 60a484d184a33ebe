#include "process/child.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <system_error>
#include <thread>

namespace berth::process {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using Victims = Child::Victims;

Command shell(const std::string& script, std::map<std::string, std::string> environment = {{"PATH", "/usr/bin:/bin"}}) {
  return {{"/bin/sh", "-c", script}, std::move(environment)};
}

std::string all_of(Child& child) {
  std::string answer;
  while (child.read_some(answer)) {
  }
  return answer;
}

Clock::time_point in_a_minute() { return Clock::now() + std::chrono::minutes(1); }

/// "Z" or nothing: it is dead.
std::string state_of(const std::string& pid) {
  std::ifstream status("/proc/" + pid + "/stat");
  std::string word;
  return status >> word >> word >> word ? word : "";
}

TEST(Child, AnswersOnDescriptorThreeAndPrintsNowhere) {
  Child child(shell("echo printed; echo an error >&2; echo the answer >&3"));
  EXPECT_EQ(all_of(child), "the answer\n");
  EXPECT_FALSE(child.listens());
  EXPECT_EQ(child.reap(in_a_minute()), (Exit{false, 0}));
}

TEST(Child, HasTheGivenEnvironmentAndNoOther) {
  Child child(shell("echo \"$GREETING, $HOME\" >&3", {{"GREETING", "hello there"}}));
  EXPECT_EQ(all_of(child), "hello there, \n");
}

TEST(Child, GetsNoFileOfThisProcess) {
  const int leaky = fcntl(open("/dev/null", O_RDONLY), F_DUPFD, 57);
  Child child(shell("echo $(ls /proc/$$/fd) >&3"));
  const auto files = all_of(child);
  close(leaky);
  EXPECT_THAT(files, HasSubstr("0 1 2 3"));
  EXPECT_THAT(files, Not(HasSubstr(std::to_string(leaky))));
}

TEST(Child, TellsWhatEndedIt) {
  Child own_end(shell("exit 7"));
  all_of(own_end);
  EXPECT_EQ(own_end.reap(in_a_minute()), (Exit{false, 7}));
  Child crash(shell("kill -SEGV $$"));
  all_of(crash);
  EXPECT_EQ(crash.reap(in_a_minute()), (Exit{true, SIGSEGV}));
  Child killed(shell("exec sleep 600"));
  killed.kill(Victims::only_itself);
  EXPECT_EQ(killed.reap(in_a_minute()), (Exit{true, SIGKILL}));
}

TEST(Child, IsKilledWithAllThatItStartedOrAlone) {
  for (const bool all : {true, false}) {
    Child child(shell("sleep 600 & echo $! >&3; wait"));
    std::string pid;
    while (!pid.ends_with('\n') && child.read_some(pid)) {
    }
    pid.pop_back();
    child.kill(all ? Victims::all : Victims::only_itself);
    EXPECT_EQ(child.reap(in_a_minute()), (Exit{true, SIGKILL}));
    auto state = state_of(pid);
    for (int patience = 0; all && patience < 2000 && state != "Z" && !state.empty(); ++patience) {
      std::this_thread::sleep_for(milliseconds(5));
      state = state_of(pid);
    }
    EXPECT_EQ(state == "Z" || state.empty(), all) << state;
    if (!all) kill(std::stoi(pid), SIGKILL);
  }
}

TEST(Child, EndsWithItsObject) {
  std::string pid;
  {
    Child child(shell("echo $$ >&3; exec sleep 600"));
    while (!pid.ends_with('\n') && child.read_some(pid)) {
    }
    pid.pop_back();
  }
  for (int patience = 0; patience < 2000 && !state_of(pid).empty(); ++patience) {
    reap_undead();
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_EQ(state_of(pid), "");
}

TEST(Child, WhoseExitStatusSomebodyElseTookHasNone) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  Child child(shell("echo done >&3"));
  EXPECT_EQ(all_of(child), "done\n");
  EXPECT_EQ(child.reap(in_a_minute()), std::nullopt);
  std::signal(SIGCHLD, before);
}

TEST(Child, ThatIsNotDeadInTimeCountsAsKilled) {
  Child child(shell("exec sleep 600"));
  EXPECT_EQ(child.reap(Clock::now()), (Exit{true, SIGKILL}));
}

TEST(Child, ThatHasSomethingIsToldFromThoseThatHaveNot) {
  Child silent(shell("exec sleep 600"));
  Child speaking(shell("echo here >&3; exec sleep 600"));
  const std::array<Child*, 2> both{&silent, &speaking};
  EXPECT_EQ(wait_for_some(both, std::chrono::minutes(1)), (std::vector{false, true}));
  EXPECT_EQ(wait_for_some(std::span(both).first(1), milliseconds(20)), (std::vector{false}));
  silent.kill(Victims::all);
  EXPECT_EQ(wait_for_some(std::span(both).first(1), std::chrono::minutes(1)), (std::vector{true})) << "its end";
}

TEST(Child, ThatCannotBeStartedIsAnErrorWithItsName) {
  try {
    Child child({.arguments = {"/nowhere/program"}});
    FAIL() << "was started";
  } catch (const std::system_error& problem) {
    EXPECT_EQ(problem.code(), std::errc::no_such_file_or_directory);
    EXPECT_THAT(problem.what(), HasSubstr("/nowhere/program"));
  }
}

}  // namespace
}  // namespace berth::process
