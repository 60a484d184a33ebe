/// Models in a process of their own: as in this one, but what ends that process ends no other.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/running.h"
#include "discover/driver_probes.h"
#include "engine/host/connection.h"
#include "process/child.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Two threads wait for each other on a busy machine.
const SessionOptions one_thread{.n_threads = 1};

LoadRequest isolated() {
  LoadRequest request{.model = test::model_path()};
  request.isolation = Isolation::process;
  return request;
}

/// Shared by the tests that do not harm it.
const std::shared_ptr<const LoadedModel>& hosted_model() {
  static const auto loaded = engine("llama.cpp").load(isolated());
  return loaded;
}

std::shared_ptr<const LoadedModel> local_model() {
  static const auto loaded = engine("llama.cpp").load({.model = test::model_path()});
  return loaded;
}

GenerationRequest backwards(const LoadedModel& model, int max_new_tokens = 16) {
  return {.prompts = {model.apply_chat_template({{"user", "Count from one to five."},
                                                 {"assistant", "One, two, three, four, five."},
                                                 {"user", "Now count backwards."}})},
          .options = {.max_new_tokens = max_new_tokens}};
}

class Host : public testing::Test {
  void SetUp() override { BERTH_NEEDS_MODEL(); }
};

TEST_F(Host, RunsAModelAsThisProcessDoes) {
  const auto& there = *hosted_model();
  const auto& here = *local_model();
  ASSERT_TRUE(there.info().host_pid);
  EXPECT_FALSE(here.info().host_pid);
  EXPECT_EQ(there.info().description, here.info().description);
  EXPECT_EQ(there.info().placement, here.info().placement);
  EXPECT_EQ(there.info().weight_bytes, here.info().weight_bytes);
  EXPECT_EQ(there.context(), here.context());
  EXPECT_EQ(there.tensors(), here.tensors());
  EXPECT_EQ(there.apply_chat_template({{"user", "Hi <|im_end|>"}}),
            here.apply_chat_template({{"user", "Hi <|im_end|>"}}));
  EXPECT_EQ(there.count_tokens("One, two"), here.count_tokens("One, two"));

  std::string streamed;
  std::vector<std::int32_t> tokens;
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk& chunk) { streamed += chunk.content; };
  call.on_token = [&](std::size_t, std::int32_t token) { tokens.push_back(token); };
  const auto session = there.new_session(one_thread);
  const auto result = session->generate(backwards(there), call);
  const auto expected = here.new_session(one_thread)->generate(backwards(here));
  EXPECT_EQ(result.completions, expected.completions);
  EXPECT_EQ(streamed, result.completions[0].text);
  EXPECT_GE(tokens.size() + 1, result.completions[0].generated_tokens) << "all but one that has no text";
  EXPECT_GT(there.memory().at(0).cache, 0U);
}

TEST_F(Host, TellsTheSameErrors) {
  const auto session = hosted_model()->new_session(one_thread);
  GenerationRequest odd = backwards(*hosted_model());
  odd.options.top_k = -1;
  odd.options.do_sample = true;
  EXPECT_THROW(session->generate(odd), std::invalid_argument);
  EXPECT_THROW(session->generate({.prompts = {""}}), std::invalid_argument);
  EXPECT_THROW(hosted_model()->new_session({.n_ctx = 1 << 30}), std::invalid_argument);
  EXPECT_THROW(hosted_model()->apply_chat_template({{"user", "Hi"}}, {.chat_template = "{{ nope("}), EngineError);
  auto missing = isolated();
  missing.model = "/nowhere/at/all.gguf";
  EXPECT_THROW(engine("llama.cpp").load(missing), ModelNotFound);
  missing = isolated();
  missing.max_recoveries = -1;
  EXPECT_THROW(engine("llama.cpp").load(missing), std::invalid_argument);
  EXPECT_EQ(session->generate(backwards(*hosted_model())).completions.size(), 1U) << "and goes on";
}

TEST_F(Host, StopsWhenItIsToldTo) {
  std::stop_source source;
  std::size_t chunks = 0;
  GenerationContext call{.stop = source.get_token()};
  call.on_chunk = [&](const StreamingChunk&) {
    if (++chunks == 3) source.request_stop();
  };
  const auto session = hosted_model()->new_session(one_thread);
  const auto result = session->generate({.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 2000}}, call);
  EXPECT_EQ(result.completions[0].finish_reason, FinishReason::cancelled);
  EXPECT_LT(result.completions[0].generated_tokens, 200U);
  EXPECT_EQ(session->generate(backwards(*hosted_model()), {.stop = source.get_token()}).completions[0].finish_reason,
            FinishReason::cancelled);

  LoadContext context;
  context.progress = [](float) { return false; };
  EXPECT_THROW(engine("llama.cpp").load(isolated(), context), Cancelled);
}

TEST_F(Host, ACallbackThatThrowsLeavesTheSessionUsable) {
  const auto session = hosted_model()->new_session(one_thread);
  GenerationContext call;
  call.on_chunk = [](const StreamingChunk&) { throw std::domain_error("enough"); };
  EXPECT_THROW(session->generate(backwards(*hosted_model()), call), std::domain_error);
  EXPECT_EQ(session->generate(backwards(*hosted_model())).completions.size(), 1U);
}

TEST_F(Host, ThatIsKilledLosesNoTokenAndTellsNoneTwice) {
  for (const bool sampled : {false, true}) {
    const auto model = engine("llama.cpp").load(isolated());
    auto request = backwards(*model);
    if (sampled) {
      request.options.do_sample = true;
      request.options.temperature = 0.3;
      request.options.seed = 3;
    }
    const auto undisturbed = local_model()->new_session(one_thread)->generate(request);
    std::string streamed;
    std::vector<std::string> warnings;
    std::size_t chunks = 0;
    GenerationContext call;
    call.on_chunk = [&](const StreamingChunk& chunk) {
      streamed += chunk.content;
      if (++chunks == 4) kill(*model->info().host_pid, SIGKILL);
    };
    call.log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); };
    const auto killed = *model->info().host_pid;
    const auto result = model->new_session(one_thread)->generate(request, call);
    EXPECT_EQ(result.completions, undisturbed.completions);
    EXPECT_EQ(streamed, result.completions[0].text);
    ASSERT_EQ(result.recoveries.size(), 1U);
    EXPECT_THAT(result.recoveries[0], AllOf(HasSubstr("SIGKILL"), HasSubstr("going on on cpu")));
    EXPECT_EQ(warnings, result.recoveries);
    EXPECT_NE(model->info().host_pid, killed);
    EXPECT_EQ(GenerationResult::from_dict(result.to_dict()).recoveries, result.recoveries);
  }
}

TEST_F(Host, ThatIsKilledBetweenTwoCallsIsStartedAnewAndTheNextOneTells) {
  const auto model = engine("llama.cpp").load(isolated());
  const auto session = model->new_session(one_thread);
  const auto before = session->generate(backwards(*model)).completions;
  kill(*model->info().host_pid, SIGKILL);
  EXPECT_EQ(session->generate(backwards(*local_model())).completions, before);
  kill(*model->info().host_pid, SIGKILL);
  EXPECT_EQ(model->count_tokens("One, two"), local_model()->count_tokens("One, two"));
  std::vector<std::string> warnings;
  GenerationContext call;
  call.log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); };
  const auto result = session->generate(backwards(*local_model()), call);
  ASSERT_EQ(result.recoveries.size(), 1U);
  EXPECT_THAT(result.recoveries[0], AllOf(HasSubstr("SIGKILL"), HasSubstr("going on on cpu")));
  EXPECT_EQ(warnings, result.recoveries);
  EXPECT_EQ(session->generate(backwards(*local_model())).recoveries.size(), 0U) << "told once";
}

TEST_F(Host, ThatIsKilledUnderSeveralSessionsTellsEachWhereItGoesOn) {
  const auto model = engine("llama.cpp").load(isolated());
  // So long that no answer is whole in the pipe before the engine is killed.
  const GenerationRequest request{
      .prompts = {model->apply_chat_template({{"user", "Write a long story about a harbour."}})},
      .options = {.max_new_tokens = 400}};
  std::vector<GenerationResult> results(2);
  std::vector<std::shared_ptr<Session>> sessions = {model->new_session(one_thread), model->new_session(one_thread)};
  {
    std::atomic<int> waiting = 2;
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < results.size(); ++i)
      threads.emplace_back([&, i] {
        std::stop_source stop;
        GenerationContext call{.stop = stop.get_token()};
        call.log = [&](LogLevel, std::string_view) { stop.request_stop(); };  // it went on: that is all that is asked
        std::size_t chunks = 0;
        call.on_chunk = [&](const StreamingChunk&) {
          if (++chunks != 2) return;
          if (--waiting == 0) kill(*model->info().host_pid, SIGKILL);
          while (waiting > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        };
        results[i] = sessions[i]->generate(request, call);
      });
  }
  for (const auto& result : results) {
    ASSERT_EQ(result.recoveries.size(), 1U);
    EXPECT_THAT(result.recoveries[0], HasSubstr("going on on cpu"));
  }
}

TEST_F(Host, ThatIsLostWithItsModelFileTellsBothAndTheTextSoFar) {
  for (const bool is_cut : {false, true}) {
    const test::TemporaryFolder folder;
    auto request = isolated();
    request.model = folder.path() / "model.gguf";
    std::filesystem::copy_file(test::model_path(), request.model);
    const auto model = engine("llama.cpp").load(request);
    std::string streamed;
    GenerationContext call;
    call.on_chunk = [&](const StreamingChunk& chunk) {
      streamed += chunk.content;
      std::filesystem::remove(request.model);
      if (is_cut) std::ofstream(request.model) << "GGUF";
      kill(*model->info().host_pid, SIGKILL);
    };
    try {
      model->new_session(one_thread)->generate({.prompts = {"One, two, three,"}}, call);
      FAIL() << "nothing was lost";
    } catch (const EngineLost& problem) {
      EXPECT_THAT(problem.cause(),
                  AllOf(HasSubstr("SIGKILL"), HasSubstr("loading anew failed"), HasSubstr(request.model.string())));
      EXPECT_EQ(problem.texts_so_far(), std::vector<std::string>{streamed});
      EXPECT_FALSE(streamed.empty());
    }
  }
}

TEST_F(Host, ThatHangsWhenACallIsStoppedStillKnowsItsPrompt) {
  auto request = isolated();
  request.patience_s = 1;
  const auto model = engine("llama.cpp").load(request);
  std::stop_source source;
  GenerationContext call{.stop = source.get_token()};
  call.on_chunk = [&](const StreamingChunk&) {
    kill(*model->info().host_pid, SIGSTOP);
    source.request_stop();
  };
  const auto result =
      model->new_session(one_thread)->generate({.prompts = {"One, two"}, .options = {.max_new_tokens = 500}}, call);
  EXPECT_EQ(result.completions[0].finish_reason, FinishReason::cancelled);
  EXPECT_EQ(result.completions[0].prompt_tokens, local_model()->count_tokens("One, two"));
}

TEST_F(Host, ThatIsLostForGoodTellsWhyAndWhatThereIs) {
  auto request = isolated();
  request.max_recoveries = 0;
  const auto model = engine("llama.cpp").load(request);
  std::string streamed;
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk& chunk) {
    streamed += chunk.content;
    kill(*model->info().host_pid, SIGABRT);
  };
  const auto session = model->new_session(one_thread);
  try {
    session->generate({.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 500}}, call);
    FAIL() << "nothing was lost";
  } catch (const EngineLost& problem) {
    EXPECT_THAT(problem.cause(), HasSubstr("SIGABRT"));
    EXPECT_EQ(problem.device(), "cpu");
    EXPECT_EQ(problem.texts_so_far(), std::vector<std::string>{streamed});
  }
  EXPECT_THROW(model->memory(), EngineLost);
}

TEST_F(Host, ThatHangsIsLostToo) {
  auto request = isolated();
  request.max_recoveries = 1;
  request.patience_s = 1;
  const auto model = engine("llama.cpp").load(request);
  kill(*model->info().host_pid, SIGSTOP);
  const auto result = model->new_session(one_thread)->generate(backwards(*local_model()));
  EXPECT_EQ(result.completions,
            local_model()->new_session(one_thread)->generate(backwards(*local_model())).completions);
}

TEST_F(Host, KeepsMemoryUnderItsOwnNumber) {
  const auto pid = *hosted_model()->info().host_pid;
  const auto running = running_models();
  EXPECT_TRUE(std::ranges::any_of(running, [&](const RunningModel& model) { return model.pid == pid; }));
}

TEST_F(Host, ThatIsLostDoesNotKeepACallThatIsStopped) {
  for (const int signal : {SIGKILL, SIGSTOP}) {
    const auto model = engine("llama.cpp").load(isolated());
    kill(*model->info().host_pid, signal);
    std::stop_source source;
    std::jthread stopper([&] {
      if (signal == SIGSTOP) std::this_thread::sleep_for(std::chrono::milliseconds(300));
      source.request_stop();
    });
    if (signal == SIGKILL) stopper.join();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THROW((void)model->count_tokens("One, two", source.get_token()), Cancelled) << signal;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << "not patience_s";
    EXPECT_EQ(model->count_tokens("One, two"), local_model()->count_tokens("One, two")) << "and goes on";
  }
}

std::size_t open_files() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

bool exists(pid_t pid) { return std::filesystem::exists("/proc/" + std::to_string(pid)); }

TEST_F(Host, LeavesNothingBehind) {
  const char* more = std::getenv("BERTH_TEST_ROUNDS");
  const auto before = open_files();
  for (int round = 0; round < (more == nullptr ? 2 : std::atoi(more)); ++round) {
    int pid = 0;
    {
      const auto model = engine("llama.cpp").load(isolated());
      const auto first = model->new_session(one_thread);
      const auto second = model->new_session(one_thread);
      first->generate(backwards(*model, 1));
      pid = *model->info().host_pid;
      EXPECT_TRUE(exists(pid));
    }
    EXPECT_FALSE(exists(pid));
    EXPECT_EQ(open_files(), before);
  }
}

TEST(HostProgram, EndsWhenItsStarterIsGone) {
  auto [here, there] = host::Connection::pair();
  const auto machine = discovery::Machine::this_one();
  const auto program = discovery::probe_helper(machine, "berth-engine-host");
  process::Child child({{program.string(), "llama.cpp"}, machine.environment}, there, -1);
  there.reset();
  EXPECT_FALSE(child.ends_by(process::Clock::now() + std::chrono::milliseconds(50)));
  here.reset();
  EXPECT_TRUE(child.ends_by(process::Clock::now() + std::chrono::seconds(30)));
  EXPECT_EQ(child.reap(process::Clock::now()), (process::Exit{false, 0}));
}

TEST(HostProgram, RefusesWhatNobodyAsksIt) {
  auto [here, there] = host::Connection::pair();
  const auto machine = discovery::Machine::this_one();
  const auto program = discovery::probe_helper(machine, "berth-engine-host");
  process::Child child({{program.string(), "llama.cpp"}, machine.environment}, there, -1);
  host::Connection connection(std::move(here));
  for (const auto& [kind, body] : {std::pair<host::Kind, std::string>{host::Kind::tensors, "null"},
                                   {host::Kind::load, "no JSON"},
                                   {host::Kind::load, "{}"}}) {
    connection.send(kind, body);
    EXPECT_EQ(connection.receive()->kind, host::Kind::failed);
  }
}

}  // namespace
}  // namespace berth
