#include "berth/run_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "text/rate.h"

namespace berth {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t prompt_tokens = 128;

/// A text of that many tokens, or of a quarter of the context where that is less.
std::string prompt_for(const LoadedModel& model) {
  const auto& context = model.context();
  const auto room = static_cast<std::size_t>(context.unified ? context.n_ctx : context.n_ctx / context.n_seq);
  const auto wanted = std::min(prompt_tokens, room / 4);
  std::string text = "Count on:";
  for (int number = 1; model.count_tokens(text) < wanted; ++number) text += " " + std::to_string(number);
  return text;
}

/// What the model writes within `time`.
GenerationResult write_for(Session& session, const Prompt& prompt, int most, std::chrono::milliseconds time,
                           const std::stop_token& stop) {
  std::stop_source enough;
  const std::stop_callback told(stop, [&] { enough.request_stop(); });
  std::optional<SteadyClock::time_point> end;
  return session.generate({.prompts = {prompt}, .options = {.max_new_tokens = most}},
                          {.on_chunk =
                               [&](const StreamingChunk&) {
                                 if (!end) end = SteadyClock::now() + time;
                                 if (SteadyClock::now() >= *end) enough.request_stop();
                               },
                           .stop = enough.get_token()});
}

void run(const Engine& engine, const ModelProfile& profile, PlanRun& run, const LoadContext& context,
         std::chrono::milliseconds each) {
  const auto model = engine.load(LoadRequest::of(run.plan, profile.path), context);
  const auto session = model->new_session();
  write_for(*session, "Hello", 1, each, context.stop);  // what is read and made the first time does not count
  const auto prompt = prompt_for(*model);
  const int most = std::clamp(run.plan.context.n_ctx / run.plan.context.n_seq / 2, 2, 4096);
  const auto seen = write_for(*session, prompt, most, each, context.stop);
  if (seen.tokens_per_second <= 0) {
    run.problem = "it wrote one token only, which says nothing of its speed";
    return;
  }
  PredictedSpeed speed{.decode_tokens_per_s = seen.tokens_per_second, .measured = true, .ran = true};
  if (run.plan.predicted) speed.limited_by = run.plan.predicted->limited_by;
  if (seen.first_token_ms > 0) {
    speed.prompt_tokens_per_s =
        static_cast<double>(seen.completions.front().prompt_tokens) / seen.first_token_ms * 1000;
    speed.prompt_measured = true;
  }
  if (run.plan.predicted)
    run.plan.reasons.push_back({"speed", fmt::format("{} tokens/s were predicted, and {} seen",
                                                     rate_text(run.plan.predicted->decode_tokens_per_s),
                                                     rate_text(speed.decode_tokens_per_s))});
  run.plan.predicted = speed;
}

}  // namespace

std::vector<PlanRun> run_plans(const Engine& engine, const ModelProfile& profile, const std::vector<Alternative>& plans,
                               const LoadContext& context, std::chrono::milliseconds each) {
  std::vector<PlanRun> runs;
  for (const auto& [what, plan] : plans) {
    if (context.stop.stop_requested()) break;
    PlanRun one{what, plan, {}};
    try {
      run(engine, profile, one, context, each);
    } catch (const std::exception& problem) {
      one.problem = problem.what();
    }
    runs.push_back(std::move(one));
  }
  return runs;
}

}  // namespace berth
