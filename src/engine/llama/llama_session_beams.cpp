/// Beam search in a session: each beam has a sequence of the context.
#include <algorithm>
#include <utility>

#include "engine/beam_search.h"
#include "engine/llama/llama_session.h"

namespace berth::llama {

/// The search for the completions of one prompt.
struct LlamaSession::Search {
  std::span<Job> jobs;  // one for each beam
  BeamSearch beams;
  std::vector<Job*> places;  // of the beams, in their order

  bool goes_on() const { return !beams.beams().empty(); }
};

void LlamaSession::search_beams(std::span<Job> jobs, const GenerationOptions& options, const GenerationContext& call,
                                Clock& clock) {
  std::vector<Search> searches;
  decode_prompts(jobs, [&](std::span<Job> of_prompt) {
    searches.push_back(begin_search(of_prompt, options));
    go_on(searches.back(), clock);
  });
  while (!stop_.stop_requested() && std::ranges::any_of(searches, &Search::goes_on)) {
    batch_->n_tokens = 0;
    for (const auto& search : searches)
      for (Job* job : search.places) {
        job->output = batch_->n_tokens;
        add_to_batch(job->token, job->position++, job->sequence, true);
      }
    if (!decode(true)) break;
    for (auto& search : searches)
      if (search.goes_on()) go_on(search, clock);
  }
  for (auto& search : searches) answer(search, call);
}

LlamaSession::Search LlamaSession::begin_search(std::span<Job> jobs, const GenerationOptions& options) const {
  BeamSearch::Rules rules{.options = options, .end_tokens = model_->count_end_tokens(), .end = {}};
  rules.options.max_new_tokens = jobs[0].max_new_tokens;
  std::size_t longest = 0;
  for (const auto& word : options.stop_words) longest = std::max(longest, word.size());
  rules.end = [this, &options, longest](std::span<const llama_token> tokens) -> std::optional<FinishReason> {
    if (model_->ends_text(tokens.back())) return FinishReason::end_of_text;
    if (options.stop_words.empty()) return std::nullopt;
    // No stop word ended before: one that is there now begins no further before the last piece than the longest reaches.
    std::size_t first = tokens.size() - 1;
    for (std::size_t bytes = 1; first > 0 && bytes < longest;) bytes += model_->piece(tokens[--first]).size();
    bool begins = std::ranges::all_of(tokens.first(first), [&](auto token) { return model_->piece(token).empty(); });
    TextStream text(options.stop_words);
    for (const auto token : tokens.subspan(first)) text.push(model_->next_piece(token, begins));
    return text.stopped() ? std::optional(FinishReason::stop_word) : std::nullopt;
  };
  return {.jobs = jobs, .beams = {std::move(rules), decoded(*model_, *jobs[0].prompt)}, .places = {&jobs[0]}};
}

/// Takes the next token of each beam by the scores that were computed.
void LlamaSession::go_on(Search& search, Clock& clock) {
  std::vector<std::span<float>> scores;
  for (const Job* job : search.places) scores.push_back(scores_of(*job).all);
  const bool is_first = search.beams.beams()[0].tokens.empty();
  finish_computing();
  if (!search.beams.step(scores)) refuse_scores();
  for (const Job& job : search.jobs)
    if (job.answers) clock.token(is_first);
  give_places(search);
}

/// The first beam that continues another one stays in its sequence; a second one gets a copy of it, in the place of a beam
/// that ended there.
void LlamaSession::give_places(Search& search) const {
  const auto memory = llama_get_memory(context_.get());
  const auto& beams = search.beams.beams();
  const auto before = std::exchange(search.places, std::vector<Job*>(beams.size(), nullptr));
  auto& places = search.places;
  for (std::size_t i = 0; i < beams.size(); ++i)
    if (std::ranges::find(places, before[beams[i].from]) == places.end()) places[i] = before[beams[i].from];

  std::vector<Job*> free;
  for (Job& job : search.jobs) {
    if (std::ranges::find(places, &job) != places.end()) continue;
    llama_memory_seq_rm(memory, job.sequence, -1, -1);
    free.push_back(&job);
  }
  for (std::size_t i = 0; i < beams.size(); ++i) {
    if (places[i] == nullptr) {
      const Job& from = *before[beams[i].from];
      places[i] = free.back();
      free.pop_back();
      llama_memory_seq_cp(memory, from.sequence, places[i]->sequence, -1, -1);
      places[i]->position = from.position;
    }
    places[i]->token = beams[i].tokens.back();
  }
}

/// Makes the best texts that were found the completions, and tells them. Where the context was full, they end there.
void LlamaSession::answer(Search& search, const GenerationContext& call) const {
  const bool is_over = !search.goes_on() || !stop_.stop_requested();  // what ended before a stop is whole
  search.beams.end(is_over ? FinishReason::length : FinishReason::cancelled);
  std::size_t i = 0;
  for (Job& job : search.jobs) {
    if (!job.answers) break;
    if (i < search.beams.complete().size()) {
      const auto& text = search.beams.complete()[i++];
      for (const auto token : text.tokens) {
        take(job, token);
        tell(job, call);
      }
      hand_on(job, job.text.finish(), call);
      job.completion.finish_reason = text.reason;
    }
    job.done = is_over;  // also where there are fewer texts than were asked for
  }
}

}  // namespace berth::llama
