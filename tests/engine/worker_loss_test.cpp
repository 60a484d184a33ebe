/// Workers and processes of engines that are killed and frozen at random moments: no token is lost, and nothing leaks.
/// BERTH_TEST_ROUNDS says how often (5), BERTH_TEST_SEED where the dice begin.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/inventory.h"
#include "berth/load_planned.h"
#include "berth/model.h"
#include "engine/cut_answer.h"
#include "real_worker.h"
#include "several_clients.h"
#include "test_model.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth {
namespace {

using testing::HasSubstr;
using loss_clock = std::chrono::steady_clock;

class WorkerLoss : public testing::Test {
  void SetUp() override {
    BERTH_NEEDS_MODEL();
    setenv("BERTH_PROBES", "cpu,rpc", 1);
  }
  void TearDown() override { unsetenv("BERTH_PROBES"); }
};

TEST_F(WorkerLoss, OfAFrozenWorkerIsNoticedWithinSeconds) {
  test::SeveralClients worker(BERTH_TEST_RPC_WORKER);
  const auto model = engine("llama.cpp").load(request_at(worker.endpoint()));
  std::string streamed;
  std::optional<loss_clock::time_point> frozen_at;
  loss_clock::duration pause{};
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk& chunk) {
    streamed += chunk.content;
    if (frozen_at && pause == loss_clock::duration()) pause = loss_clock::now() - *frozen_at;
    if (frozen_at) return;
    worker.freeze();
    frozen_at = loss_clock::now();
  };
  const auto result = model->new_session(of_one_thread)->generate(backwards_from_five(*model), call);
  EXPECT_EQ(result.completions, expected_completions());
  EXPECT_EQ(streamed, result.completions[0].text);
  ASSERT_EQ(result.recoveries.size(), 1U);
  EXPECT_THAT(result.recoveries[0], HasSubstr("greets nobody any more"));
  EXPECT_EQ(model->info().where(), "cpu");
  EXPECT_LT(pause, std::chrono::seconds(20)) << "not patience_s";
  std::cout << "going on after " << std::chrono::duration<double>(pause).count() << " s\n";
}

TEST_F(WorkerLoss, LeavesInPlaceWhatTheModelWasPlannedBy) {
  test::RealWorker first(BERTH_TEST_RPC_WORKER);
  const test::RealWorker second(BERTH_TEST_RPC_WORKER);
  DiscoverOptions options{.probes = {{"cpu", "rpc"}}};
  const auto second_endpoint = second.endpoint();  // which asks it
  options.rpc_endpoints = {first.endpoint(), second_endpoint};
  const PlanRequest request{.context = {.n_ctx = 512},
                            .pins = {{"blk\\.1[0-9]\\.", Device::rpc(0)}, {"blk\\.2[0-9]\\.", Device::rpc(1)}}};
  const auto model =
      load_planned(engine("llama.cpp"), read_model(test::model_path()), discover(options), request).model;
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk&) { first.end(); };
  const auto result = model->new_session(of_one_thread)->generate(backwards_from_five(*model), call);
  EXPECT_EQ(result.completions, expected_completions());
  EXPECT_EQ(model->context().n_ctx, 512);
  ASSERT_NE(model->info().keys.find("rpc:0"), nullptr) << "what was rpc:1 is the first worker now";
  EXPECT_EQ(model->info().keys.find("rpc:0")->endpoint, second_endpoint);
  for (const auto& tensor : model->tensors()) {
    const bool of_second = tensor.name.starts_with("blk.2") && tensor.name.size() > 6 && tensor.name[6] == '.';
    EXPECT_TRUE(!of_second || tensor.device == Device::rpc(0)) << tensor.name;
  }
}

/// What is struck, and when.
struct Blow {
  enum Victim { worker_killed, host_killed, host_frozen } victim;
  bool during_load;
  float part;  // of the load
  std::chrono::milliseconds moment;

  explicit Blow(std::mt19937& random)
      : victim(static_cast<Victim>(random() % 3)),
        during_load(random() % 4 == 0),
        part(static_cast<float>(random() % 100) / 100),
        moment(random() % 700) {}
};

/// A load and a generation that `blow` hits.
void outlive(const Blow& blow) {
  test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  auto request = request_at(worker.endpoint());
  request.patience_s = 5;
  LoadContext context;
  bool struck = !blow.during_load;
  context.progress = [&](float part) {
    if (part >= blow.part && !std::exchange(struck, true)) worker.end();
    return true;
  };
  const auto model = engine("llama.cpp").load(request, context);
  const auto session = model->new_session(of_one_thread);
  std::jthread striker([&, pid = *model->info().host_pid] {
    std::this_thread::sleep_for(blow.moment);
    if (blow.victim == Blow::worker_killed)
      worker.end();
    else
      kill(pid, blow.victim == Blow::host_killed ? SIGKILL : SIGSTOP);
  });
  std::string streamed;
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk& chunk) { streamed += chunk.content; };
  const auto question = backwards_from_five(*model);
  const auto result = session->generate(question, call);
  ASSERT_EQ(result.completions, expected_completions());
  EXPECT_EQ(streamed, result.completions[0].text);
  striker.join();
  EXPECT_EQ(session->generate(question).completions, expected_completions()) << "and once it is over";
}

TEST_F(WorkerLoss, AtAnyMomentLosesNoTokenAndLeaksNothing) {
  const auto seed =
      static_cast<unsigned>(number_of("BERTH_TEST_SEED", static_cast<int>(std::random_device{}() % 100'000)));
  const int rounds = number_of("BERTH_TEST_ROUNDS", 5);
  std::cout << "BERTH_TEST_SEED=" << seed << '\n';
  std::mt19937 random(seed);
  expected_completions();
  const auto files = files_open();
  const auto children = children_of_this();
  for (int round = 0; round < rounds; ++round) {
    const Blow blow(random);
    SCOPED_TRACE(testing::Message() << "round " << round << " of seed " << seed << ", victim " << blow.victim
                                    << " after " << blow.moment.count() << " ms"
                                    << (blow.during_load ? ", and the load" : ""));
    outlive(blow);
    EXPECT_EQ(files_open(), files);
    EXPECT_EQ(children_of_this(), children);
  }
}

/// In kB.
long resident_memory() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;)
    if (long kb = 0; word == "VmRSS:" && file >> kb) return kb;
  return 0;
}

TEST_F(WorkerLoss, ManyLoadsTakeNoMemoryThatStays) {
  const int loads = number_of("BERTH_TEST_ROUNDS", 5);
  LoadRequest request{.model = test::model_path()};
  request.isolation = Isolation::process;
  const auto load = [&] {
    EXPECT_GT(engine("llama.cpp")
                  .load(request)
                  ->new_session()
                  ->generate({.prompts = {"One"}, .options = {.max_new_tokens = 1}})
                  .completions.size(),
              0U);
  };
  for (int i = 0; i < 3; ++i) load();
  const auto before = resident_memory();
  for (int i = 0; i < loads; ++i) load();
  EXPECT_LT(resident_memory() - before, 8 * 1024) << loads << " loads";
}

}  // namespace
}  // namespace berth
#endif
