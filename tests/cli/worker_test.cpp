/// `berth worker`, and answers that outlive it.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "berth/engine.h"
#include "cli/process.h"
#include "real_worker.h"
#include "test_model.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(WorkerCommand, OffersTheCpuUntilCtrlC) {
  const auto endpoint = free_endpoint();
  Process worker({"worker", "--listen", endpoint, "--threads", "1"});
  ASSERT_TRUE(worker.wait_for("cpu can be used at " + endpoint));
  const ProcessOptions options{.environment = {{"BERTH_RPC", endpoint}, {"BERTH_PROBES", "cpu,rpc"}}};
  EXPECT_THAT(berth_command({"devices"}, options).out, HasSubstr("rpc:0"));
  EXPECT_THAT(berth_command({"worker", "--listen", endpoint}).err, HasSubstr("listens at " + endpoint + " already"));
  worker.send(SIGINT);
  EXPECT_EQ(worker.wait().exit_code, 130);
}

TEST(WorkerCommand, ListensForThisMachineAlone) {
  for (const std::string address : {"0.0.0.0:50052", "192.168.1.5:50052", "worker:50052", "[::]:50052"}) {
    const auto outcome = berth_command({"worker", "--listen", address});
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(address), HasSubstr("127.0.0.1"))) << address;
  }
  EXPECT_EQ(berth_command({"worker", "--listen", "nonsense"}).exit_code, 2);
}

TEST(WorkerCommand, IsReachedByIpv6) {
  BERTH_NEEDS_MODEL();
  const auto port = free_endpoint().substr(std::string("127.0.0.1").size());
  const auto endpoint = "[::1]" + port;
  Process worker({"worker", "--listen", endpoint, "--threads", "1"});
  if (!worker.wait_for("cpu can be used at " + endpoint)) GTEST_SKIP() << "no IPv6: " << worker.wait().err;
  const TemporaryFolder folder;
  const ProcessOptions options{
      .environment = {{"BERTH_WORKERS", (folder.path() / "workers.yaml").string()}, {"BERTH_PROBES", "cpu,rpc"}}};
  EXPECT_EQ(berth_command({"workers", "add", "den", endpoint}, options).exit_code, 0);
  EXPECT_THAT(berth_command({"workers", "check"}, options).out, HasSubstr("den (" + endpoint + "): ok"));
  const auto run = berth_command({"run", model_path().string(), "--raw", "-p", "1 2 3 4 5 6 7 8 9 10", "--threads", "1",
                                  "--max-new-tokens", "8", "--device", "rpc:0", "-v"},
                                 options);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("11 12"));
  EXPECT_THAT(run.err, HasSubstr("rpc:0"));
  EXPECT_THAT(run.err, testing::Not(HasSubstr("was lost")));
}

TEST(WorkerCommand, SaysWhichOptionsAreOfNoUse) {
  for (const std::string threads : {"99999", "-1"})
    EXPECT_EQ(berth_command({"worker", "--threads", threads}).exit_code, 2) << threads;
  EXPECT_EQ(berth_command({"worker", "--idle", "0"}).exit_code, 2);
  EXPECT_EQ(berth_command({"worker", "--cache-size", "8GiB"}).exit_code, 2) << "of which folder?";
  for (const std::string wrong : {"much", "0", "-1GiB"})
    EXPECT_THAT(berth_command({"worker", "--cache", "/tmp", "--cache-size", wrong}).err,
                HasSubstr("--cache-size takes a size such as 8GiB"));
  EXPECT_THAT(berth_command({"worker", "--device", "cpu", "--device", "cpu"}).err, HasSubstr("is there twice"));
  EXPECT_THAT(berth_command({"worker", "--listen", free_endpoint(), "--cache", "/proc/nowhere"}).err,
              HasSubstr("/proc/nowhere cannot be the folder for weights"));
}

TEST(WorkerCommand, ThatCannotBeReachedIsNamedWithTheReason) {
  const auto endpoint = free_endpoint();
  const ProcessOptions options{.environment = {{"BERTH_RPC", endpoint}, {"BERTH_PROBES", "cpu,rpc"}}};
  EXPECT_THAT(berth_command({"resolve", "rpc:0"}, options).err,
              AllOf(HasSubstr("no device 'rpc:0'"), HasSubstr(endpoint), HasSubstr("cannot be reached")));
}

TEST(WorkerCommand, ThatIsKilledEndsNoAnswer) {
  BERTH_NEEDS_MODEL();
  const auto endpoint = free_endpoint();
  Process worker({"worker", "--listen", endpoint, "--threads", "1"});
  ASSERT_TRUE(worker.wait_for("can be used"));
  Process run({"run", model_path().string(), "--raw", "-p", "1 2 3 4 5 6 7 8 9 10", "--max-new-tokens", "60",
               "--device", "rpc:0", "--isolation", "automatic", "--threads", "1"},
              {.environment = {{"BERTH_RPC", endpoint}, {"BERTH_PROBES", "cpu,rpc"}}});
  ASSERT_TRUE(run.wait_for("11"));
  worker.send(SIGINT);
  const auto outcome = run.wait();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("rpc:0 (" + endpoint + ") was lost"), HasSubstr("going on on cpu")));
  EXPECT_THAT(outcome.out, HasSubstr("11 12 13 14 15 16")) << "nothing is missing and nothing is there twice";
}

/// Sends `signal` to a process and to those that it started.
void send_to_all(pid_t process, int signal) {
  kill(process, signal);
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t child = 0; children >> child;) kill(child, signal);
  }
}

TEST(WorkerCommand, ThatIsFrozenEndsNoAnswer) {
  BERTH_NEEDS_MODEL();
  const auto endpoint = free_endpoint();
  Process worker({"worker", "--listen", endpoint, "--threads", "1"});
  ASSERT_TRUE(worker.wait_for("can be used"));
  Process run({"run", model_path().string(), "--raw", "-p", "1 2 3 4 5 6 7 8 9 10", "--max-new-tokens", "30",
               "--device", "rpc:0", "--isolation", "automatic", "--threads", "1"},
              {.environment = {{"BERTH_RPC", endpoint}, {"BERTH_PROBES", "cpu,rpc"}}});
  ASSERT_TRUE(run.wait_for("11"));
  send_to_all(worker.pid(), SIGSTOP);
  const auto frozen = std::chrono::steady_clock::now();
  const bool noticed = run.wait_for("was lost");
  const std::chrono::duration<double> after = std::chrono::steady_clock::now() - frozen;
  const auto outcome = run.wait();
  send_to_all(worker.pid(), SIGKILL);
  EXPECT_TRUE(noticed);
  std::cout << "noticed after " << after.count() << " s\n";
  EXPECT_LT(after.count(), 15) << "5 s where the machine is idle";
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(endpoint + " greets nobody any more"), HasSubstr("going on on cpu")));
  EXPECT_THAT(outcome.out, HasSubstr("11 12 13 14 15 16"));
}

TEST(WorkerCommand, OffersNoMoreMemoryThanItWasGiven) {
  const auto endpoint = free_endpoint();
  Process worker({"worker", "--listen", endpoint, "--threads", "1", "--memory", "96MiB"});
  ASSERT_TRUE(worker.wait_for("cpu can be used at " + endpoint));
  const ProcessOptions options{.environment = {{"BERTH_RPC", endpoint}, {"BERTH_PROBES", "cpu,rpc"}}};
  EXPECT_THAT(berth_command({"devices"}, options).out, HasSubstr("96.0 MiB  96.0 MiB"));
  if (std::filesystem::exists(model_path())) {
    const auto run = berth_command({"run", model_path().string(), "-p", "Hi!", "--device", "rpc:0"}, options);
    EXPECT_THAT(run.err, AllOf(HasSubstr("rpc:0"), HasSubstr("allocate")));
    EXPECT_NE(run.exit_code, 0);
    EXPECT_TRUE(worker.wait_for("that this worker may give are free"));
  }
  for (const std::string wrong : {"much", "0", "-1GiB", "99999999999GiB"})
    EXPECT_EQ(berth_command({"worker", "--memory", wrong}).exit_code, 2) << wrong;
}

TEST(IsolatedRun, KeepsItsEngineApartWhereItIsToldTo) {
  BERTH_NEEDS_MODEL();
  const auto here = berth_command({"run", model_path().string(), "-p", "Hi!", "--max-new-tokens", "4"});
  const auto apart = berth_command(
      {"run", model_path().string(), "-p", "Hi!", "--max-new-tokens", "4", "--isolation", "process", "-v"});
  EXPECT_EQ(apart.out, here.out);
  EXPECT_THAT(apart.err, HasSubstr("a process of its own"));
  EXPECT_EQ(berth_command({"run", "smollm2", "-p", "Hi!", "--isolation", "maybe"}).exit_code, 2);
}

}  // namespace
}  // namespace berth::test
#endif
