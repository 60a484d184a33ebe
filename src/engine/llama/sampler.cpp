#include "engine/llama/sampler.h"

#include <algorithm>

namespace berth::llama {

Sampler::Sampler(const GenerationOptions& options, std::uint32_t seed, const std::vector<llama_token>& prompt,
                 const llama_vocab* vocab)
    : n_vocab_(llama_vocab_n_tokens(vocab)) {
  const bool penalty = options.repetition_penalty != 1.0;
  if (!options.do_sample && !penalty) return;

  auto params = llama_sampler_chain_default_params();
  params.no_perf = true;
  chain_.reset(llama_sampler_chain_init(params));
  const auto add = [&](llama_sampler* sampler) { llama_sampler_chain_add(chain_.get(), sampler); };
  if (penalty) {
    const auto whole_text = static_cast<std::int32_t>(prompt.size()) + options.max_new_tokens;
    add(llama_sampler_init_penalties(n_vocab_, whole_text, static_cast<float>(options.repetition_penalty), 0.0F, 0.0F));
  }
  if (options.do_sample) {
    add(llama_sampler_init_temp(static_cast<float>(options.temperature)));
    if (options.top_k > 0) add(llama_sampler_init_top_k(options.top_k));
    if (options.top_p < 1) add(llama_sampler_init_top_p(static_cast<float>(options.top_p), 1));
    if (options.min_p > 0) add(llama_sampler_init_min_p(static_cast<float>(options.min_p), 1));
    add(llama_sampler_init_dist(seed));
  } else {
    add(llama_sampler_init_greedy());
  }
  if (penalty)
    for (const llama_token token : prompt) llama_sampler_accept(chain_.get(), token);
}

llama_token Sampler::next(llama_context* context, std::int32_t output) {
  if (chain_) return llama_sampler_sample(chain_.get(), context, output);
  const float* scores = llama_get_logits_ith(context, output);
  return static_cast<llama_token>(std::max_element(scores, scores + n_vocab_) - scores);
}

}  // namespace berth::llama
