/// From the scores of the next token to the token.
#pragma once

#include "berth/engine.h"
#include "engine/llama/handles.h"

namespace berth::llama {

/// Chooses the tokens of one completion by GenerationOptions, in the order that transformers uses.
class Sampler {
 public:
  /// `prompt` counts for the repetition penalty.
  Sampler(const GenerationOptions& options, std::uint32_t seed, const std::vector<llama_token>& prompt,
          const llama_vocab* vocab);

  /// The next token, from row `output` of the last decoded batch.
  llama_token next(llama_context* context, std::int32_t output);

 private:
  std::int32_t n_vocab_;
  SamplerHandle chain_;  // none: the likeliest token as it is
};

}  // namespace berth::llama
