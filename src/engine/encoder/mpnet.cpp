/// transformers' modeling_mpnet.py of 4.57: distances between tokens have a bias for each head, the same in all layers.
#include <cmath>
#include <map>
#include <tuple>

#include "engine/encoder/post_norm.h"

namespace berth::encoder {
namespace {

constexpr std::int64_t distance_buckets = 32;
constexpr std::int64_t largest_distance = 128;

constexpr LayerNames mpnet_names{.list = "encoder.layer",
                                 .query = "attention.attn.q",
                                 .key = "attention.attn.k",
                                 .value = "attention.attn.v",
                                 .attention_output = "attention.attn.o",
                                 .attention_norm = "attention.LayerNorm",
                                 .up = "intermediate.dense",
                                 .down = "output.dense",
                                 .output_norm = "output.LayerNorm"};

/// MPNetEncoder.relative_position_bucket, of the place of a key less that of the query.
std::int32_t bucket_of(std::int64_t distance) {
  const auto half = distance_buckets / 2;
  const auto exact = half / 2;
  const auto after = distance > 0 ? half : 0;
  const auto far = std::abs(distance);
  if (far < exact) return static_cast<std::int32_t>(after + far);
  const auto share = std::log(static_cast<float>(far) / static_cast<float>(exact)) /
                     static_cast<float>(std::log(static_cast<double>(largest_distance) / static_cast<double>(exact)));
  const auto large = exact + static_cast<std::int64_t>(share * static_cast<float>(half - exact));
  return static_cast<std::int32_t>(after + std::min(large, half - 1));
}

class MPNetTerms final : public ScoreTerms {
 public:
  MPNetTerms(Graph& graph, ggml_tensor* biases) : graph_(graph), biases_(biases) {}

  ggml_tensor* mask(const Piece& piece) override {
    auto& known = masks_[{piece.keys, piece.first_query, piece.queries}];
    if (known != nullptr) return known;
    std::vector<std::int32_t> buckets;
    for (std::int64_t query = piece.first_query; query < piece.first_query + piece.queries; ++query)
      for (std::int64_t key = 0; key < piece.keys; ++key) buckets.push_back(bucket_of(key - query));
    auto* context = graph_.context();
    const auto heads = biases_->ne[0];
    auto* rows = ggml_reshape_3d(context, graph_.rows(biases_, std::move(buckets)), heads, piece.keys, piece.queries);
    known = ggml_cont(context, ggml_permute(context, rows, 2, 0, 1, 3));  // [keys, queries, heads]
    return known;
  }

 private:
  Graph& graph_;
  ggml_tensor* biases_;
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t>, ggml_tensor*> masks_;
};

class MPNet final : public PostNormEncoder {
 public:
  MPNet(const Config& config, Weights& weights) {
    read_sizes(config);
    const LayerShape shape{.intermediate = config.count("intermediate_size"),
                           .eps = config.number("layer_norm_eps", 1e-12F),
                           .activation = read_activation(config, "hidden_act", "gelu")};
    const auto positions = sizes_.max_tokens;
    if (positions < 3) config.fail("max_position_embeddings", std::to_string(positions), "at least 3");
    embeddings_.padding_id = 1;  // whatever the configuration says
    sizes_.max_tokens = positions - 2;
    const auto base = weights.base();
    const auto embeddings = base / "embeddings";
    embeddings_.words = sizes_.words = embeddings.table("word_embeddings", sizes_.hidden, sizes_.vocabulary);
    embeddings_.positions = embeddings.table("position_embeddings", sizes_.hidden, positions);
    embeddings_.norm = embeddings.norm("LayerNorm", sizes_.hidden, shape.eps);
    // Of a larger table transformers looks up no more rows than these.
    const auto buckets = config.integer("relative_attention_num_buckets", distance_buckets, distance_buckets, 1 << 16);
    biases_ = base.exact("encoder.relative_attention_bias.weight", sizes_.heads, buckets);
    declare_layers(base, mpnet_names, shape);
  }

 private:
  std::unique_ptr<ScoreTerms> terms(Graph& graph, const Pack&) const override {
    return std::make_unique<MPNetTerms>(graph, biases_);
  }

  ggml_tensor* biases_ = nullptr;
};

}  // namespace

std::unique_ptr<Backbone> make_mpnet(const Config& config, Weights& weights) {
  return std::make_unique<MPNet>(config, weights);
}

}  // namespace berth::encoder
