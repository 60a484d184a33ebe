// How children are ended, seen by standing between the library and the kernel.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>

#include "discover/recorded_machine.h"
#include "discover/run_probes.h"

namespace {

std::atomic<bool> recording = false;
std::mutex mutex;
std::string calls;  // k: killed, r: asked whether it is dead

void record(char call) {
  if (!recording) return;
  const std::lock_guard lock(mutex);
  calls += call;
}

}  // namespace

extern "C" int kill(pid_t pid, int signal) noexcept {
  record('k');
  return static_cast<int>(syscall(SYS_kill, pid, signal));
}

extern "C" int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  if ((options & WNOWAIT) == 0) record('r');
  return static_cast<int>(syscall(SYS_waitid, type, id, info, options, nullptr));
}

namespace berth::test {
namespace {

TEST(ChildrenEnd, AllAreKilledBeforeTheFirstIsWaitedFor) {
  const RecordedMachine recorded;
  recorded.write("helper", "#!/bin/sh\nexec sleep 600\n");
  chmod((recorded.root() / "helper").c_str(), 0755);
  auto machine = recorded.machine();
  machine.environment = {{"BERTH_PROBE_HELPER", (recorded.root() / "helper").string()}, {"PATH", "/usr/bin:/bin"}};
  recording = true;
  const auto found = run_probes({"cuda", "nvml", "vulkan"}, machine, std::chrono::milliseconds(100));
  recording = false;
  for (const auto& each : found) EXPECT_EQ(each.report.outcome, ProbeOutcome::timed_out);
  EXPECT_THAT(calls, testing::MatchesRegex("k{3}r{3,}"));
}

}  // namespace
}  // namespace berth::test
