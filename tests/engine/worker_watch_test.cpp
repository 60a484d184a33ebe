/// Who looks after the workers of a model tells one that is frozen from one that computes.
#include "engine/host/worker_watch.h"

#include <gmock/gmock.h>
#include <signal.h>

#include "real_worker.h"
#include "several_clients.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth {
namespace {

using host::WorkerWatch;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using watch_clock = std::chrono::steady_clock;

/// What look() says within that time, asked again and again.
std::string seen_within(WorkerWatch& watch, std::chrono::milliseconds time) {
  const auto end = watch_clock::now() + time;
  std::string problem;
  while (problem.empty() && watch_clock::now() < end) {
    problem = watch.look();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return problem;
}

TEST(WorkerWatch, FindsAFrozenWorkerWithinFiveSeconds) {
  test::SeveralClients frozen(BERTH_TEST_RPC_WORKER);
  test::SeveralClients well(BERTH_TEST_RPC_WORKER);
  WorkerWatch watch;
  const std::set<std::string> both = {frozen.endpoint(), well.endpoint()};
  for (int tries = 0; tries < 10 && watch.expect(both) != both;
       ++tries) {  // a busy machine may keep one from greeting in time
  }
  EXPECT_EQ(seen_within(watch, std::chrono::seconds(3)),
            "");  // each has answered a greeting then, also on a busy machine
  frozen.freeze();
  const auto start = watch_clock::now();
  EXPECT_THAT(seen_within(watch, std::chrono::seconds(20)), HasSubstr("the worker " + frozen.endpoint() + " greets"));
  EXPECT_LT(watch_clock::now() - start, std::chrono::seconds(9)) << "one greeting may have been under way";
  const auto asked = watch_clock::now();
  EXPECT_THAT(watch.silent({frozen.endpoint(), well.endpoint()}), ElementsAre(frozen.endpoint()));
  EXPECT_LT(watch_clock::now() - asked, std::chrono::seconds(3)) << "what is known is not asked again";
}

TEST(WorkerWatch, NeverCallsAWorkerLostThatServesOneClientOnly) {
  const test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  WorkerWatch watch;
  watch.expect({worker.endpoint()});
  const discovery::RpcWorker in_use(worker.endpoint(), std::chrono::seconds(60));
  EXPECT_EQ(seen_within(watch, std::chrono::milliseconds(500)), "");
}

TEST(WorkerWatch, FindsAStoppedProcessOnThisMachineThatServesOneClientOnly) {
  test::RealWorker stopped(BERTH_TEST_RPC_WORKER);
  const auto endpoint = stopped.endpoint();
  WorkerWatch watch;
  EXPECT_THAT(watch.expect({endpoint}), IsEmpty());
  const discovery::RpcWorker in_use(endpoint, std::chrono::seconds(60));
  stopped.freeze();
  const auto start = watch_clock::now();
  EXPECT_EQ(seen_within(watch, std::chrono::seconds(20)), "the worker " + endpoint + " is stopped");
  EXPECT_GT(watch_clock::now() - start, std::chrono::seconds(3)) << "one that goes on at once is not lost";
  EXPECT_LT(watch_clock::now() - start, std::chrono::seconds(9));
  EXPECT_THAT(watch.silent({endpoint}), ElementsAre(endpoint));
}

TEST(WorkerWatch, TellsWhoIsGoneAfterALoss) {
  test::RealWorker gone(BERTH_TEST_RPC_WORKER);
  const test::RealWorker there(BERTH_TEST_RPC_WORKER);
  const auto endpoint = gone.endpoint();
  WorkerWatch watch;
  EXPECT_THAT(watch.silent({endpoint, there.endpoint()}), IsEmpty());
  gone.end();
  EXPECT_THAT(watch.silent({endpoint, there.endpoint()}), ElementsAre(endpoint));
}

}  // namespace
}  // namespace berth
#endif
