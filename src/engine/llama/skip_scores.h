/// Embeddings without the scores of all words, which llama.cpp computes for each token of a model that generates.
#pragma once

#include <ggml.h>

#include <cstdint>

namespace berth::llama {

/// Whether nothing but the scores of a vocabulary of `words` is computed from the states of the last layer in `graph`: then
/// its computation may end at the states.
bool only_scores_follow(ggml_cgraph& graph, std::int64_t words);

/// A ggml_backend_sched_eval_callback that ends a computation at the states where `skips`, a bool, is true. Where devices share
/// a graph, the part that the states are in ends there.
bool end_at_states(ggml_tensor* tensor, bool asks, void* skips);

}  // namespace berth::llama
