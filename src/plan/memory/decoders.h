/// How the graphs of decoders differ, by architecture: as llama.cpp 0.3.36 builds them (src/models/*.cpp).
#pragma once

#include <cstdint>
#include <string_view>

#include "plan/memory/model_graph.h"

namespace berth::plan {

enum class Rotary { all, none, windowed, not_each_nth, windowed_or_without_windows };

enum class HeadNorm {
  before_rotation,  ///< of queries and keys, where the model has weights for it
  after_rotation,
  of_all_heads,  ///< before they are split into heads
  plain_after,   ///< without weights, after the rotation
};

enum class Residual {
  sequential,
  beside,           ///< attention and feed-forward part take the same normed input
  beside_own_norm,  ///< attention and feed-forward part each have a norm of the layer's input
};

enum class Shared {
  added,           ///< experts that all tokens go through are added
  gated_by_ratio,  ///< times a gate that a division makes (qwen2moe)
  gated,           ///< times a gate
};

struct Decoder {
  std::string_view architecture;
  Norm norm = Norm::rms;
  bool norms_without_weights = false;
  Rotary rotary = Rotary::all;
  HeadNorm head_norm = HeadNorm::before_rotation;
  Norm head_norm_kind = Norm::rms;
  bool scales_query = false;
  Residual residual = Residual::sequential;
  Activation activation = Activation::silu;
  bool scales_embeddings = false;
  bool residual_first = false;             ///< in sums: their results may be written over it
  bool residual_first_behind_ffn = false;  ///< only in the second sum
  bool scales_parts = false;               ///< what attention and the feed-forward part give is scaled
  int logit_steps = 0;                     ///< steps over the logits: 1 for a scale, 3 for a soft cap
  int score_steps = 0;                     ///< steps over the scores of attention
  std::string_view feed_forward_norm = "ffn_norm";
  bool post_norms = false;  ///< norms of what attention and feed-forward part give
  Gating gating = Gating::softmax;
  bool experts_normalised = true;
  bool experts_normalised_by_metadata = false;
  bool experts_scaled_by_metadata = true;
  Activation expert_activation = Activation::silu;
  bool weighted_before = false;
  Shared shared = Shared::added;
  bool shared_first = false;      ///< the shared experts are computed first
  bool gates_attention = false;   ///< what attention gives is multiplied by a gate
  bool gates_query = false;       ///< queries come with such a gate (qwen3next)
  bool rows_at_end = false;       ///< the rows of outputs are taken behind the last layer
  bool rows_behind_norm = false;  ///< or behind the last norm
  bool encodes = false;           ///< nothing is cached, and there are no logits
  bool all_rows = false;          ///< outputs of all tokens are computed, whatever is asked for
};

/// That of `architecture`, or nullptr.
const Decoder* find_decoder(std::string_view architecture);

/// Builds the graph of a decoder of this form.
void build_decoder(ModelGraph& model, const Decoder& decoder);

}  // namespace berth::plan
