/// The graph that llama.cpp builds for a model, from the parts that architectures share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/model.h"
#include "plan/memory/engine_layout.h"
#include "plan/memory/placed_weights.h"
#include "plan/memory/tensor_graph.h"

namespace berth::plan {

/// Steps that the engine computes as one, where the device of their layer can.
enum class Fused { flash, hyper_pre, hyper_combination, hyper_post };

/// What one graph computes.
struct Batch {
  std::uint64_t tokens = 1;
  std::uint64_t sequences = 1;
  std::uint64_t outputs = 1;
  bool flash_attention = true;
  std::vector<Fused> apart = {};  ///< what is not computed as one
  bool encoder = false;           ///< of an encoder and a decoder, the encoder
  std::uint32_t encoded = 0;      ///< tokens that the decoder looks at; 0: as many as the model was trained for

  bool fuses(Fused step) const { return std::ranges::find(apart, step) == apart.end(); }
  std::uint64_t tokens_each() const { return tokens / sequences; }
};

enum class Norm { rms, layer };

enum class Activation {
  silu,
  gelu,
  relu,
  relu_squared,
  packed,  ///< SwiGLU of one tensor that holds gate and input
  oai,     ///< that of gpt-oss
};

enum class Gating { softmax, sigmoid, softmax_of_chosen, root_of_softplus, by_metadata };

/// Query, key and value of a layer, each {size of a head, heads, tokens}.
struct Projections {
  TensorId query = no_tensor;
  TensorId key = no_tensor;
  TensorId value = no_tensor;
};

struct AttentionOptions {
  bool project = true;             ///< by attn_output
  TensorId bias = no_tensor;       ///< added to the scores
  TensorId values_of = no_tensor;  ///< turns compressed values into those of heads (MLA)
  TensorId chosen = no_tensor;     ///< the keys that each token attends to; else all
  int extra_score_steps = 0;       ///< steps over the scores before softmax, such as three of a soft cap
  std::string_view prefix = {};    ///< of the role of the projection: "dec."
};

struct ExpertOptions {
  Activation activation = Activation::silu;
  Gating gating = Gating::softmax;
  bool normalised = false;  ///< weights of the chosen experts are divided by their sum
  bool scaled = false;      ///< and multiplied by a constant
  bool weighted_before = false;
  TensorId logits = no_tensor;  ///< of the router, where they are computed elsewhere
  TensorId chosen = no_tensor;  ///< the experts, where the router does not choose them
  std::uint64_t count = 0;
  std::uint64_t used = 0;
};

class ModelGraph {
 public:
  ModelGraph(const ModelProfile& profile, const PlacedWeights& weights, const EngineLayout& layout, Batch batch);

  TensorGraph graph;
  const ModelProfile& profile;
  const EngineLayout& layout;
  const Batch batch;

  // The model's facts.
  std::uint64_t number(std::string_view key, std::uint64_t fallback = 0) const;  ///< of the architecture's metadata
  bool is_set(std::string_view key) const;                                       ///< a number other than zero, or true
  bool scales_experts() const;  ///< their weights, by something else than one
  ExpertOptions experts_by_metadata(std::size_t layer) const;
  std::uint64_t width() const { return profile.embedding_length.value_or(0); }
  std::size_t layers() const { return trunk_; }
  const LayerProfile& layer(std::size_t index) const { return profile.layers[index]; }

  // Weights, or no_tensor where the model lacks them.
  TensorId weight(const std::string& name, std::int16_t backend);
  TensorId weight(std::size_t layer, std::string_view role, std::string_view suffix = "weight");
  TensorId global(std::string_view role, std::string_view suffix = "weight");  ///< of the output
  TensorId global_input(std::string_view role) { return weight(std::string(role) + ".weight", layout.host_memory()); }

  // Inputs.
  TensorId embeddings();  ///< of the tokens of the batch
  TensorId positions();
  TensorId output_rows();
  TensorId attention_scale();
  TensorId input(std::string_view name, ElementType type, TensorGraph::Extents extents);  ///< the same for each call

  // Parts.
  TensorId linear(std::size_t layer, std::string_view role, TensorId a, bool bias = false);
  TensorId norm(TensorId a, TensorId weight, TensorId bias, Norm kind, std::optional<std::size_t> layer);
  TensorId norm(TensorId a, std::size_t layer, std::string_view role, Norm kind = Norm::rms);
  /// The scheduler would give the first or the last step of a layer to the device of the one beside it.
  void pin_to_layer(TensorId a, std::size_t layer);
  TensorId heads(TensorId a, std::uint64_t size, std::uint64_t count);  ///< {size, count, tokens}
  Projections project(TensorId a, std::size_t layer, bool split_heads = true, std::uint64_t query_parts = 1,
                      std::string_view prefix = {});
  TensorId rope(TensorId a, std::size_t layer);
  TensorId attention(const Projections& qkv, std::size_t layer, const AttentionOptions& options = {});
  TensorId attention_over_keys(const Projections& qkv, std::size_t layer, const AttentionOptions& options);
  TensorId attention_without_cache(const Projections& qkv, std::size_t layer, const AttentionOptions& options);
  TensorId attention_to_encoder(const Projections& qkv, std::size_t layer, std::uint64_t encoded);
  TensorId latent_attention(TensorId a, std::size_t layer, bool project = true);  ///< MLA
  /// The keys that each token attends to (DSA), by the layer's index, or as in the layer before where it has none.
  TensorId chosen_keys(TensorId query_rank, TensorId a, std::size_t layer);
  TensorId index_scores(TensorId query, TensorId keys, TensorId weights, TensorId mask);
  TensorId by_stream(TensorId a, std::uint64_t streams);  ///< {..., tokens of one, 1, streams}
  TensorId best_keys(TensorId scores);
  TensorId mask_of_chosen(TensorId mask, TensorId chosen, ElementType zeros);
  /// Each group of heads attends to the best blocks of keys (MSA).
  TensorId block_attention(Projections qkv, TensorId index_query, TensorId index_key, std::size_t layer);
  // Parts of attention.
  TensorId store_index_keys(TensorId key, std::size_t layer);
  TensorId index_cache(std::size_t layer) { return cache(layer).index; }
  TensorId key_cache(std::size_t layer) { return cache(layer).keys; }
  TensorId store_keys(TensorId key, std::size_t layer);
  TensorId cached_keys(std::size_t layer);
  TensorId mask(std::size_t layer);
  TensorId rotation(std::size_t layer, bool of_keys);
  TensorId rotate(TensorId a, TensorId rotation);
  TensorId heads_attention(TensorId query, TensorId key, TensorId value, TensorId mask, std::size_t layer,
                           const AttentionOptions& options);
  TensorId feed_forward(TensorId a, std::size_t layer, Activation activation, std::string_view suffix = {},
                        std::string_view prefix = {});
  TensorId experts(TensorId a, std::size_t layer, const ExpertOptions& options, std::string_view suffix = "_exps");
  TensorId mamba(TensorId a, std::size_t layer);
  TensorId mamba2(TensorId a, std::size_t layer);
  TensorId short_convolution(TensorId a, std::size_t layer);
  TensorId delta_net(TensorId a, std::size_t layer);
  TensorId token_shift(std::size_t layer);
  using UseStates = std::function<TensorId(TensorId states, TensorId ids)>;
  /// What `use` makes of the states of the batch's sequences; without it, those states.
  TensorId state_rows(std::size_t layer, bool convolution, const UseStates& use = {});
  TensorId state_rows(TensorId states, const UseStates& use = {});
  TensorId state_leaf(std::size_t layer, bool convolution);
  TensorId rows(TensorId a) { return graph.get_rows(a, output_rows()); }
  void finish(TensorId embedding, TensorId logits);

  /// A step of several and its layer, for the question whether it runs where the layer is.
  struct FusedStep {
    TensorId tensor;
    std::size_t layer;
    Fused kind;
  };
  std::vector<FusedStep> fused_steps;

 private:
  TensorId leaf_of(const PlacedWeights::Weight* weight);
  struct Cache {
    TensorId keys = no_tensor;
    TensorId values = no_tensor;
    TensorId index = no_tensor;  ///< keys of the index of sparse attention
  };
  Cache& cache(std::size_t layer);
  TensorId store_values(TensorId value, std::size_t layer);
  TensorId cached_values(std::size_t layer);
  TensorId cached_index_keys(std::size_t layer);
  std::uint64_t mask_streams() const { return layout.context.unified ? 1 : batch.sequences; }
  struct Blocks;
  Blocks blocks(std::size_t layer);
  TensorId attend_to_gathered(const Projections& qkv, TensorId index_query, std::size_t layer, const Blocks& sizes);
  TensorId attend_in_stream(const Projections& qkv, TensorId index_query, std::size_t layer, const Blocks& sizes);
  TensorId grouped_attention(TensorId query, TensorId key, TensorId value, TensorId mask, std::uint64_t group);
  TensorId project_out(TensorId a, std::size_t layer, const AttentionOptions& options);
  TensorId activate(TensorId gate, TensorId up, Activation activation);
  std::vector<TensorId> expert_groups(TensorId probabilities, const ExpertOptions& options);
  struct ChosenExperts {
    TensorId chosen = no_tensor;
    TensorId weights = no_tensor;
    std::vector<TensorId> until_weighted = {};  ///< what is needed until the weights are there
  };
  ChosenExperts choose_experts(TensorId a, std::size_t layer, const ExpertOptions& options);
  TensorId sum_of_experts(TensorId all, std::uint64_t used, std::uint64_t tokens);
  struct DeltaSizes;
  struct DeltaInputs {
    TensorId mixed = no_tensor;  ///< query, key and value side by side
    TensorId z = no_tensor;
  };
  DeltaInputs delta_inputs(TensorId a, std::size_t layer, const DeltaSizes& sizes);
  struct DeltaGates {
    TensorId beta = no_tensor;
    TensorId gate = no_tensor;
  };
  DeltaGates delta_gates(TensorId a, std::size_t layer, const DeltaSizes& sizes);
  /// What the convolution looks at.
  TensorId delta_window(TensorId mixed, std::size_t layer, const DeltaSizes& sizes);

  const PlacedWeights& weights_;
  std::size_t trunk_ = 0;
  TensorId state_ids_ = no_tensor;        ///< of the sequences of the batch
  TensorId other_state_ids_ = no_tensor;  ///< of the others
  std::vector<TensorId> weight_tensors_;  // of each of `weights_`, once it is needed
  std::map<std::string, TensorId, std::less<>> inputs_;
  std::map<std::size_t, Cache> caches_;
  TensorId chosen_keys_ = no_tensor;  // by the last index
  TensorId wide_mask_ = no_tensor;    // the mask in F32
  std::map<std::pair<std::size_t, bool>, TensorId> states_;
};

/// Builds the graph of the profile's architecture. False: it is not known, and the graph is that of a decoder with the
/// tensors that the model has.
bool build_model(ModelGraph& model);

}  // namespace berth::plan
