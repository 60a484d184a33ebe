#include "engine/llama/llama_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <numeric>
#include <stdexcept>

#include "berth/error.h"
#include "discover/host/usable.h"
#include "engine/computing.h"
#include "engine/llama/backends.h"
#include "engine/llama/context_params.h"
#include "engine/llama/log_capture.h"

namespace berth::llama {

void LlamaSession::Clock::token(bool first_of_completion) {
  last_token = steady::now();
  if (!first_token) first_token = last_token;
  if (!first_of_completion) ++tokens_after_first;
}

LlamaSession::LlamaSession(std::shared_ptr<const LlamaModel> model, const SessionOptions& options, TextTime text_time)
    : model_(std::move(model)),
      options_(options),
      text_time_(text_time),
      prefetch_(*model_->handle(), model_->info().placement),
      batch_(new llama_batch(llama_batch_init(model_->context().n_batch, 0, 1))) {
  if (options_.n_ctx < 0 || options_.n_ctx > model_->context().n_ctx)
    throw std::invalid_argument(fmt::format("n_ctx must be from 0 to {}, which is what '{}' was loaded with, got {}",
                                            model_->context().n_ctx, model_->info().path.filename().string(),
                                            options_.n_ctx));
  if (options_.n_threads < 0)
    throw std::invalid_argument(fmt::format("n_threads must be 0 or more, got {}", options_.n_threads));
  if (options_.n_threads == 0) options_.n_threads = discovery::usable_cores();
  if (options_.reserve)
    make_context(static_cast<std::uint32_t>(model_->sequence_limit()),
                 static_cast<std::uint32_t>(model_->context().n_seq),
                 model_->encodes() ? static_cast<std::uint32_t>(model_->encode_limit()) : 0);
}

LlamaSession::~LlamaSession() { model_->forget_session(this); }

GenerationResult LlamaSession::generate(const GenerationRequest& request, const GenerationContext& call) {
  request.options.validate();
  const auto prompts = tokenize(*model_, request.prompts);
  std::vector<Job> jobs = plan_jobs(*model_, request, prompts);

  Clock clock;
  if (const Turns::Turn turn(turns_, call.stop); turn.granted()) {
    stop_ = call.stop;
    clock = {};  // what was spent waiting for other calls does not count
    for (std::span<Job> rest = jobs; !rest.empty();) {
      const auto wave = rest.first(wave_size(*model_, rest, static_cast<std::size_t>(request.options.num_beams)));
      run_wave(wave, request.options, call, clock);
      rest = rest.subspan(wave.size());
    }
  }

  GenerationResult result;
  for (Job& job : jobs) {
    if (!job.answers) continue;
    if (!job.done) job.completion.finish_reason = FinishReason::cancelled;
    result.completions.push_back(std::move(job.completion));
  }
  if (clock.first_token) {
    const auto ms = [](auto duration) { return std::chrono::duration<double, std::milli>(duration).count(); };
    result.first_token_ms = ms(*clock.first_token - clock.started);
    result.generation_ms = ms(clock.last_token - *clock.first_token);
    if (result.generation_ms > 0)
      result.tokens_per_second = 1000 * static_cast<double>(clock.tokens_after_first) / result.generation_ms;
  }
  return result;
}

/// Makes a context, or a larger one, where the one that is there is too small.
void LlamaSession::prepare_context(std::span<const Job> jobs) {
  const bool unified = model_->context().unified;
  std::uint32_t cells = unified ? cells_of(*model_, jobs) : 0;  // of each sequence, or of all where they share them
  if (!unified)
    for (const Job& job : jobs) cells = std::max(cells, cells_of(*model_, {&job, 1}));
  auto encoded = encoded_of(*model_, jobs);
  cells = std::max(cells, encoded);  // the engine's batches are no larger than its context
  cells = std::min(cells, static_cast<std::uint32_t>(model_->sequence_limit()));  // beams may share more than they take
  auto sequences = static_cast<std::uint32_t>(jobs.size());
  // The engine reserves for batches that are a multiple of the sequences; with three it would take more than with four.
  if (encoded > 0) sequences = std::min(std::bit_ceil(sequences), static_cast<std::uint32_t>(model_->context().n_seq));
  if (context_ && llama_n_ctx_seq(context_.get()) >= cells && llama_n_seq_max(context_.get()) >= sequences &&
      llama_n_ubatch(context_.get()) >= encoded)
    return;

  cells = std::max(std::bit_ceil(cells), static_cast<std::uint32_t>(options_.n_ctx));
  if (context_) {
    cells = std::max(cells, llama_n_ctx_seq(context_.get()));
    sequences = std::max(sequences, llama_n_seq_max(context_.get()));
    if (encoded > 0) encoded = std::max(encoded, llama_n_ubatch(context_.get()));
  }
  make_context(cells, sequences, encoded);
}

/// `cells` of each sequence, or of all where they share them; `encoded` tokens of prompts are read at a time by an encoder.
void LlamaSession::make_context(std::uint32_t cells, std::uint32_t sequences, std::uint32_t encoded) {
  const bool unified = model_->context().unified;
  cells = std::min(cells, static_cast<std::uint32_t>(model_->sequence_limit()));
  auto params = context_params(model_->context());
  params.n_ctx = unified ? cells : cells * sequences;
  params.n_seq_max = sequences;
  params.n_batch = std::min(params.n_ctx, params.n_batch);
  params.n_outputs_max = params.n_seq_max;
  if (encoded > 0)  // behind an encoder a batch of the decoder has a token of each sequence
    params.n_ubatch = std::min(params.n_ubatch, std::max(std::bit_ceil(encoded), sequences));
  params.n_threads = options_.n_threads;
  params.n_threads_batch = options_.n_threads;
  params.abort_callback = [](void* self) { return static_cast<LlamaSession*>(self)->stop_.stop_requested(); };
  params.abort_callback_data = this;
  prefetch_.watch(params);

  LogCapture log;
  model_->forget_session(this);
  context_.reset();  // the old one's memory is free for the new one
  // Computed on the CPU alone. An encoder would have the room for samplers' results with each of its tokens.
  if (text_time_ == TextTime::before_next_token && !model_->encodes())
    taps_.emplace(*model_->vocab(), params.n_seq_max).attach(params);
  in_context_.clear();
  most_encoded_ = 0;
  const HoldBackends hold;
  context_.reset(llama_init_from_model(model_->handle(), params));
  if (!context_)
    throw EngineError("llama.cpp", model_->info().where(),
                      fmt::format("cannot make a context of {} tokens: {}", params.n_ctx,
                                  log.errors("probably too little memory; set a smaller n_ctx or max_new_tokens")));
  model_->set_session(this, *context_, most_encoded_, taps_.has_value());
}

/// The tokens at the start of the only job's prompt that the context holds already; the rest of it is forgotten.
llama_pos LlamaSession::reuse_prefix(std::span<Job> jobs) {
  const auto memory = llama_get_memory(context_.get());
  if (options_.reuse_prefix && jobs.size() == 1 && !model_->encodes()) {
    const auto& prompt = *jobs[0].prompt;
    const auto same = std::mismatch(in_context_.begin(), in_context_.end(), prompt.begin(), prompt.end());
    const auto shared =
        std::min<std::ptrdiff_t>(same.first - in_context_.begin(), static_cast<std::ptrdiff_t>(prompt.size()) - 1);
    in_context_.resize(static_cast<std::size_t>(shared));
    if (shared > 0 && llama_memory_seq_rm(memory, 0, static_cast<llama_pos>(shared), -1))
      return static_cast<llama_pos>(shared);
  }
  llama_memory_clear(memory, false);
  in_context_.clear();
  return 0;
}

void LlamaSession::hand_on(Job& job, std::string text, const GenerationContext& call) const {
  if (text.empty()) return;
  job.completion.text += text;
  if (call.on_chunk) call.on_chunk({.content = std::move(text), .index = job.index});
}

void LlamaSession::run_wave(std::span<Job> jobs, const GenerationOptions& options, const GenerationContext& call,
                            Clock& clock) {
  if (call.stop.stop_requested()) return;
  prepare_context(jobs);
  several_ = jobs.size() > 1;
  try {
    options.num_beams > 1 ? search_beams(jobs, options, call, clock) : run_samples(jobs, call, clock);
  } catch (...) {
    computing_.reset();
    in_context_.clear();
    throw;
  }
  computing_.reset();
  model_->set_session(this, *context_, most_encoded_, taps_.has_value());  // buffers grow while a batch is computed
  for (Job& job : jobs) {
    tell(job, call);
    if (!job.done) hand_on(job, job.text.finish(), call);  // cancelled: nothing that was generated is lost
  }
}

void LlamaSession::run_samples(std::span<Job> jobs, const GenerationContext& call, Clock& clock) {
  decode_prompts(jobs, [&](std::span<Job> samples) {
    for (Job& job : samples) {
      if (job.sequence != samples[0].sequence)
        llama_memory_seq_cp(llama_get_memory(context_.get()), samples[0].sequence, job.sequence, -1, -1);
      if (!job.begun.empty()) continue;
      choose(job, clock);
      tell(job, call);
    }
  });
  decode_begun(jobs, call, clock);
  while (!call.stop.stop_requested() && !std::ranges::all_of(jobs, &Job::done)) decode_next_tokens(jobs, call, clock);
}

/// Computes what the decoder looks at, for all jobs in one batch: the engine keeps the result of the last one only, and
/// which sequences each of its tokens belongs to. False where the caller cancelled it.
bool LlamaSession::encode_prompts(std::span<Job> jobs) {
  std::vector<llama_token> tokens;
  std::vector<llama_pos> positions;
  std::vector<std::int32_t> counts;
  std::vector<llama_seq_id> sequences(jobs.size());  // those of one prompt follow each other
  std::iota(sequences.begin(), sequences.end(), 0);
  std::vector<llama_seq_id*> of_token;
  for (std::size_t first = 0, end = 0; first < jobs.size(); first = end) {
    const auto& prompt = *jobs[first].prompt;
    while (end < jobs.size() && jobs[end].prompt == &prompt) ++end;
    for (std::size_t i = 0; i < prompt.size(); ++i) positions.push_back(static_cast<llama_pos>(i));
    tokens.insert(tokens.end(), prompt.begin(), prompt.end());
    counts.resize(tokens.size(), static_cast<std::int32_t>(end - first));
    of_token.resize(tokens.size(), &sequences[first]);
  }
  llama_batch batch{};
  batch.n_tokens = static_cast<std::int32_t>(tokens.size());
  batch.token = tokens.data();
  batch.pos = positions.data();
  batch.n_seq_id = counts.data();
  batch.seq_id = of_token.data();
  if (stop_.stop_requested()) return false;
  LogCapture log;
  most_encoded_ = std::max(most_encoded_, static_cast<std::uint32_t>(tokens.size()));
  const Computing computing(tokens.size(), false);
  return computed(llama_encode(context_.get(), batch), batch.n_tokens, log);
}

/// Computes the prompts; `go_on` gets the jobs of each when the scores behind it are there, in the sequence of the first one.
void LlamaSession::decode_prompts(std::span<Job> jobs, const std::function<void(std::span<Job>)>& go_on) {
  const llama_pos reused = reuse_prefix(jobs);
  if (model_->encodes() && !encode_prompts(jobs)) return;
  batch_->n_tokens = 0;
  const auto limit = static_cast<std::int32_t>(llama_n_batch(context_.get()));

  std::vector<std::span<Job>> ready;  // those of each prompt whose last token is in the batch
  const auto flush = [&] {
    if (!decode()) return false;
    std::ranges::for_each(ready, go_on);
    ready.clear();
    batch_->n_tokens = 0;
    return true;
  };

  for (std::size_t first = 0; first < jobs.size();) {
    const auto& prompt = decoded(*model_, *jobs[first].prompt);
    std::size_t end = first;
    for (; end < jobs.size() && jobs[end].prompt == jobs[first].prompt; ++end) {
      jobs[end].sequence = static_cast<llama_seq_id>(end);
      jobs[end].position = static_cast<llama_pos>(prompt.size());
    }
    const auto n = static_cast<llama_pos>(prompt.size());
    for (llama_pos i = first == 0 ? reused : 0; i < n; ++i) {
      if (batch_->n_tokens == limit && !flush()) return;
      add_to_batch(prompt[static_cast<std::size_t>(i)], i, jobs[first].sequence, i == n - 1);
    }
    ready.push_back(jobs.subspan(first, end - first));
    for (Job& job : ready.back()) job.output = batch_->n_tokens - 1;
    first = end;
  }
  if (flush() && jobs.size() == 1) in_context_ = decoded(*model_, *jobs[0].prompt);
}

/// Takes the tokens that jobs begin with, and computes all but the last of each, which is then the next to be decoded.
void LlamaSession::decode_begun(std::span<Job> jobs, const GenerationContext& call, Clock& clock) {
  if (call.stop.stop_requested()) return;
  const auto limit = static_cast<std::int32_t>(llama_n_batch(context_.get()));
  batch_->n_tokens = 0;
  for (Job& job : jobs) {
    for (const auto token : job.begun) {
      if (job.done) break;
      if (job.completion.generated_tokens > 0) {
        if (batch_->n_tokens == limit) {
          if (!decode()) return;
          batch_->n_tokens = 0;
        }
        add_to_batch(job.token, job.position++, job.sequence, false);
        if (jobs.size() == 1) in_context_.push_back(job.token);
      }
      clock.token(job.completion.generated_tokens == 0);
      take(job, token);
      tell(job, call);
    }
  }
  if (batch_->n_tokens > 0) decode();
}

void LlamaSession::decode_next_tokens(std::span<Job> jobs, const GenerationContext& call, Clock& clock) {
  const auto tell_all = [&] {
    for (Job& job : jobs) tell(job, call);
  };
  batch_->n_tokens = 0;
  for (Job& job : jobs) {
    if (job.done) continue;
    job.output = batch_->n_tokens;
    add_to_batch(job.token, job.position++, job.sequence, true);
    if (jobs.size() == 1) in_context_.push_back(job.token);
  }
  if (!decode()) return;
  if (text_time_ == TextTime::beside_next_token) {
    tell_all();
    if (call.stop.stop_requested()) return;
  }
  for (Job& job : jobs)
    if (!job.done) choose(job, clock);
  if (text_time_ == TextTime::before_next_token) tell_all();
}

/// Computes the batch; false where the caller cancelled it, and where `may_be_full` if the context has no room for it.
bool LlamaSession::decode(bool may_be_full) {
  if (stop_.stop_requested()) {  // not every backend asks while it computes
    in_context_.clear();
    return false;
  }
  if (taps_) taps_->begin(several_ ? llama_get_logits(context_.get()) : nullptr);
  LogCapture log;
  const std::span outputs(batch_->logits, static_cast<std::size_t>(batch_->n_tokens));
  computing_.reset();
  computing_.emplace(outputs.size(), std::ranges::any_of(outputs, [](auto each) { return each != 0; }));
  return computed(llama_decode(context_.get(), *batch_), batch_->n_tokens, log, may_be_full);
}

/// Whether the engine did what it was asked for; false as decode() says.
bool LlamaSession::computed(int status, int tokens, LogCapture& log, bool may_be_full) {
  if (status == 0) return true;
  in_context_.clear();  // what was computed of it is unknown
  if (stop_.stop_requested() || (status == 1 && may_be_full)) return false;
  throw EngineError("llama.cpp", model_->info().where(),
                    fmt::format("computing {} tokens failed ({}): {}", tokens, status,
                                log.errors(status == 1 ? "the context is full" : "no reason was given")));
}

ScoreTaps::Scores LlamaSession::scores_of(const Job& job) {
  if (taps_) return taps_->of(*batch_->seq_id[job.output]);
  const auto n_vocab = static_cast<std::size_t>(llama_vocab_n_tokens(model_->vocab()));
  float* scores = llama_get_logits_ith(context_.get(), job.output);  // waits until they are computed
  return {{scores, scores == nullptr ? 0 : n_vocab}, {}};
}

void LlamaSession::finish_computing() {
  if (computing_) computing_->finish();
  computing_.reset();
}

void LlamaSession::refuse_scores() const {
  throw EngineError("llama.cpp", model_->info().where(),
                    "the model computed scores that are not numbers (NaN or infinite): the file is damaged, or this "
                    "device computes it wrongly; try another device or another file of the model");
}

/// Chooses the next token of `job`. Its text is made by tell().
void LlamaSession::choose(Job& job, Clock& clock) {
  const auto [scores, maxima] = scores_of(job);
  finish_computing();
  const auto token = job.sampler.next(scores, maxima);
  if (!token) refuse_scores();
  clock.token(job.completion.generated_tokens == 0);
  take(job, *token);
}

/// Makes `token` the last one of `job`.
void LlamaSession::take(Job& job, llama_token token) const {
  job.token = token;
  job.untold = true;
  auto& completion = job.completion;
  ++completion.generated_tokens;

  if (model_->ends_text(job.token)) {
    completion.finish_reason = FinishReason::end_of_text;
    job.done = true;
  } else if (completion.generated_tokens == static_cast<std::size_t>(job.max_new_tokens)) {
    completion.finish_reason = FinishReason::length;
    job.done = true;
  }
}

/// Makes the text of the last token of `job` and hands on what became certain.
void LlamaSession::tell(Job& job, const GenerationContext& call) const {
  if (!job.untold) return;
  job.untold = false;
  if (call.on_token) call.on_token(job.index, job.token);
  std::string text;
  if (!job.done || job.completion.finish_reason != FinishReason::end_of_text)
    text = job.text.push(model_->next_piece(job.token, job.begins));
  if (job.text.stopped()) {
    job.completion.finish_reason = FinishReason::stop_word;
    job.done = true;
  }
  if (job.done) text += job.text.finish();
  hand_on(job, std::move(text), call);
}

void LlamaSession::add_to_batch(llama_token token, llama_pos position, llama_seq_id sequence, bool output) {
  const auto i = batch_->n_tokens++;
  batch_->token[i] = token;
  batch_->pos[i] = position;
  batch_->n_seq_id[i] = 1;
  batch_->seq_id[i][0] = sequence;
  batch_->logits[i] = output ? 1 : 0;
}

}  // namespace berth::llama
