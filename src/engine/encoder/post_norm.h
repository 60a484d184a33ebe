/// The layers that BERT and its descendants share: attention and feed-forward part, a norm after each.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/encoder/attention.h"
#include "engine/encoder/backbone.h"

namespace berth::encoder {

/// What the modules of one layer are called.
struct LayerNames {
  std::string_view list;  ///< "encoder.layer"
  std::string_view query, key, value, attention_output, attention_norm;
  std::string_view up, down, output_norm;
  /// All three projections in one, as PostNormLayer has them: `query` and `value` are the names of their biases then.
  std::string_view joined = {};
};

/// How words, places and types become the state before the first layer.
struct Embeddings {
  ggml_tensor* words = nullptr;
  ggml_tensor* positions = nullptr;  ///< nullptr: places are not embedded
  ggml_tensor* types = nullptr;      ///< nullptr: types are not embedded
  Norm norm;
  std::optional<Linear> projection = {};  ///< where words are embedded in another size
  bool projects_before_norm = false;
  /// The first place after that of padding tokens (RoBERTa); none: places count from 0.
  std::optional<std::int32_t> padding_id = {};

  ggml_tensor* build(Graph& graph, const Pack& pack) const;
};

struct PostNormLayer {
  Linear query, key, value, attention_output;
  /// Query, key and value of the first head, then of the second and so on; their biases stand in `query` and `value`, whose
  /// weights are nullptr then.
  Linear joined;
  Norm attention_norm;
  Linear up, down;
  Norm output_norm;
};

/// Sizes and functions that all layers of a model have alike.
struct LayerShape {
  std::int64_t intermediate = 0;
  float eps = 1e-12F;
  Activation activation = Activation::gelu;
};

class PostNormEncoder : public Backbone {
 public:
  ggml_tensor* build(Graph& graph, const Pack& pack) const override;

 protected:
  /// What this architecture adds to the scores in one graph.
  virtual std::unique_ptr<ScoreTerms> terms(Graph& graph, const Pack& pack) const;
  /// The factor of the scores.
  virtual float score_scale() const;
  /// Told after each layer: its output, which may be changed, and the states before the first layer.
  virtual ggml_tensor* after_layer(Graph&, std::size_t, ggml_tensor* x, ggml_tensor*, const Pack&) const { return x; }

  /// Reads "hidden_size" and the others under the names that BERT's configuration has. Throws FormatError.
  void read_sizes(const Config& config);
  void declare_layers(const Module& base, const LayerNames& names, const LayerShape& shape);

  /// Queries, keys and values, each [hidden, tokens]. `are_views`: they may be parts of the rows of one tensor.
  std::array<ggml_tensor*, 3> projected(Graph& graph, const PostNormLayer& layer, ggml_tensor* x, bool are_views) const;

  Embeddings embeddings_;
  std::vector<PostNormLayer> layers_;
  Activation activation_ = Activation::gelu;
};

/// Throws FormatError unless `heads` divide `hidden`.
void check_heads(const Config& config, std::string_view name, const Sizes& sizes);

}  // namespace berth::encoder
