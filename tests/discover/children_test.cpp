#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "discover/recorded_machine.h"
#include "discover/run_probes.h"

namespace berth::test {
namespace {

using discovery::Findings;
using discovery::Machine;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr milliseconds soon{300};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int many = 60;
#else
constexpr int many = 1000;
#endif

/// A machine with a GPU, one of whose functions has a fault.
struct Faulty : RecordedMachine {
  explicit Faulty(const std::string& function = {}, const nlohmann::json& fault = {})
      : RecordedMachine("workstation_two_gpus") {
    if (!function.empty()) drivers["faults"][function] = fault;
    environment["ASAN_OPTIONS"] = "handle_segv=0:handle_abort=0";  // let a crash be one
  }
};

/// A machine whose probes run a shell script. It answers on descriptor 3.
struct Scripted : RecordedMachine {
  explicit Scripted(const std::string& script) {
    write("helper", "#!/bin/sh\n" + script);
    chmod((root() / "helper").c_str(), 0755);
    environment = {{"BERTH_PROBE_HELPER", (root() / "helper").string()}, {"PATH", "/usr/bin:/bin"}};
  }
};

/// What a script says to answer with this message.
std::string answer(const std::string& message) {
  return R"(echo "{\"report\": {\"probe\": \"x\", \"outcome\": \"found\", \"milliseconds\": 0, \"message\": \")" +
         message + "\\\"}}\" >&3\n";
}

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

bool has_children() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

TEST(Children, AnswerAsTheProbeDoes) {
  const Faulty machine;
  const auto found = run_probes({"cuda", "nvml"}, machine.machine());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].report.probe, "cuda");
  EXPECT_EQ(found[0].devices.size(), 2U);
  EXPECT_GT(found[0].report.milliseconds, 0);
  EXPECT_EQ(found[1].report.probe, "nvml");
  EXPECT_EQ(found[1].sightings.size(), 2U);
}

TEST(Children, ThatHangAreGivenUpAndTheOthersCount) {
  const Faulty machine("cuDeviceGetCount", "hang");
  // The other one may take its time: it is looked at after the first answered.
  const auto found = run_probes({"cuda", "nvml"}, machine.machine(), milliseconds(3000));
  EXPECT_EQ(found[0].report.outcome, ProbeOutcome::timed_out);
  EXPECT_THAT(found[0].report.message, HasSubstr("No answer in 3000 ms in libcuda.so.1"));
  EXPECT_THAT(found[0].report.message, HasSubstr("BERTH_PROBE_TIMEOUT=15000"));
  EXPECT_THAT(found[0].report.library, HasSubstr("libcuda.so.1"));
  EXPECT_EQ(found[1].report.outcome, ProbeOutcome::found);
  EXPECT_FALSE(has_children());
}

TEST(Children, ThatHangTakeTheirOwnChildrenWithThem) {
  const Scripted machine("sleep 600 & echo $! > \"$2/pid\"\nwait\n");
  EXPECT_EQ(run_probe("cuda", machine.machine(), soon).report.outcome, ProbeOutcome::timed_out);
  std::ifstream file(machine.root() / "pid");
  std::string pid;
  ASSERT_TRUE(file >> pid);
  std::string state = "R";
  for (int patience = 0; patience < 2000 && state != "Z" && !state.empty(); ++patience) {
    std::ifstream status("/proc/" + pid + "/stat");
    std::string word;
    state = status >> word >> word >> word ? word : "";
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_TRUE(state == "Z" || state.empty()) << state;
}

TEST(Children, ThatAnswerAroundTheDeadlineDoNotCountAsCrashed) {
  const Scripted machine("sleep 0.01\n" + answer("at last"));
  for (int time = 1; time <= 40; ++time) {
    const auto outcome = run_probe("cuda", machine.machine(), milliseconds(time)).report.outcome;
    ASSERT_TRUE(outcome == ProbeOutcome::found || outcome == ProbeOutcome::timed_out) << time << to_string(outcome);
  }
}

TEST(Children, HaveTheTimeThatIsSaidOrWhatTheirDriverMayTakeToStart) {
  const Faulty machine;  // with two GPUs
  const auto time = [&](std::string_view probe, std::optional<milliseconds> said) {
    return discovery::time_for(driver_probe(probe), machine.machine(), said);
  };
  EXPECT_EQ(time("cuda", {}), milliseconds(8000));
  EXPECT_EQ(time("nvml", {}), milliseconds(8000));
  EXPECT_EQ(time("vulkan", {}), milliseconds(2000));
  EXPECT_EQ(time("cuda", milliseconds(500)), milliseconds(500));
  EXPECT_EQ(discovery::time_for(driver_probe("cuda"), RecordedMachine().machine(), {}), milliseconds(2000));
}

TEST(Children, ThatHaveLessTimeAreGivenUpWhileOthersGoOn) {
  Scripted machine("test \"$1\" = cuda || exec sleep 600\nsleep 2.2\n" + answer("slow"));
  std::filesystem::copy(std::filesystem::path(BERTH_TEST_DATA_DIR) / "machines/server_8gpu_nvlink/root/sys",
                        machine.root() / "sys",
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  const std::array probes{&driver_probe("vulkan"), &driver_probe("cuda")};
  const auto found = discovery::run_in_children(probes, machine.machine(), std::nullopt);
  EXPECT_EQ(found[0].report.outcome, ProbeOutcome::timed_out);
  EXPECT_THAT(found[0].report.message, HasSubstr("No answer in 2000 ms"));
  EXPECT_EQ(found[1].report.message, "slow");
}

TEST(Children, OfNvidiaThatAreTooSlowAreToldHowTheDriverStaysReady) {
  const auto report = run_probe("nvml", Scripted("exec sleep 600\n").machine(), soon).report;
  EXPECT_THAT(report.message, testing::AllOf(HasSubstr("nvidia-persistenced"), HasSubstr("nvidia-smi -pm 1")));
}

TEST(Children, HoldADiskThatHangs) {
  const Scripted machine("exec sleep 600\n");
  DiscoverOptions options{.probes = {{"disk"}}, .probe_timeout = soon};
  const auto hung = discovery::run_probes(options, machine.machine()).at(0).report;
  EXPECT_EQ(hung.outcome, ProbeOutcome::timed_out);
  EXPECT_THAT(hung.message, HasSubstr("A file system on the network waits for its server"));
  options.child_processes = false;
  EXPECT_EQ(discovery::run_probes(options, Machine{.root = "/"}).at(0).report.outcome, ProbeOutcome::found);
}

TEST(Children, ThatCrashAreReportedWithTheirSignalAndLibrary) {
  EXPECT_THAT(run_probe("cuda", Faulty("cuInit", "crash").machine()).report.message,
              HasSubstr("Crashed: SIGSEGV in libcuda.so.1"));
  const auto aborted = run_probe("nvml", Faulty("nvmlInit_v2", "abort").machine()).report;
  EXPECT_EQ(aborted.outcome, ProbeOutcome::crashed);
  EXPECT_THAT(aborted.message, HasSubstr("Crashed: SIGABRT in libnvidia-ml.so.1"));
}

TEST(Children, ThatEndThemselvesAreReportedToo) {
  const auto report = run_probe("cuda", Faulty("cuInit", "exit").machine()).report;
  EXPECT_EQ(report.outcome, ProbeOutcome::crashed);
  EXPECT_THAT(report.message, HasSubstr("Ended itself with exit status 0 in libcuda.so.1"));
}

TEST(Children, MayPrintWithoutHarm) {
  auto quiet = run_probe("cuda", Faulty().machine());
  auto loud = run_probe("cuda", Faulty("cuInit", "print").machine());
  EXPECT_EQ(loud.devices, quiet.devices);
  EXPECT_EQ(loud.report.outcome, ProbeOutcome::found);
}

TEST(Children, ThatAnswerGarbageAreReported) {
  for (const char* line : {"{", "{}", "{\\\"report\\\": 1}", "{nonsense"}) {
    const Scripted machine("echo \"" + std::string(line) + "\" >&3\n");
    const auto report = run_probe("cuda", machine.machine()).report;
    EXPECT_EQ(report.outcome, ProbeOutcome::failed) << line;
    EXPECT_THAT(report.message, HasSubstr("makes no sense")) << line;
    EXPECT_EQ(report.probe, "cuda");
  }
  for (const char* script :
       {"echo hello >&3\n", "printf '\\n\\n' >&3\n", "exit 7\n", "echo '{\"a\": 1}' | tr -d '\\n' >&3\n"})
    EXPECT_EQ(run_probe("cuda", Scripted(script).machine()).report.outcome, ProbeOutcome::crashed) << script;
}

TEST(Children, ThatNeverStopWritingAreStopped) {
  const auto report = run_probe("cuda", Scripted("exec cat /dev/zero >&3\n").machine()).report;
  EXPECT_EQ(report.outcome, ProbeOutcome::failed);
  EXPECT_THAT(report.message, HasSubstr("more than 16 MiB"));
}

TEST(Children, AreNotWaitedForOnceTheyAnswered) {
  // A process that the driver left behind holds the pipe open.
  const auto report = run_probe("cuda", Scripted("sleep 5 &\n" + answer("done") + "sleep 600\n").machine()).report;
  EXPECT_EQ(report.outcome, ProbeOutcome::found);
  EXPECT_EQ(report.message, "done");
}

TEST(Children, GetTheEnvironmentOfTheMachine) {
  Scripted machine(answer("$GREETING, $HOME"));
  machine.environment["GREETING"] = "hello there";
  EXPECT_EQ(run_probe("cuda", machine.machine()).report.message, "hello there, ");
}

TEST(Children, GetWorkersAndFolders) {
  const Scripted script(answer("$1 $4 $5"));
  auto machine = script.machine();
  machine.rpc_endpoints = {"host:1"};
  machine.folders = {"/a b"};
  EXPECT_EQ(run_probe("nvml", machine).report.message, "nvml rpc=host:1 folder=/a b");
}

TEST(Children, ThatCannotBeStartedAreReportedWithWhatToDo) {
  Faulty machine;
  machine.environment["BERTH_PROBE_HELPER"] = "/nowhere/berth-probe";
  const auto report = run_probe("cuda", machine.machine()).report;
  EXPECT_EQ(report.outcome, ProbeOutcome::failed);
  EXPECT_THAT(report.message, HasSubstr("BERTH_PROBE_HELPER=/nowhere/berth-probe is no program"));

  const Scripted no_program("");
  no_program.write("helper", "no program at all");
  EXPECT_EQ(run_probe("cuda", no_program.machine()).report.outcome, ProbeOutcome::failed);
}

TEST(Children, NeedNothingOfTheProgramsSignals) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const auto found = run_probe("cuda", Faulty().machine());
  const auto crashed = run_probe("cuda", Faulty("cuInit", "crash").machine());
  const auto hung = run_probe("cuda", Faulty("cuInit", "hang").machine(), soon);
  std::signal(SIGCHLD, before);
  EXPECT_EQ(found.devices.size(), 2U);
  EXPECT_EQ(crashed.report.outcome, ProbeOutcome::crashed);
  EXPECT_THAT(crashed.report.message, HasSubstr("Ended without an answer in libcuda.so.1"));
  EXPECT_EQ(hung.report.outcome, ProbeOutcome::timed_out);
}

TEST(Children, MayBeReapedByAHandlerOfTheProgram) {
  struct sigaction before {};
  struct sigaction greedy {};
  greedy.sa_handler = [](int) {
    const int error = errno;
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    errno = error;
  };
  sigaction(SIGCHLD, &greedy, &before);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run_probe("cuda", Faulty().machine()).report.outcome, ProbeOutcome::found);
  sigaction(SIGCHLD, &before, nullptr);
}

TEST(Children, OfSeveralThreadsDoNotMeet) {
  const Faulty good;
  const Faulty bad("cuInit", "crash");
  const std::array machines{good.machine(), bad.machine()};  // before the first child reads what this writes
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&machine = machines[i % 2], fine = i % 2 == 0] {
      for (int round = 0; round < 10; ++round) {
        const auto report = run_probes({"cuda", "nvml"}, machine)[0].report;
        EXPECT_EQ(report.outcome, fine ? ProbeOutcome::found : ProbeOutcome::crashed) << report.message;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(has_children());
}

TEST(Children, LeaveNoFileAndNoZombie) {
  const auto machine = Faulty("nvmlInit_v2", "crash");
  const auto faulty = machine.machine();
  run_probes({"cuda", "nvml"}, faulty);
  const auto before = open_files();
  for (int i = 0; i < many; ++i)
    ASSERT_EQ(run_probes({"cuda", "nvml"}, faulty)[1].report.outcome, ProbeOutcome::crashed);
  EXPECT_EQ(open_files(), before);
  EXPECT_FALSE(has_children());
}

TEST(Children, OfNoProbesAreNone) { EXPECT_TRUE(discovery::run_in_children({}, {}, soon).empty()); }

}  // namespace
}  // namespace berth::test
