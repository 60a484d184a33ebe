/// A model on a worker on another host: two network namespaces, a cable between them, and what may happen to it.
#include <gmock/gmock.h>

#include <chrono>
#include <memory>

#include "cli/process.h"
#include "test_model.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

bool does(std::vector<std::string> words) {
  const auto program = words.front();
  words.erase(words.begin());
  return Process(std::move(words), {.program = program}).wait().exit_code == 0;
}

class TwoHosts : public testing::Test {
 protected:
  const std::string here_ = "berth" + std::to_string(getpid()) + "a";
  const std::string there_ = "berth" + std::to_string(getpid()) + "b";
  const std::string endpoint_ = "10.98.0.2:50052";

  void SetUp() override {
    BERTH_NEEDS_MODEL();
    if (!does({"ip", "netns", "add", here_}) || !does({"ip", "netns", "add", there_}) ||
        !does(
            {"ip", "link", "add", "cable0", "netns", here_, "type", "veth", "peer", "name", "cable1", "netns", there_}))
      GTEST_SKIP() << "a network namespace of one's own is not permitted here";
    for (const auto& [host, link, address] :
         {std::tuple(here_, "cable0", "10.98.0.1/24"), {there_, "cable1", "10.98.0.2/24"}})
      if (!does({"ip", "-n", host, "addr", "add", address, "dev", link}) ||
          !does({"ip", "-n", host, "link", "set", link, "up"}) || !does({"ip", "-n", host, "link", "set", "lo", "up"}))
        GTEST_SKIP() << "a network namespace of one's own cannot be set up here";
  }
  void TearDown() override {
    for (const auto& host : {here_, there_}) does({"ip", "netns", "del", host});
  }

  /// `program` on one of the hosts.
  static std::unique_ptr<Process> on(const std::string& host, std::vector<std::string> words,
                                     ProcessOptions options = {}) {
    words.insert(words.begin(), {"netns", "exec", host});
    options.program = "ip";
    return std::make_unique<Process>(std::move(words), std::move(options));
  }

  std::unique_ptr<Process> counting_on_the_worker() const {
    return on(
        here_,
        {BERTH_BINARY, "run", model_path().string(), "--raw", "-p", "1 2 3 4 5 6 7 8 9 10", "--max-new-tokens", "60",
         "--device", "rpc:0", "--threads", "1"},
        {.environment = {{"BERTH_RPC", endpoint_}, {"BERTH_PROBES", "cpu,rpc"}}, .timeout = std::chrono::seconds(150)});
  }

  /// Once it answers.
  std::unique_ptr<Process> worker_there() const {
    auto worker = on(there_, {BERTH_TEST_RPC_WORKER, endpoint_});
    for (int tries = 0; tries < 100; ++tries) {
      const auto seen = on(here_, {BERTH_BINARY, "devices", "--rpc", endpoint_, "--probes", "cpu,rpc"})->wait();
      if (seen.out.find("rpc:0") != std::string::npos) return worker;
    }
    ADD_FAILURE() << "no worker";
    return worker;
  }
};

TEST_F(TwoHosts, ACutCableIsNoticedWithinSeconds) {
  const auto worker = worker_there();
  const auto run = counting_on_the_worker();
  ASSERT_TRUE(run->wait_for("11"));
  ASSERT_TRUE(does({"ip", "-n", there_, "link", "set", "cable1", "down"}));
  const auto cut = std::chrono::steady_clock::now();
  const auto outcome = run->wait();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("rpc:0 (" + endpoint_ + ") was lost"), HasSubstr("acknowledged nothing"),
                                 HasSubstr("going on on cpu")));
  EXPECT_THAT(outcome.out, HasSubstr("11 12 13 14 15 16")) << "nothing is missing and nothing is there twice";
  EXPECT_LT(std::chrono::steady_clock::now() - cut, std::chrono::seconds(110)) << "not patience_s, which is 120 s";
}

TEST_F(TwoHosts, AFrozenWorkerOfGgmlIsNoticedByTheTimeThatItsTokensTookBefore) {
  const auto worker = worker_there();
  const auto run = counting_on_the_worker();
  ASSERT_TRUE(run->wait_for("11"));
  worker->send(SIGSTOP);
  const auto frozen = std::chrono::steady_clock::now();
  const auto outcome = run->wait();
  worker->send(SIGCONT);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("rpc:0 (" + endpoint_ + ") was lost"),
                                 HasSubstr("nothing came from the workers"), HasSubstr("going on on cpu")));
  EXPECT_THAT(outcome.out, HasSubstr("11 12 13 14 15 16")) << "nothing is missing and nothing is there twice";
  EXPECT_LT(std::chrono::steady_clock::now() - frozen, std::chrono::seconds(110)) << "not patience_s, which is 120 s";
}

TEST_F(TwoHosts, ASlowAndLossyCableLosesNoToken) {
  for (const auto& [host, link] : {std::pair(here_, "cable0"), {there_, "cable1"}})
    if (!does({"ip", "netns", "exec", host, "tc", "qdisc", "add", "dev", link, "root", "netem", "delay", "5ms", "loss",
               "1%", "rate", "400mbit"}))
      GTEST_SKIP() << "this kernel has no netem";
  const auto worker = worker_there();
  const auto outcome = counting_on_the_worker()->wait();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "") << "slow is not lost";
  EXPECT_THAT(outcome.out, HasSubstr("11 12 13 14 15 16"));
}

}  // namespace
}  // namespace berth::test
#endif
