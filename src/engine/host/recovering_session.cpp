#include "engine/host/recovering_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace berth::host {
namespace {

using steady_clock = std::chrono::steady_clock;

double ms_between(steady_clock::time_point from, steady_clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

/// What the caller was told so far. It outlives the engine.
struct RecoveringSession::Progress {
  struct Begun {
    std::vector<std::int32_t> tokens = {};
    std::string text = {};
    // Of them, what the attempt that runs has told again.
    std::size_t tokens_again = 0;
    std::size_t bytes_again = 0;
  };
  std::vector<Begun> completions;
  std::vector<std::string> recoveries = {};
  std::vector<std::size_t> prompt_tokens = {};  // for a result that is cancelled when the engine is gone
  steady_clock::time_point started = steady_clock::now();
  std::optional<steady_clock::time_point> first_token = {};
  std::optional<steady_clock::time_point> last_token = {};

  void take(std::size_t index, std::int32_t token, const GenerationContext& call) {
    auto& begun = completions.at(index);
    if (begun.tokens_again++ < begun.tokens.size()) return;
    last_token = steady_clock::now();
    if (!first_token) first_token = last_token;
    begun.tokens.push_back(token);
    if (call.on_token) call.on_token(index, token);
  }

  void take(const StreamingChunk& chunk, const GenerationContext& call) {
    auto& begun = completions.at(chunk.index);
    const auto known =
        std::min(chunk.content.size(), begun.text.size() - std::min(begun.text.size(), begun.bytes_again));
    begun.bytes_again += chunk.content.size();
    if (known == chunk.content.size()) return;
    const auto added = chunk.content.substr(known);
    begun.text += added;
    if (call.on_chunk) call.on_chunk({.content = added, .index = chunk.index});
  }

  void tell(std::string what, const GenerationContext& call) {
    recoveries.push_back(std::move(what));
    if (call.log) call.log(LogLevel::warning, recoveries.back());
  }

  std::size_t prompt_tokens_of(std::size_t completion, const GenerationRequest& request) const {
    const auto prompt = completion / static_cast<std::size_t>(request.options.num_return_sequences);
    return prompt < prompt_tokens.size() ? prompt_tokens[prompt] : 0;
  }

  /// Over all attempts.
  void set_times(GenerationResult& result) const {
    if (!first_token) return;
    const auto tokens = [](std::size_t sum, const auto& each) {
      return sum + (each.tokens.empty() ? 0 : each.tokens.size() - 1);
    };
    const auto after_first = std::accumulate(completions.begin(), completions.end(), std::size_t{0}, tokens);
    result.first_token_ms = ms_between(started, *first_token);
    result.generation_ms = ms_between(*first_token, *last_token);
    if (result.generation_ms > 0)
      result.tokens_per_second = 1000 * static_cast<double>(after_first) / result.generation_ms;
  }

  /// What the next attempt begins with.
  std::vector<std::vector<std::int32_t>> next(const std::vector<std::vector<std::int32_t>>& asked) {
    std::vector<std::vector<std::int32_t>> all;
    for (std::size_t i = 0; i < completions.size(); ++i) {
      completions[i].tokens_again = completions[i].bytes_again = 0;
      all.push_back(i < asked.size() && asked[i].size() > completions[i].tokens.size() ? asked[i]
                                                                                       : completions[i].tokens);
    }
    return all;
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& each : completions) all.push_back(each.text);
    return all;
  }
};

RecoveringSession::RecoveringSession(std::shared_ptr<const RecoveringModel> model, const SessionOptions& options,
                                     std::unique_ptr<Session> session)
    : model_(std::move(model)), options_(options), of_(model_->it().current()), session_(std::move(session)) {}

GenerationResult RecoveringSession::attempt(const GenerationRequest& request, const GenerationContext& call,
                                            Progress& progress) {
  if (const auto current = model_->it().current(); !session_ || of_ != current) {
    session_ = nullptr;
    of_ = current;
    session_ = current->new_session(options_);
  }
  if (progress.prompt_tokens.empty() && call.stop.stop_possible())
    for (const auto& prompt : request.prompts) progress.prompt_tokens.push_back(of_->count_tokens(prompt, call.stop));
  GenerationContext inner{.stop = call.stop};
  inner.on_token = [&](std::size_t index, std::int32_t token) { progress.take(index, token, call); };
  inner.on_chunk = [&](const StreamingChunk& chunk) { progress.take(chunk, call); };
  return session_->generate(request, inner);
}

/// Loads the model anew. Throws as Renewed::recover().
void RecoveringSession::recover(const EngineLost& problem, const GenerationContext& call, Progress& progress) {
  session_ = nullptr;
  progress.tell(model_->it().recover(std::exchange(of_, nullptr), problem, call.stop, call.log).what, call);
}

GenerationResult RecoveringSession::generate(const GenerationRequest& asked, const GenerationContext& call) {
  asked.options.validate();
  auto request = asked;
  // The same samples again need the same seed.
  if (request.options.do_sample && !request.options.seed) request.options.seed = std::random_device{}();
  Progress progress{.completions = std::vector<Progress::Begun>(
                        request.prompts.size() * static_cast<std::size_t>(request.options.num_return_sequences))};
  const Turns::Turn turn(turns_, call.stop);
  if (!turn.granted()) return cancelled(request, progress);
  progress.started = steady_clock::now();
  for (auto& what : model_->it().take_untold()) progress.tell(std::move(what), call);
  bool recovered = false;  // since it began
  for (int tries = 1;; ++tries) try {
      auto result = attempt(request, call, progress);
      if (recovered) progress.set_times(result);
      result.recoveries = std::move(progress.recoveries);
      return result;
    } catch (const EngineLost& problem) {
      try {
        if (call.stop.stop_requested()) return cancelled(request, progress);
        if (tries > model_->it().most_tries()) throw problem;
        recover(problem, call, progress);
        recovered = true;
        request.begun = progress.next(asked.begun);
        if (request.options.num_beams > 1) request.begun.clear();  // searched anew: only the end of it was told
      } catch (const Cancelled&) {
        return cancelled(request, progress);
      } catch (const EngineLost& last) {
        throw EngineLost(last.engine(), last.device(), last.cause(), progress.texts());
      }
    } catch (const EngineError& problem) {  // where it went on
      if (!recovered) throw;
      throw EngineLost(problem.engine(), problem.device(),
                       fmt::format("{}; {}", progress.recoveries.back(), problem.cause()), progress.texts());
    }
}

/// With what there is.
GenerationResult RecoveringSession::cancelled(const GenerationRequest& request, const Progress& progress) const {
  GenerationResult result{.recoveries = progress.recoveries};
  for (std::size_t i = 0; const auto& each : progress.completions)
    result.completions.push_back({.text = each.text,
                                  .prompt_tokens = progress.prompt_tokens_of(i++, request),
                                  .generated_tokens = each.tokens.size(),
                                  .finish_reason = FinishReason::cancelled,
                                  .seed = 0});
  if (request.options.do_sample)
    for (std::size_t i = 0; i < result.completions.size(); ++i)
      result.completions[i].seed = *request.options.seed + static_cast<std::uint32_t>(i);
  return result;
}

}  // namespace berth::host
