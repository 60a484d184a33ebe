/// Generations that go on when a worker is lost: real workers on loopback, killed at every point of the way.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/resolve.h"
#include "real_worker.h"
#include "test_model.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Two threads wait for each other on a busy machine.
const SessionOptions unhurried{.n_threads = 1};

Device rpc_device(int number) { return Device(DeviceType::rpc, number); }

/// Workers, and what a model is loaded with to lie on them in equal parts.
class Workers {
 public:
  explicit Workers(int count) {
    for (int i = 0; i < count; ++i) workers_.push_back(std::make_unique<test::RealWorker>(BERTH_TEST_RPC_WORKER));
  }

  LoadRequest request() const {
    LoadRequest request{.model = test::model_path(), .device = rpc_device(0), .context = ContextSpec{.n_ctx = 512}};
    if (workers_.size() == 2)
      request.placement =
          Placement{.layers = {{0, 15, rpc_device(0)}, {15, 15, rpc_device(1)}}, .output = rpc_device(1)};
    for (std::size_t i = 0; i < workers_.size(); ++i)
      request.keys.set(rpc_device(static_cast<int>(i)).str(), {.endpoint = workers_[i]->endpoint()});
    return request;
  }

  test::RealWorker& operator[](std::size_t i) { return *workers_[i]; }

 private:
  std::vector<std::unique_ptr<test::RealWorker>> workers_;
};

/// Far from any close call between two tokens, so that the rounding of another device does not change it.
GenerationRequest count_back(const LoadedModel& model, bool sampled = false) {
  GenerationRequest request{.prompts = {model.apply_chat_template({{"user", "Count from one to five."},
                                                                   {"assistant", "One, two, three, four, five."},
                                                                   {"user", "Now count backwards."}})},
                            .options = {.max_new_tokens = 16}};
  if (sampled) {
    request.options.do_sample = true;
    request.options.temperature = 0.3;
    request.options.seed = 5;
  }
  return request;
}

std::vector<Completion> undisturbed(const GenerationRequest& request) {
  static const auto model = engine("llama.cpp").load({.model = test::model_path()});
  return model->new_session(unhurried)->generate(request).completions;
}

/// What a generation told, and what it did at its n-th chunk.
struct Listener {
  std::string streamed = {};
  std::size_t chunks = 0;

  GenerationContext context(std::function<void(std::size_t)> at_chunk) {
    GenerationContext call;
    call.on_chunk = [this, at_chunk = std::move(at_chunk)](const StreamingChunk& chunk) {
      streamed += chunk.content;
      at_chunk(++chunks);
    };
    return call;
  }
};

int wanted_rounds() {
  const char* more = std::getenv("BERTH_TEST_ROUNDS");
  return more == nullptr ? 2 : std::atoi(more);
}

class Recovery : public testing::Test {
  void SetUp() override {
    BERTH_NEEDS_MODEL();
    setenv("BERTH_PROBES", "cpu,rpc", 1);  // a look at this machine takes a moment only
  }
  void TearDown() override { unsetenv("BERTH_PROBES"); }
};

TEST_F(Recovery, GoesOnWhereItWasWhenItsWorkerIsKilled) {
  std::mt19937 random(7);
  for (int round = 0; round < wanted_rounds(); ++round) {
    Workers workers(1);
    const auto model = engine("llama.cpp").load(workers.request());
    ASSERT_EQ(model->info().where(), "rpc:0");
    ASSERT_TRUE(model->info().host_pid) << "models on workers are never in this process";
    const auto request = count_back(*model, round % 2 == 1);
    const auto expected = undisturbed(request);
    const auto fatal = 1 + random() % 8;
    Listener listener;
    const auto result = model->new_session(unhurried)->generate(request, listener.context([&](std::size_t chunk) {
      if (chunk == fatal) workers[0].end();
    }));
    EXPECT_EQ(result.completions, expected) << "killed at chunk " << fatal;
    EXPECT_EQ(listener.streamed, expected[0].text);
    ASSERT_EQ(result.recoveries.size(), 1U);
    EXPECT_THAT(result.recoveries[0], AllOf(HasSubstr("rpc:0 (127.0.0.1:"), HasSubstr("going on on cpu")));
    EXPECT_EQ(model->info().where(), "cpu");
    EXPECT_EQ(model->new_session(unhurried)->generate(request).completions, expected) << "and later";
  }
}

TEST_F(Recovery, ABeamSearchBeginsAnewWhenItsWorkerIsKilled) {
  Workers workers(1);
  auto load = workers.request();
  load.context->n_seq = 3;
  load.context->unified = true;
  const auto model = engine("llama.cpp").load(load);
  auto request = count_back(*model);
  request.options.num_beams = 3;
  const auto expected = undisturbed(request);
  const auto session = model->new_session(unhurried);
  std::jthread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    workers[0].end();
  });
  const auto result = session->generate(request);
  EXPECT_THAT(result.recoveries, testing::SizeIs(1)) << "it was over before its worker was killed";
  EXPECT_EQ(result.completions, expected);
}

TEST_F(Recovery, OutlivesTwoWorkersOneAfterTheOther) {
  Workers workers(2);
  const auto model = engine("llama.cpp").load(workers.request());
  const auto request = count_back(*model);
  const auto expected = undisturbed(request);
  Listener listener;
  const auto result = model->new_session(unhurried)->generate(request, listener.context([&](std::size_t chunk) {
    if (chunk == 3) workers[0].end();
    if (chunk == 6) workers[1].end();
  }));
  EXPECT_EQ(result.completions, expected);
  EXPECT_EQ(listener.streamed, expected[0].text);
  EXPECT_GE(result.recoveries.size(), 1U);
  EXPECT_EQ(model->info().where(), "cpu");
}

TEST_F(Recovery, OfALossDuringTheLoadDuringThePromptAndBetweenTwoCalls) {
  Workers workers(1);
  auto request = workers.request();
  LoadContext context;
  bool killed = false;
  context.progress = [&](float part) {
    if (part > 0.3F && !std::exchange(killed, true)) workers[0].end();
    return true;
  };
  std::vector<std::string> warnings;
  context.log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); };
  const auto after_load = engine("llama.cpp").load(request, context);
  EXPECT_EQ(after_load->info().where(), "cpu");
  EXPECT_THAT(warnings, testing::Contains(HasSubstr("rpc:0")));

  Workers others(1);
  const auto model = engine("llama.cpp").load(others.request());
  const auto session = model->new_session(unhurried);
  std::string text;
  for (int i = 0; i < 25; ++i) text += "One, two, three, four, five. ";
  std::jthread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    others[0].end();
  });
  const auto result = session->generate({.prompts = {text}, .options = {.max_new_tokens = 4}});
  EXPECT_EQ(result.completions[0].generated_tokens, 4U);

  Workers last(1);
  const auto third = engine("llama.cpp").load(last.request());
  const auto again = third->new_session(unhurried);
  const auto question = count_back(*third);
  const auto expected = undisturbed(question);
  EXPECT_EQ(again->generate(question).completions, expected);
  last[0].end();
  EXPECT_EQ(again->generate(question).completions, expected);
}

TEST_F(Recovery, GoesOnWithAWarningWhereTheListOfWorkersIsBrokenMeanwhile) {
  const test::TemporaryFolder folder;
  const auto list = folder.path() / "workers.yaml";
  setenv("BERTH_WORKERS", list.c_str(), 1);
  Workers workers(1);
  const auto model = engine("llama.cpp").load(workers.request());
  const auto request = count_back(*model);
  std::vector<std::string> warnings;
  Listener listener;
  auto call = listener.context([&](std::size_t chunk) {
    if (chunk != 3) return;
    std::ofstream(list) << "workers: [\n";
    workers[0].end();
  });
  call.log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); };
  EXPECT_EQ(model->new_session(unhurried)->generate(request, call).completions, undisturbed(request));
  unsetenv("BERTH_WORKERS");
  EXPECT_THAT(warnings, testing::Contains(AllOf(HasSubstr(list.string()), HasSubstr("is left out"))));
  EXPECT_THAT(warnings, testing::Contains(HasSubstr("going on on cpu")));
}

TEST_F(Recovery, OfALostHostStaysOnItsWorker) {
  Workers workers(1);
  const auto model = engine("llama.cpp").load(workers.request());
  const auto request = count_back(*model);
  Listener listener;
  const auto result = model->new_session(unhurried)->generate(request, listener.context([&](std::size_t chunk) {
    if (chunk == 4) kill(*model->info().host_pid, SIGKILL);
  }));
  EXPECT_EQ(result.completions, undisturbed(request));
  EXPECT_EQ(model->info().where(), "rpc:0");
}

TEST_F(Recovery, ThatIsNotWantedTellsTheTextSoFar) {
  Workers workers(1);
  auto request = workers.request();
  request.max_recoveries = 0;
  const auto model = engine("llama.cpp").load(request);
  Listener listener;
  try {
    model->new_session(unhurried)->generate(count_back(*model), listener.context([&](std::size_t chunk) {
      if (chunk == 4) workers[0].end();
    }));
    FAIL() << "nothing was lost";
  } catch (const EngineLost& problem) {
    EXPECT_EQ(problem.texts_so_far(), std::vector<std::string>{listener.streamed});
    EXPECT_THAT(problem.what(), HasSubstr("rpc:0"));
  }
}

}  // namespace
}  // namespace berth
#endif
