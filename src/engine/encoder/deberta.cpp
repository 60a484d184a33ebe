/// DeBERTa: distances between tokens have embeddings, which queries and keys are compared with.
/// transformers' modeling_deberta.py and modeling_deberta_v2.py of 4.57; He et al., arXiv:2006.03654 and 2111.09543.
#include <algorithm>
#include <cmath>

#include "engine/encoder/distance_terms.h"
#include "engine/encoder/post_norm.h"
#include "text/printable.h"

namespace berth::encoder {
namespace {

constexpr std::int64_t most_tokens_without_positions = 32768;

constexpr LayerNames deberta_names{.list = "encoder.layer",
                                   .query = "attention.self.query_proj",
                                   .key = "attention.self.key_proj",
                                   .value = "attention.self.value_proj",
                                   .attention_output = "attention.output.dense",
                                   .attention_norm = "attention.output.LayerNorm",
                                   .up = "intermediate.dense",
                                   .down = "output.dense",
                                   .output_norm = "output.LayerNorm"};

constexpr LayerNames first_deberta_names{.list = "encoder.layer",
                                         .query = "attention.self.q_bias",
                                         .key = "",
                                         .value = "attention.self.v_bias",
                                         .attention_output = "attention.output.dense",
                                         .attention_norm = "attention.output.LayerNorm",
                                         .up = "intermediate.dense",
                                         .down = "output.dense",
                                         .output_norm = "output.LayerNorm",
                                         .joined = "attention.self.in_proj"};

enum class DebertaVersion {
  first,
  second  ///< and third: buckets of distances, which may share the projections of words, and a convolution
};

/// The projections of the distances in one layer; nullptr where the model does not have that kind of score.
struct DistanceLayer {
  Linear key, query;
};

class DebertaTerms final : public DistanceTerms {
 public:
  /// `table` has a row for each distance, as wide as a state.
  DebertaTerms(Graph& graph, const Pack& pack, ggml_tensor* table, const DistanceRows& rows,
               const std::vector<DistanceLayer>& layers, std::int64_t heads)
      : DistanceTerms(graph, pack, rows, heads), layers_(layers), table_(occurring(table)) {}

  void enter_layer(std::size_t layer) override {
    const auto& projections = layers_[layer];
    set(projections.key.weight == nullptr ? nullptr : graph().linear(projections.key, table_),
        projections.query.weight == nullptr ? nullptr : graph().linear(projections.query, table_));
  }

 private:
  const std::vector<DistanceLayer>& layers_;
  ggml_tensor* table_;
};

/// A convolution over neighbouring tokens, added after the first layer (the large models of v2).
struct NeighbourConvolution {
  ggml_tensor* kernel = nullptr;  ///< [places, in, out]
  ggml_tensor* bias = nullptr;
  Norm norm;
  Activation activation = Activation::tanh;

  ggml_tensor* build(Graph& graph, ggml_tensor* x, ggml_tensor* embedded, const Pack& pack) const {
    auto* context = graph.context();
    auto* by_place = ggml_cont(context, ggml_permute(context, kernel, 2, 0, 1, 3));  // [in, out, places]
    ggml_tensor* sum = nullptr;
    for (std::int64_t place = 0; place < kernel->ne[0]; ++place) {
      auto* weight = ggml_view_2d(context, by_place, by_place->ne[0], by_place->ne[1], by_place->nb[1],
                                  static_cast<std::size_t>(place) * by_place->nb[2]);
      auto* product = ggml_mul_mat(context, weight, moved(graph, embedded, pack, place - kernel->ne[0] / 2));
      sum = sum == nullptr ? product : graph.add(sum, product);
    }
    return graph.norm(norm, graph.add(x, graph.activate(activation, graph.add(sum, bias))));
  }

  /// The state of the token `by` places later in the same sequence, 0 beyond its ends.
  static ggml_tensor* moved(Graph& graph, ggml_tensor* x, const Pack& pack, std::int64_t by) {
    if (by == 0) return x;
    std::vector<std::int32_t> from;
    std::vector<float> is_inside;
    for (const auto& group : pack.groups) {
      for (std::int64_t i = 0; i < group.count * group.length; ++i) {
        const auto place = i % group.length + by;
        const bool inside = place >= 0 && place < group.length;
        from.push_back(static_cast<std::int32_t>(group.start + (inside ? i + by : i)));
        is_inside.push_back(inside ? 1.0F : 0.0F);
      }
    }
    auto* inside = graph.numbers(std::move(is_inside), 1, pack.tokens());
    return ggml_mul(graph.context(), graph.rows(x, std::move(from)), inside);
  }
};

class Deberta final : public PostNormEncoder {
 public:
  Deberta(const Config& config, Weights& weights, DebertaVersion version) : version_(version) {
    read_sizes(config);
    if (is_first() && config.flag("talking_head", false))
      config.fail("talking_head", "true", "false: heads that are mixed cannot be computed");
    const auto hidden = sizes_.hidden;
    if (config.integer("attention_head_size", hidden / sizes_.heads, 1, hidden) != hidden / sizes_.heads)
      config.fail("attention_head_size", "another size", "the hidden size divided by the heads");
    sizes_.embedding = config.integer("embedding_size", hidden, 1, hidden * 16);
    const auto types = config.integer("type_vocab_size", 0, 0, 1 << 16);
    sizes_.token_types = std::max<std::int64_t>(types, 1);
    const LayerShape shape{.intermediate = config.count("intermediate_size"),
                           .eps = config.number("layer_norm_eps", 1e-7F),
                           .activation = read_activation(config, "hidden_act", "gelu")};
    const auto base = weights.base();
    declare_embeddings(config, base / "embeddings", types, shape.eps);
    declare_layers(base, is_first() ? first_deberta_names : deberta_names, shape);
    const auto kinds = config.texts("pos_att_type");
    const bool to_keys = std::ranges::find(kinds, "c2p") != kinds.end();
    const bool to_queries = std::ranges::find(kinds, "p2c") != kinds.end();
    // Be the scores of distances used or not; the first version counts kinds that it does not know too.
    scale_factor_ =
        1 + (is_first() ? static_cast<std::int64_t>(kinds.size()) : (to_keys ? 1 : 0) + (to_queries ? 1 : 0));
    if (config.flag("relative_attention", false))
      declare_distances(config, base / "encoder", shape.eps, to_keys, to_queries);
    if (!is_first()) declare_convolution(config, base / "encoder.conv", shape.eps);
  }

 private:
  bool is_first() const { return version_ == DebertaVersion::first; }

  void declare_embeddings(const Config& config, const Module& embeddings, std::int64_t types, float eps) {
    embeddings_.words = sizes_.words = embeddings.table("word_embeddings", sizes_.embedding, sizes_.vocabulary);
    if (config.flag("position_biased_input", true))
      embeddings_.positions = embeddings.table("position_embeddings", sizes_.embedding, sizes_.max_tokens);
    else
      sizes_.max_tokens = std::max(sizes_.max_tokens, most_tokens_without_positions);
    if (types > 0) embeddings_.types = embeddings.table("token_type_embeddings", sizes_.embedding, types);
    embeddings_.projects_before_norm = true;
    if (sizes_.embedding != sizes_.hidden)
      embeddings_.projection = embeddings.linear("embed_proj", sizes_.embedding, sizes_.hidden, Bias::no);
    embeddings_.norm = embeddings.norm("LayerNorm", sizes_.hidden, eps);
  }

  void declare_distances(const Config& config, const Module& encoder, float eps, bool to_keys, bool to_queries) {
    rows_.max_distance = config.integer("max_relative_positions", -1, -1, 1 << 20);
    if (rows_.max_distance < 1) rows_.max_distance = config.count("max_position_embeddings", 1 << 20);
    if (!is_first()) rows_.buckets = std::max<std::int64_t>(config.integer("position_buckets", -1, -1, 1 << 20), 0);
    if (rows_.buckets == 1) config.fail("position_buckets", "1", "2 at least, as half of it is divided by");
    rows_.middle = rows_.buckets > 0 ? rows_.buckets : rows_.max_distance;
    rows_.last = 2 * rows_.middle - 1;
    distances_ = encoder.exact("rel_embeddings.weight", sizes_.hidden, 2 * rows_.middle);
    const auto norms = config.text("norm_rel_ebd", "none");
    if (!is_first() && norms.find("layer_norm") != norms.npos)
      distance_norm_ = encoder.norm("LayerNorm", sizes_.hidden, eps);
    const bool shares = !is_first() && config.flag("share_att_key", false);
    const auto* of_keys = is_first() ? "pos_proj" : shares ? "key_proj" : "pos_key_proj";
    const auto* of_queries = is_first() ? "pos_q_proj" : shares ? "query_proj" : "pos_query_proj";
    for (std::int64_t i = 0; i < sizes_.layers; ++i) {
      const auto attention = encoder / "layer" / std::to_string(i) / "attention.self";
      const auto projection = [&](bool has, const char* name, Bias bias) {
        return has ? attention.linear(name, sizes_.hidden, sizes_.hidden, bias) : Linear{};
      };
      distance_layers_.push_back({projection(to_keys, of_keys, is_first() ? Bias::no : Bias::yes),
                                  projection(to_queries, of_queries, Bias::yes)});
    }
  }

  void declare_convolution(const Config& config, const Module& module, float eps) {
    const auto places = config.integer("conv_kernel_size", 0, 0, 63);
    if (places == 0) return;
    if (places % 2 == 0) config.fail("conv_kernel_size", std::to_string(places), "an odd number");
    if (config.integer("conv_groups", 1, 1, sizes_.hidden) != 1)
      config.fail("conv_groups", "several", "1, the only number that can be computed");
    convolution_.kernel = module.matrix("conv.weight", {places, sizes_.hidden, sizes_.hidden});
    convolution_.bias = module.vector("conv.bias", sizes_.hidden);
    convolution_.norm = module.norm("LayerNorm", sizes_.hidden, eps);
    convolution_.activation = read_activation(config, "conv_act", "tanh");
  }

  std::unique_ptr<ScoreTerms> terms(Graph& graph, const Pack& pack) const override {
    if (distances_ == nullptr) return PostNormEncoder::terms(graph, pack);
    return std::make_unique<DebertaTerms>(graph, pack, graph.norm(distance_norm_, distances_), rows_, distance_layers_,
                                          sizes_.heads);
  }

  float score_scale() const override {
    return 1.0F / std::sqrt(static_cast<float>(sizes_.hidden / sizes_.heads * scale_factor_));
  }

  ggml_tensor* after_layer(Graph& graph, std::size_t layer, ggml_tensor* x, ggml_tensor* embedded,
                           const Pack& pack) const override {
    return layer == 0 && convolution_.kernel != nullptr ? convolution_.build(graph, x, embedded, pack) : x;
  }

  DebertaVersion version_;
  DistanceRows rows_;
  ggml_tensor* distances_ = nullptr;
  Norm distance_norm_;
  std::vector<DistanceLayer> distance_layers_;
  std::int64_t scale_factor_ = 1;
  NeighbourConvolution convolution_;
};

}  // namespace

std::unique_ptr<Backbone> make_first_deberta(const Config& config, Weights& weights) {
  return std::make_unique<Deberta>(config, weights, DebertaVersion::first);
}

std::unique_ptr<Backbone> make_deberta(const Config& config, Weights& weights) {
  return std::make_unique<Deberta>(config, weights, DebertaVersion::second);
}

}  // namespace berth::encoder
