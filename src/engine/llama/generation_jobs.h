/// What a request asks of a model: its completions, and how much of a context they take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/llama/llama_model.h"
#include "engine/sampler.h"
#include "engine/text_stream.h"

namespace berth::llama {

/// One completion to make, and while it is made, its place in the context. In a beam search the place of one beam; the first
/// jobs of a prompt become its completions.
struct GenerationJob {
  std::size_t index;  // of the completion
  const std::vector<llama_token>* prompt;
  std::int32_t max_new_tokens;
  std::span<const llama_token> begun;  // tokens that it starts with
  Sampler sampler;
  TextStream text;
  Completion completion;
  llama_seq_id sequence = 0;
  llama_pos position = 0;   // of the next token
  llama_token token = 0;    // the last one generated, not yet decoded
  std::int32_t output = 0;  // row of the batch with the scores of the next one
  bool begins = true;       // no token with a text came yet
  bool untold = false;      // the text of `token` is still to be made
  bool done = false;        // no token comes after `token`
  bool answers = true;      // false: a beam more than there are completions
};

/// Throws std::invalid_argument for a prompt that is empty or too long for the context that `model` was loaded with.
std::vector<std::vector<llama_token>> tokenize(const LlamaModel& model, const std::vector<Prompt>& prompts);

/// The jobs of `request`, those of one prompt one after the other. They point into `prompts` and `request`. Throws
/// std::invalid_argument for begun tokens that an earlier call of this request cannot have made, and for more beams than the
/// context that `model` was loaded with computes at the same time.
std::vector<GenerationJob> plan_jobs(const LlamaModel& model, const GenerationRequest& request,
                                     const std::vector<std::vector<llama_token>>& prompts);

/// What the decoder starts with: the prompt, or behind an encoder its start token.
const std::vector<llama_token>& decoded(const LlamaModel& model, const std::vector<llama_token>& prompt);

/// Cells of the cache that `jobs` take: samples of one prompt share its cells.
std::uint32_t cells_of(const LlamaModel& model, std::span<const GenerationJob> jobs);

/// Tokens that are encoded for `jobs`, each prompt once; 0 for a model without an encoder.
std::uint32_t encoded_of(const LlamaModel& model, std::span<const GenerationJob> jobs);

/// How many of `jobs`, from the first on, are computed together: a multiple of `beams`, and that at least.
std::size_t wave_size(const LlamaModel& model, std::span<const GenerationJob> jobs, std::size_t beams);

}  // namespace berth::llama
