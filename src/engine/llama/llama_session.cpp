#include "engine/llama/llama_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <random>
#include <stdexcept>

#include "berth/error.h"
#include "discover/host/usable.h"
#include "engine/llama/backends.h"
#include "engine/llama/log_capture.h"

namespace berth::llama {
namespace {
constexpr std::size_t max_sequences = 64;  // in one batch
constexpr std::int32_t batch_tokens = 2048;
constexpr std::uint32_t wave_cells = 8192;  // context that prompts of one call share, where none is longer by itself
}  // namespace

/// Times of one call.
struct LlamaSession::Clock {
  using steady = std::chrono::steady_clock;
  steady::time_point started = steady::now();
  std::optional<steady::time_point> first_token;
  steady::time_point last_token;
  std::size_t tokens_after_first = 0;

  void token(bool first_of_completion) {
    last_token = steady::now();
    if (!first_token) first_token = last_token;
    if (!first_of_completion) ++tokens_after_first;
  }
};

/// The right to use the context, first come, first served as far as the mutex is.
class LlamaSession::Turn {
 public:
  Turn(LlamaSession& session, const std::stop_token& stop) : session_(session) {
    std::unique_lock lock(session.mutex_);
    if (session.running_ == std::this_thread::get_id())
      throw std::invalid_argument("A session cannot generate from within its own callback; use a second session");
    granted_ = session.free_.wait(lock, stop, [&] { return session.running_ == std::thread::id(); });
    if (!granted_) return;
    session.running_ = std::this_thread::get_id();
    session.stop_ = stop;
  }
  ~Turn() {
    if (!granted_) return;
    {
      const std::lock_guard lock(session_.mutex_);
      session_.running_ = {};
      session_.stop_ = {};
    }
    session_.free_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool granted() const { return granted_; }

 private:
  LlamaSession& session_;
  bool granted_ = false;
};

LlamaSession::LlamaSession(std::shared_ptr<const LlamaModel> model, const SessionOptions& options)
    : model_(std::move(model)), options_(options), batch_(new llama_batch(llama_batch_init(batch_tokens, 0, 1))) {
  if (options_.n_ctx < 0) throw std::invalid_argument(fmt::format("n_ctx must be 0 or more, got {}", options_.n_ctx));
  if (options_.n_threads < 0)
    throw std::invalid_argument(fmt::format("n_threads must be 0 or more, got {}", options_.n_threads));
  if (options_.n_threads == 0) options_.n_threads = discovery::usable_cores();
}

GenerationResult LlamaSession::generate(const GenerationRequest& request) {
  request.options.validate();
  const auto prompts = tokenize(request.prompts);
  std::vector<Job> jobs = plan_jobs(request, prompts);

  Clock clock;
  if (const Turn turn(*this, request.stop); turn.granted()) {
    clock = {};  // what was spent waiting for other calls does not count
    for (std::span<Job> rest = jobs; !rest.empty();) {
      const auto wave = rest.first(wave_size(rest));
      run_wave(wave, request, clock);
      rest = rest.subspan(wave.size());
    }
  }

  GenerationResult result;
  for (Job& job : jobs) {
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

int LlamaSession::context_limit() const { return options_.n_ctx > 0 ? options_.n_ctx : model_->info().context_length; }

std::vector<std::vector<llama_token>> LlamaSession::tokenize(const std::vector<Prompt>& prompts) const {
  std::vector<std::vector<llama_token>> tokenized;
  for (const auto& prompt : prompts) {
    auto tokens = model_->tokenize(prompt);
    if (tokens.empty()) throw std::invalid_argument("The prompt is empty: there is nothing to continue");
    if (tokens.size() >= static_cast<std::size_t>(context_limit()))
      throw std::invalid_argument(fmt::format(
          "The prompt is {} tokens long, and the context of '{}' holds {} with at least one for the answer; shorten it",
          tokens.size(), model_->info().path.filename().string(), context_limit()));
    tokenized.push_back(std::move(tokens));
  }
  return tokenized;
}

std::vector<LlamaSession::Job> LlamaSession::plan_jobs(const GenerationRequest& request,
                                                       const std::vector<std::vector<llama_token>>& prompts) const {
  const auto& options = request.options;
  const std::uint32_t seed = options.seed ? *options.seed : std::random_device{}();
  std::vector<Job> jobs;
  for (const auto& prompt : prompts) {
    const auto room = context_limit() - static_cast<std::int32_t>(prompt.size());
    for (int sample = 0; sample < options.num_return_sequences; ++sample) {
      const auto job_seed = seed + static_cast<std::uint32_t>(jobs.size());
      Completion completion;
      completion.prompt_tokens = prompt.size();
      completion.seed = options.do_sample ? job_seed : 0;
      jobs.push_back({.index = jobs.size(),
                      .prompt = &prompt,
                      .max_new_tokens = std::min(options.max_new_tokens, room),
                      .sampler = Sampler(options, job_seed, prompt, model_->vocab()),
                      .text = TextStream(options.stop_words),
                      .completion = std::move(completion)});
    }
  }
  return jobs;
}

namespace {
/// Cells that one more job takes; samples of one prompt share its cells.
template <class Job>
std::uint32_t cells_of(const Job& job, bool shares_prompt) {
  return static_cast<std::uint32_t>(job.max_new_tokens) +
         (shares_prompt ? 0 : static_cast<std::uint32_t>(job.prompt->size()));
}

template <class Jobs>
std::uint32_t cells_of_all(const Jobs& jobs) {
  std::uint32_t cells = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    cells += cells_of(jobs[i], i > 0 && jobs[i].prompt == jobs[i - 1].prompt);
  return cells;
}
}  // namespace

/// How many of `jobs`, from the first on, are computed together: at least one.
std::size_t LlamaSession::wave_size(std::span<const Job> jobs) const {
  const auto limit = options_.n_ctx > 0 ? static_cast<std::uint32_t>(options_.n_ctx) : wave_cells;
  std::size_t n = 1;
  while (n < std::min(jobs.size(), max_sequences) && cells_of_all(jobs.first(n + 1)) <= limit) ++n;
  return n;
}

/// Makes a context, or a larger one, where the one that is there is too small.
void LlamaSession::prepare_context(std::span<const Job> jobs) {
  const std::uint32_t cells =
      options_.n_ctx > 0 ? static_cast<std::uint32_t>(options_.n_ctx) : std::bit_ceil(cells_of_all(jobs));
  const auto sequences = static_cast<std::uint32_t>(jobs.size());
  if (context_ && llama_n_ctx(context_.get()) >= cells && llama_n_seq_max(context_.get()) >= sequences) return;

  auto params = llama_context_default_params();
  params.n_ctx = std::max(cells, context_ ? llama_n_ctx(context_.get()) : 0);
  params.n_seq_max = std::max(sequences, context_ ? llama_n_seq_max(context_.get()) : 0);
  params.n_batch = std::min(params.n_ctx, static_cast<std::uint32_t>(batch_tokens));
  params.n_outputs_max = params.n_seq_max;
  params.kv_unified = true;
  params.n_threads = options_.n_threads;
  params.n_threads_batch = options_.n_threads;
  params.no_perf = true;
  params.abort_callback = [](void* self) { return static_cast<LlamaSession*>(self)->stop_.stop_requested(); };
  params.abort_callback_data = this;

  LogCapture log;
  context_.reset();  // the old one's memory is free for the new one
  in_context_.clear();
  const HoldBackends hold;
  context_.reset(llama_init_from_model(model_->handle(), params));
  if (!context_)
    throw EngineError("llama.cpp", model_->info().device.str(),
                      fmt::format("cannot make a context of {} tokens: {}", params.n_ctx,
                                  log.errors("probably too little memory; set a smaller n_ctx or max_new_tokens")));
}

/// The tokens at the start of the only job's prompt that the context holds already; the rest of it is forgotten.
llama_pos LlamaSession::reuse_prefix(std::span<Job> jobs) {
  const auto memory = llama_get_memory(context_.get());
  if (options_.reuse_prefix && jobs.size() == 1) {
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

void LlamaSession::run_wave(std::span<Job> jobs, const GenerationRequest& request, Clock& clock) {
  if (request.stop.stop_requested()) return;
  prepare_context(jobs);
  try {
    decode_prompts(jobs, request, clock);
    while (!request.stop.stop_requested() && !std::ranges::all_of(jobs, &Job::done))
      decode_next_tokens(jobs, request, clock);
  } catch (...) {
    in_context_.clear();
    throw;
  }
  for (Job& job : jobs) {
    if (job.done) continue;
    auto rest = job.text.finish();  // cancelled: nothing that was generated is lost
    job.completion.text += rest;
    if (request.on_chunk && !rest.empty()) request.on_chunk({.content = std::move(rest), .index = job.index});
  }
}

void LlamaSession::decode_prompts(std::span<Job> jobs, const GenerationRequest& request, Clock& clock) {
  const llama_pos reused = reuse_prefix(jobs);
  batch_->n_tokens = 0;
  const auto limit = static_cast<std::int32_t>(llama_n_batch(context_.get()));

  struct Ready {  // a prompt whose last token is in the batch
    std::span<Job> samples;
    std::int32_t output;
  };
  std::vector<Ready> ready;
  const auto flush = [&] {
    if (!decode()) return false;
    for (const auto& [samples, output] : ready) {
      for (Job& job : samples) {
        if (job.sequence != samples[0].sequence)
          llama_memory_seq_cp(llama_get_memory(context_.get()), samples[0].sequence, job.sequence, -1, -1);
        accept(job, output, request, clock);
      }
    }
    ready.clear();
    batch_->n_tokens = 0;
    return true;
  };

  for (std::size_t first = 0; first < jobs.size();) {
    const auto& prompt = *jobs[first].prompt;
    std::size_t end = first;
    for (; end < jobs.size() && jobs[end].prompt == &prompt; ++end) {
      jobs[end].sequence = static_cast<llama_seq_id>(end);
      jobs[end].position = static_cast<llama_pos>(prompt.size());
    }
    const auto n = static_cast<llama_pos>(prompt.size());
    for (llama_pos i = first == 0 ? reused : 0; i < n; ++i) {
      if (batch_->n_tokens == limit && !flush()) return;
      add_to_batch(prompt[static_cast<std::size_t>(i)], i, jobs[first].sequence, i == n - 1);
    }
    ready.push_back({jobs.subspan(first, end - first), batch_->n_tokens - 1});
    first = end;
  }
  if (flush() && jobs.size() == 1) in_context_ = *jobs[0].prompt;
}

void LlamaSession::decode_next_tokens(std::span<Job> jobs, const GenerationRequest& request, Clock& clock) {
  batch_->n_tokens = 0;
  std::vector<std::pair<Job*, std::int32_t>> outputs;
  for (Job& job : jobs) {
    if (job.done) continue;
    outputs.emplace_back(&job, batch_->n_tokens);
    add_to_batch(job.token, job.position++, job.sequence, true);
    if (jobs.size() == 1) in_context_.push_back(job.token);
  }
  if (!decode()) return;
  for (const auto& [job, output] : outputs) accept(*job, output, request, clock);
}

/// Computes the batch; false where the caller cancelled it.
bool LlamaSession::decode() {
  if (stop_.stop_requested()) {  // not every backend asks while it computes
    in_context_.clear();
    return false;
  }
  LogCapture log;
  const auto status = llama_decode(context_.get(), *batch_);
  if (status == 0) return true;
  in_context_.clear();  // what was computed of it is unknown
  if (stop_.stop_requested()) return false;
  throw EngineError("llama.cpp", model_->info().device.str(),
                    fmt::format("computing {} tokens failed ({}): {}", batch_->n_tokens, status,
                                log.errors(status == 1 ? "the context is full" : "no reason was given")));
}

/// Chooses the next token of `job` from row `output` and hands its text on.
void LlamaSession::accept(Job& job, std::int32_t output, const GenerationRequest& request, Clock& clock) {
  job.token = job.sampler.next(context_.get(), output);
  auto& completion = job.completion;
  clock.token(completion.generated_tokens == 0);
  ++completion.generated_tokens;

  std::string text;
  if (llama_vocab_is_eog(model_->vocab(), job.token)) {
    completion.finish_reason = FinishReason::end_of_text;
    job.done = true;
  } else {
    text = job.text.push(model_->piece(job.token));
    if (job.text.stopped()) {
      completion.finish_reason = FinishReason::stop_word;
      job.done = true;
    } else if (completion.generated_tokens == static_cast<std::size_t>(job.max_new_tokens)) {
      completion.finish_reason = FinishReason::length;
      job.done = true;
    }
  }
  if (job.done) text += job.text.finish();
  completion.text += text;
  if (request.on_chunk && !text.empty()) request.on_chunk({.content = std::move(text), .index = job.index});
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
