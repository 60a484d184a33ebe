/// Answers that outlive a worker of Berth's own: one behind TLS that is gone, one whose process is frozen, and what may happen at
/// any moment. BERTH_TEST_ROUNDS says how often (3), BERTH_TEST_SEED where the dice begin.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>

#include "engine/cut_answer.h"
#include "served_worker.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth::test {
namespace {

using testing::HasSubstr;
using recovery_clock = std::chrono::steady_clock;

class WorkerRecovery : public testing::Test {
  void SetUp() override {
    BERTH_NEEDS_MODEL();
    setenv("BERTH_PROBES", "cpu,rpc", 1);
  }
  void TearDown() override { unsetenv("BERTH_PROBES"); }
};

/// From one chunk to the next.
class Pause {
 public:
  /// To be called with each chunk. Whether it is the first one.
  bool begins_or_ends() {
    const auto now = recovery_clock::now();
    const bool begins = !began_;
    if (begins) began_ = now;
    if (!begins && seconds_ == 0) seconds_ = std::chrono::duration<double>(now - *began_).count();
    return begins;
  }
  double seconds() const {
    std::cout << "going on after " << seconds_ << " s\n";
    return seconds_;
  }

 private:
  std::optional<recovery_clock::time_point> began_;
  double seconds_ = 0;
};

TEST_F(WorkerRecovery, LosesNoTokenWithAWorkerBehindTls) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  std::optional<ServedWorker> worker(std::in_place, keys);
  const auto model = engine("llama.cpp").load(request_at(worker->endpoint()));
  EXPECT_EQ(model->info().where(), "rpc:0");
  std::string streamed;
  Pause pause;
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk& chunk) {
    streamed += chunk.content;
    if (pause.begins_or_ends()) worker.reset();
  };
  const auto result = model->new_session(of_one_thread)->generate(backwards_from_five(*model), call);
  EXPECT_EQ(result.completions, expected_completions());
  EXPECT_EQ(streamed, result.completions[0].text);
  ASSERT_EQ(result.recoveries.size(), 1U);
  EXPECT_THAT(result.recoveries[0], HasSubstr("tls://"));
  EXPECT_EQ(model->info().where(), "cpu");
  EXPECT_LT(pause.seconds(), 20);
}

/// The process of a worker in this process that holds a model.
pid_t process_with_model() {
  pid_t found = -1;
  long most = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t child = 0; children >> child;) {
      const std::filesystem::path of_child = "/proc/" + std::to_string(child);
      std::string arguments;
      std::getline(std::ifstream(of_child / "cmdline"), arguments);
      long size = 0;
      long resident = 0;
      std::ifstream(of_child / "statm") >> size >> resident;
      if (arguments.find("--worker") == std::string::npos || resident <= most) continue;
      most = resident;
      found = child;
    }
  }
  return found;
}

TEST_F(WorkerRecovery, NoticesAProcessThatIsFrozenWhileTheWorkerGreets) {
  ServedWorker worker;
  const auto model = engine("llama.cpp").load(request_at(worker.endpoint()));
  const auto process = process_with_model();
  ASSERT_GT(process, 0);
  int oom_score_adj = 0;
  std::ifstream("/proc/" + std::to_string(process) + "/oom_score_adj") >> oom_score_adj;
  EXPECT_EQ(oom_score_adj, 500) << "the kernel takes it before the front";
  Pause pause;
  std::string streamed;
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk& chunk) {
    streamed += chunk.content;
    if (pause.begins_or_ends()) kill(process, SIGSTOP);
  };
  const auto result = model->new_session(of_one_thread)->generate(backwards_from_five(*model), call);
  EXPECT_EQ(result.completions, expected_completions());
  EXPECT_EQ(streamed, result.completions[0].text);
  ASSERT_EQ(result.recoveries.size(), 1U);
  EXPECT_TRUE(worker.told("was frozen, and was ended after 4 s"));
  EXPECT_EQ(model->info().where(), "rpc:0") << "the worker itself is well";
  EXPECT_LT(pause.seconds(), 20) << "not patience_s";
}

/// A worker, or the process of it that has the model, is struck at that moment of an answer.
void outlive_at(std::chrono::milliseconds moment, unsigned how) {
  std::optional<ServedWorker> worker(std::in_place);
  const auto model = engine("llama.cpp").load(request_at(worker->endpoint()));
  std::string streamed;
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk& chunk) { streamed += chunk.content; };
  std::jthread striker([&, process = process_with_model()] {
    std::this_thread::sleep_for(moment);
    if (how == 0)
      worker.reset();
    else
      kill(process, how == 1 ? SIGKILL : SIGSTOP);
  });
  const auto result = model->new_session(of_one_thread)->generate(backwards_from_five(*model), call);
  EXPECT_EQ(result.completions, expected_completions());
  EXPECT_EQ(streamed, result.completions[0].text);
}

TEST_F(WorkerRecovery, AtAnyMomentLosesNoTokenAndLeaksNothing) {
  const auto seed = number_of("BERTH_TEST_SEED", static_cast<int>(std::random_device{}() % 100'000));
  std::cout << "BERTH_TEST_SEED=" << seed << '\n';
  std::mt19937 random(static_cast<unsigned>(seed));
  expected_completions();
  const auto files = files_open();
  const auto children = children_of_this();
  for (int round = 0; round < number_of("BERTH_TEST_ROUNDS", 3); ++round) {
    const std::chrono::milliseconds moment(random() % 700);
    SCOPED_TRACE(testing::Message() << "round " << round << " of seed " << seed << " after " << moment.count()
                                    << " ms");
    outlive_at(moment, static_cast<unsigned>(round) % 3);
    EXPECT_EQ(files_open(), files);
    EXPECT_EQ(children_of_this(), children);
  }
}

}  // namespace
}  // namespace berth::test
#endif
