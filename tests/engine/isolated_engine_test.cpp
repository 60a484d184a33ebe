/// What is asked of an engine about models on workers: a worker that goes away then costs an error, and not this process.
#include "engine/host/isolated_engine.h"

#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <thread>

#include "berth/encoder.h"
#include "berth/error.h"
#include "engine/cut_answer.h"
#include "refusal.h"
#include "several_clients.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using memory_clock = std::chrono::steady_clock;
using Next = SeveralClients::Next;

/// Of the model with all layers on the worker at `endpoint`.
MemoryUse memory_at(const std::string& endpoint) {
  const auto rpc = Device::rpc(0);
  OrderedMap<DeviceKey> keys;
  keys.set("rpc:0", {.endpoint = endpoint});
  return engine("llama.cpp").memory(model_path(), {.layers = {{0, 30, rpc}}, .output = rpc}, {.n_ctx = 512}, keys);
}

std::vector<DeviceUse> encoder_memory_at(const std::string& endpoint) {
  EncoderRequest request{.model = BERTH_TEST_DATA_DIR "/encoders/st_dense", .device = Device::rpc(0)};
  request.keys.set("rpc:0", {.endpoint = endpoint});
  return memory_of(request);
}

class MemoryOnWorkers : public testing::Test {
  void SetUp() override { BERTH_NEEDS_MODEL(); }
};

TEST_F(MemoryOnWorkers, IsWhatALoadTakesThere) {
  const RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto use = memory_at(worker.endpoint()).by_device();
  const auto model = engine("llama.cpp").load(request_at(worker.endpoint()));
  (void)model->new_session(of_one_thread)->generate(backwards_from_five(*model));
  for (const auto& held : model->memory()) {
    const auto found = std::ranges::find(use, held.device, &DeviceUse::device);
    ASSERT_NE(found, use.end()) << held.device;
    EXPECT_EQ(found->weights, held.weights) << held.device;
  }
}

/// What is said where a worker comes to that end once it was greeted, within the time that a frozen one may take.
std::string said_of(Next next, const std::function<void(const std::string&)>& ask) {
  SeveralClients worker(BERTH_TEST_RPC_WORKER);
  worker.set_next(next);
  const auto start = memory_clock::now();
  auto said = refusal<EngineError>([&] { ask(worker.endpoint()); });
  EXPECT_LT(memory_clock::now() - start, std::chrono::seconds(25)) << "and not for patience_s";
  return said;
}

TEST_F(MemoryOnWorkers, FailsWhereAWorkerIsKilledOrFrozenMeanwhile) {
  for (const auto& ask : std::initializer_list<std::function<void(const std::string&)>>{memory_at, encoder_memory_at}) {
    EXPECT_THAT(said_of(Next::closed, ask), HasSubstr("the process of the engine was ended by SIG"));
    EXPECT_THAT(said_of(Next::frozen, ask), HasSubstr("greets nobody any more"));
  }
}

TEST_F(MemoryOnWorkers, FailsWhereAWorkerIsGoneOrFrozenBefore) {
  RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto endpoint = worker.endpoint();
  worker.freeze();
  const auto start = memory_clock::now();
  // Its greeting takes too long, or the watch sees before that that the process is stopped.
  EXPECT_THAT(refusal<EngineError>([&] { memory_at(endpoint); }),
              AnyOf(HasSubstr("does not answer in time"), HasSubstr("is stopped")));
  EXPECT_LT(memory_clock::now() - start, std::chrono::seconds(15));
  worker.end();
  EXPECT_THAT(refusal<EngineError>([&] { memory_at(endpoint); }), HasSubstr("cannot be reached"));
}

TEST_F(MemoryOnWorkers, OutlivesAWorkerThatIsKilledAtAnyMoment) {
  std::mt19937 random(static_cast<unsigned>(number_of("BERTH_TEST_SEED", 7)));
  for (int round = 0; round < number_of("BERTH_TEST_ROUNDS", 3); ++round) {
    RealWorker worker(BERTH_TEST_RPC_WORKER);
    const auto endpoint = worker.endpoint();
    const std::chrono::milliseconds moment(300 + random() % 500);  // the first 250 ms are those of greetings
    std::jthread striker([&] {
      std::this_thread::sleep_for(moment);
      worker.end();
    });
    const auto files = files_open();
    EXPECT_THAT(refusal<EngineError>([&] { memory_at(endpoint); }),
                AnyOf("was accepted", HasSubstr("the process of the engine"), HasSubstr("The RPC worker")))
        << moment.count() << " ms";
    EXPECT_EQ(files_open(), files);
  }
}

/// Between the greeting of this process and ggml's own connection, somebody else may take the port.
TEST_F(MemoryOnWorkers, TellsAStrangerNothing) {
  if (getuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  EXPECT_THAT(said_of(Next::of_another_user, memory_at),
              AllOf(HasSubstr("the process of the engine was ended by SIGABRT"), HasSubstr("belongs to another user"),
                    HasSubstr("who would see prompts and weights")));
}

}  // namespace
}  // namespace berth::test
#endif
