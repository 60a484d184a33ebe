/// Generation on a llama.cpp context: several prompts and samples in one batch.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>

#include "engine/computing.h"
#include "engine/llama/disk_prefetch.h"
#include "engine/llama/generation_jobs.h"
#include "engine/llama/llama_model.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/score_taps.h"
#include "engine/turns.h"

namespace berth::llama {

class LlamaSession final : public Session {
 public:
  /// When the text of a token is made: before the next token is computed, or beside it where the computation leaves
  /// this thread free. A stop word or a stop request then comes one computation late; what was computed is dropped.
  enum class TextTime { before_next_token, beside_next_token };

  LlamaSession(std::shared_ptr<const LlamaModel> model, const SessionOptions& options, TextTime text_time);
  ~LlamaSession() override;

  GenerationResult generate(const GenerationRequest& request, const GenerationContext& call) override;

 private:
  using Job = GenerationJob;
  struct Clock {  // times of one call
    using steady = std::chrono::steady_clock;
    steady::time_point started = steady::now();
    std::optional<steady::time_point> first_token = {};
    steady::time_point last_token = {};
    std::size_t tokens_after_first = 0;

    void token(bool first_of_completion);
  };
  struct Search;

  void prepare_context(std::span<const Job> jobs);
  void make_context(std::uint32_t cells, std::uint32_t sequences, std::uint32_t encoded);
  void run_wave(std::span<Job> jobs, const GenerationOptions& options, const GenerationContext& call, Clock& clock);
  void run_samples(std::span<Job> jobs, const GenerationContext& call, Clock& clock);
  bool encode_prompts(std::span<Job> jobs);
  void decode_prompts(std::span<Job> jobs, const std::function<void(std::span<Job>)>& go_on);
  void decode_begun(std::span<Job> jobs, const GenerationContext& call, Clock& clock);
  void decode_next_tokens(std::span<Job> jobs, const GenerationContext& call, Clock& clock);
  bool decode(bool may_be_full = false);
  bool computed(int status, int tokens, LogCapture& log, bool may_be_full = false);
  ScoreTaps::Scores scores_of(const Job& job);
  void finish_computing();
  [[noreturn]] void refuse_scores() const;
  void choose(Job& job, Clock& clock);
  void take(Job& job, llama_token token) const;
  void tell(Job& job, const GenerationContext& call) const;
  void hand_on(Job& job, std::string text, const GenerationContext& call) const;
  void add_to_batch(llama_token token, llama_pos position, llama_seq_id sequence, bool output);
  llama_pos reuse_prefix(std::span<Job> jobs);

  // llama_session_beams.cpp
  void search_beams(std::span<Job> jobs, const GenerationOptions& options, const GenerationContext& call, Clock& clock);
  Search begin_search(std::span<Job> jobs, const GenerationOptions& options) const;
  void go_on(Search& search, Clock& clock);
  void give_places(Search& search) const;
  void answer(Search& search, const GenerationContext& call) const;

  std::shared_ptr<const LlamaModel> model_;
  SessionOptions options_;
  TextTime text_time_;
  DiskPrefetch prefetch_;
  std::optional<ScoreTaps> taps_;
  ContextHandle context_;

  struct BatchDeleter {
    void operator()(llama_batch* batch) const {
      llama_batch_free(*batch);
      delete batch;
    }
  };
  std::unique_ptr<llama_batch, BatchDeleter> batch_;
  std::vector<llama_token> in_context_;  // tokens of sequence 0 that the context holds, for reuse_prefix
  bool several_ = false;                 // jobs are computed together
  std::uint32_t most_encoded_ = 0;       // tokens that the context had room for in its encoder, so far

  Turns turns_;
  std::stop_token stop_;                // of the call that runs
  std::optional<Computing> computing_;  // until its scores are read
};

}  // namespace berth::llama
