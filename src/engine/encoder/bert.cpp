/// BERT, RoBERTa with XLM-RoBERTa and CamemBERT, ELECTRA. transformers' modeling_bert.py, modeling_roberta.py and
/// modeling_electra.py of 4.57.
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/encoder/distance_terms.h"
#include "engine/encoder/post_norm.h"
#include "text/printable.h"

namespace berth::encoder {
namespace {

constexpr LayerNames bert_names{.list = "encoder.layer",
                                .query = "attention.self.query",
                                .key = "attention.self.key",
                                .value = "attention.self.value",
                                .attention_output = "attention.output.dense",
                                .attention_norm = "attention.output.LayerNorm",
                                .up = "intermediate.dense",
                                .down = "output.dense",
                                .output_norm = "output.LayerNorm"};

/// Shaw et al., arXiv:1803.02155 ("relative_key"), and Huang et al., arXiv:2009.13658 ("relative_key_query").
class RelativeKeyTerms final : public DistanceTerms {
 public:
  /// A table for each layer, with a row for each distance, as wide as a head.
  RelativeKeyTerms(Graph& graph, const Pack& pack, const DistanceRows& rows, const std::vector<ggml_tensor*>& tables,
                   bool with_keys)
      : DistanceTerms(graph, pack, rows, 1), tables_(tables), with_keys_(with_keys) {}

  void enter_layer(std::size_t layer) override {
    auto* table = occurring(tables_[layer]);
    set(table, with_keys_ ? table : nullptr);
  }

 private:
  const std::vector<ggml_tensor*>& tables_;
  bool with_keys_;
};

/// Hides the tokens behind a query, as in a decoder.
class CausalTerms final : public ScoreTerms {
 public:
  explicit CausalTerms(Graph& graph) : graph_(graph) {}

  ggml_tensor* mask(const Piece& piece) override {
    auto& known = masks_[{piece.first_query, piece.queries, piece.keys}];
    if (known != nullptr) return known;
    std::vector<float> values;
    values.reserve(static_cast<std::size_t>(piece.keys * piece.queries));
    for (auto query = piece.first_query; query < piece.first_query + piece.queries; ++query)
      for (std::int64_t key = 0; key < piece.keys; ++key)
        values.push_back(key <= query ? 0.0F : -std::numeric_limits<float>::infinity());
    known = graph_.numbers(std::move(values), piece.keys, piece.queries);
    return known;
  }

 private:
  Graph& graph_;
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t>, ggml_tensor*> masks_;
};

class Bert final : public PostNormEncoder {
 public:
  Bert(const Config& config, Weights& weights, bool counts_after_padding) {
    read_sizes(config);
    const auto kind = config.text("position_embedding_type", config.has("position_embedding_type") ? "" : "absolute");
    const bool is_absolute = kind == "absolute";
    with_keys_ = kind == "relative_key_query";
    const bool is_relative = with_keys_ || kind == "relative_key";
    if (!is_absolute && !is_relative && !kind.empty())  // null: places do not count
      config.fail("position_embedding_type", in_quotes(kind), "absolute, relative_key or relative_key_query");
    is_causal_ = config.flag("is_decoder", false);
    if (is_causal_ && is_relative)
      config.fail("is_decoder", "true with distances between tokens", "false, or absolute positions");
    if (config.text("model_type", "") == "electra")
      sizes_.embedding = config.integer("embedding_size", 128, 1, 1 << 16);
    sizes_.token_types = config.integer("type_vocab_size", 2, 1, 1 << 16);
    const auto positions = sizes_.max_tokens;
    const LayerShape shape{.intermediate = config.count("intermediate_size"),
                           .eps = config.number("layer_norm_eps", 1e-12F),
                           .activation = read_activation(config, "hidden_act", "gelu")};
    if (counts_after_padding && is_absolute) {
      embeddings_.padding_id = static_cast<std::int32_t>(config.integer("pad_token_id", 1, 0, positions - 2));
      sizes_.max_tokens = positions - *embeddings_.padding_id - 1;
    }
    const auto base = weights.base();
    const auto embeddings = base / "embeddings";
    embeddings_.words = sizes_.words = embeddings.table("word_embeddings", sizes_.embedding, sizes_.vocabulary);
    if (is_absolute) embeddings_.positions = embeddings.table("position_embeddings", sizes_.embedding, positions);
    embeddings_.types = embeddings.table("token_type_embeddings", sizes_.embedding, sizes_.token_types);
    embeddings_.norm = embeddings.norm("LayerNorm", sizes_.embedding, shape.eps);
    if (sizes_.embedding != sizes_.hidden)
      embeddings_.projection = base.linear("embeddings_project", sizes_.embedding, sizes_.hidden);
    declare_layers(base, bert_names, shape);
    if (is_relative) declare_distances(base, positions);
  }

 private:
  void declare_distances(const Module& base, std::int64_t positions) {
    rows_ = {.middle = positions - 1, .last = 2 * positions - 2};
    for (std::int64_t i = 0; i < sizes_.layers; ++i) {
      const auto attention = base / bert_names.list / std::to_string(i) / "attention.self";
      distances_.push_back(
          attention.exact("distance_embedding.weight", sizes_.hidden / sizes_.heads, 2 * positions - 1));
    }
  }

  std::unique_ptr<ScoreTerms> terms(Graph& graph, const Pack& pack) const override {
    if (is_causal_) return std::make_unique<CausalTerms>(graph);
    if (distances_.empty()) return PostNormEncoder::terms(graph, pack);
    return std::make_unique<RelativeKeyTerms>(graph, pack, rows_, distances_, with_keys_);
  }

  DistanceRows rows_;
  std::vector<ggml_tensor*> distances_;
  bool with_keys_ = false;
  bool is_causal_ = false;
};

}  // namespace

std::unique_ptr<Backbone> make_bert(const Config& config, Weights& weights) {
  return std::make_unique<Bert>(config, weights, false);
}

std::unique_ptr<Backbone> make_electra(const Config& config, Weights& weights) {
  return std::make_unique<Bert>(config, weights, false);
}

std::unique_ptr<Backbone> make_roberta(const Config& config, Weights& weights) {
  return std::make_unique<Bert>(config, weights, true);
}

}  // namespace berth::encoder
