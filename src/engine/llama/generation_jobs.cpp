#include "engine/llama/generation_jobs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace berth::llama {
namespace {

/// An encoder computes a whole prompt at a time. Throws std::invalid_argument where it is too long for that.
void check_encoded(const LlamaModel& model, std::size_t tokens) {
  const auto limit = static_cast<std::size_t>(model.encode_limit());
  if (tokens <= limit) return;
  throw std::invalid_argument(
      fmt::format("The prompt is {} tokens long, and the encoder of '{}' was given room for {}: it computes a prompt "
                  "at once. Shorten "
                  "it, or load the model with an n_ctx of at least {} and n_batch and n_ubatch of at least {}",
                  tokens, model.info().path.filename().string(), limit, tokens, tokens));
}

/// Throws std::invalid_argument for tokens that an earlier call of this request cannot have made.
void set_begun(const LlamaModel& model, GenerationJob& job, std::span<const llama_token> tokens) {
  const auto n_vocab = llama_vocab_n_tokens(model.vocab());
  for (const auto token : tokens) {
    if (token < 0 || token >= n_vocab)
      throw std::invalid_argument(
          fmt::format("`begun` of completion {} holds the token {}; the model has those from 0 to {}", job.index, token,
                      n_vocab - 1));
    job.sampler.accept(token);
  }
  if (tokens.size() > static_cast<std::size_t>(job.max_new_tokens))
    throw std::invalid_argument(
        fmt::format("`begun` of completion {} holds {} tokens, more than the {} that it may have", job.index,
                    tokens.size(), job.max_new_tokens));
  job.begun = tokens;
}

/// The beams of a prompt are computed together.
void check_beams(const LlamaModel& model, const GenerationRequest& request) {
  const int beams = request.options.num_beams;
  if (beams == 1) return;
  if (!std::ranges::all_of(request.begun, [](const auto& tokens) { return tokens.empty(); }))
    throw std::invalid_argument(
        fmt::format("`begun` has tokens, and num_beams is {}: a search cannot go on without its other beams. Leave "
                    "`begun` empty",
                    beams));
  const auto& context = model.context();
  const int cells = context.unified ? model.sequence_limit() : beams;  // each beam has one at least
  const int most = std::min({context.n_seq, context.n_batch, cells});
  if (most >= beams) return;
  std::vector<std::string_view> missing;
  if (context.n_seq < beams) missing.push_back("an n_seq");
  if (context.n_batch < beams) missing.push_back("an n_batch");
  if (cells < beams) missing.push_back("an n_ctx");
  throw std::invalid_argument(fmt::format(
      "num_beams is {}, and '{}' was loaded for {} at the same time: load it with {} of at least {}, or set num_beams "
      "to {}",
      beams, model.info().path.filename().string(), most == 1 ? "one sequence" : fmt::format("{} sequences", most),
      fmt::join(missing, " and "), beams, most));
}

}  // namespace

std::vector<std::vector<llama_token>> tokenize(const LlamaModel& model, const std::vector<Prompt>& prompts) {
  std::vector<std::vector<llama_token>> tokenized;
  for (const auto& prompt : prompts) {
    auto tokens = model.tokenize(prompt);
    if (tokens.empty()) throw std::invalid_argument("The prompt is empty: there is nothing to continue");
    const auto& context = model.context();
    if (model.encodes()) {
      check_encoded(model, tokens.size());
      tokenized.push_back(std::move(tokens));
      continue;
    }
    if (const auto limit = static_cast<std::size_t>(model.sequence_limit()); tokens.size() >= limit)
      throw std::invalid_argument(fmt::format(
          "The prompt is {} tokens long and needs, with one for the answer, {} tokens of context; '{}' was loaded with "
          "{}{}. "
          "Shorten it, or load the model with an n_ctx of at least {}",
          tokens.size(), tokens.size() + 1, model.info().path.filename().string(), limit,
          context.unified || context.n_seq == 1 ? "" : fmt::format(" for each of {} sequences", context.n_seq),
          (tokens.size() + 1) * (context.unified ? 1 : static_cast<std::size_t>(context.n_seq))));
    tokenized.push_back(std::move(tokens));
  }
  return tokenized;
}

std::vector<GenerationJob> plan_jobs(const LlamaModel& model, const GenerationRequest& request,
                                     const std::vector<std::vector<llama_token>>& prompts) {
  const auto& options = request.options;
  check_beams(model, request);
  const std::uint32_t seed = options.seed ? *options.seed : std::random_device{}();
  const auto n_vocab = static_cast<std::size_t>(llama_vocab_n_tokens(model.vocab()));
  const int of_prompt = std::max(options.num_return_sequences, options.num_beams);
  std::size_t completions = 0;
  std::vector<GenerationJob> jobs;
  for (const auto& prompt : prompts) {
    const auto& start = decoded(model, prompt);
    const auto room = model.sequence_limit() - static_cast<std::int32_t>(start.size());
    for (int sample = 0; sample < of_prompt; ++sample) {
      const bool answers = sample < options.num_return_sequences;
      const auto job_seed = seed + static_cast<std::uint32_t>(jobs.size());
      Completion completion;
      completion.prompt_tokens = prompt.size();
      completion.seed = options.do_sample ? job_seed : 0;
      jobs.push_back({.index = answers ? completions++ : 0,
                      .prompt = &prompt,
                      .max_new_tokens = std::min(options.max_new_tokens, room),
                      .begun = {},
                      .sampler = Sampler(options, job_seed, start, n_vocab),
                      .text = TextStream(options.stop_words),
                      .completion = std::move(completion),
                      .answers = answers});
    }
  }
  if (request.begun.size() > jobs.size())
    throw std::invalid_argument(fmt::format("`begun` has tokens for {} completions, and the request makes {}",
                                            request.begun.size(), jobs.size()));
  for (std::size_t i = 0; i < request.begun.size(); ++i) set_begun(model, jobs[i], request.begun[i]);
  return jobs;
}

const std::vector<llama_token>& decoded(const LlamaModel& model, const std::vector<llama_token>& prompt) {
  return model.decoder_start().empty() ? prompt : model.decoder_start();
}

std::uint32_t cells_of(const LlamaModel& model, std::span<const GenerationJob> jobs) {
  std::uint32_t cells = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    cells += static_cast<std::uint32_t>(jobs[i].max_new_tokens);
    if (i == 0 || jobs[i].prompt != jobs[i - 1].prompt)
      cells += static_cast<std::uint32_t>(decoded(model, *jobs[i].prompt).size());
  }
  return cells;
}

std::uint32_t encoded_of(const LlamaModel& model, std::span<const GenerationJob> jobs) {
  std::size_t tokens = 0;
  if (model.encodes())
    for (std::size_t i = 0; i < jobs.size(); ++i)
      if (i == 0 || jobs[i].prompt != jobs[i - 1].prompt) tokens += jobs[i].prompt->size();
  return static_cast<std::uint32_t>(tokens);
}

std::size_t wave_size(const LlamaModel& model, std::span<const GenerationJob> jobs, std::size_t beams) {
  const auto& context = model.context();
  auto most = std::min(jobs.size(), static_cast<std::size_t>(std::min(context.n_seq, context.n_batch)));
  most -= most % beams;
  if (!context.unified) return most;  // each sequence has its own part
  const auto fits = [&](std::span<const GenerationJob> wave) {
    return cells_of(model, wave) <= static_cast<std::uint32_t>(model.wave_limit()) &&
           encoded_of(model, wave) <= static_cast<std::uint32_t>(model.encode_limit());
  };
  std::size_t n = beams;
  while (n < most && fits(jobs.first(n + beams))) n += beams;
  return n;
}

}  // namespace berth::llama
