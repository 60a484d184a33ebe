/// `berth worker`, and answers that outlive it.
#include <gmock/gmock.h>

#include <csignal>

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

TEST(WorkerCommand, ThatIsKilledEndsNoAnswer) {
  BERTH_NEEDS_MODEL();
  const auto endpoint = free_endpoint();
  Process worker({"worker", "--listen", endpoint});
  ASSERT_TRUE(worker.wait_for("can be used"));
  Process run({"run", model_path().string(), "--raw", "-p", "1 2 3 4 5 6 7 8 9 10", "--max-new-tokens", "60",
               "--device", "rpc:0", "--isolation", "automatic"},
              {.environment = {{"BERTH_RPC", endpoint}, {"BERTH_PROBES", "cpu,rpc"}}});
  ASSERT_TRUE(run.wait_for("11"));
  worker.send(SIGINT);
  const auto outcome = run.wait();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("rpc:0 (" + endpoint + ") was lost"), HasSubstr("going on on cpu")));
  EXPECT_THAT(outcome.out, HasSubstr("11 12 13 14 15 16")) << "nothing is missing and nothing is there twice";
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
