/// BERT, RoBERTa with XLM-RoBERTa and CamemBERT, ELECTRA. transformers' modeling_bert.py, modeling_roberta.py and
/// modeling_electra.py of 4.57.
#include "berth/error.h"
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

class Bert final : public PostNormEncoder {
 public:
  Bert(const Config& config, Weights& weights, bool counts_after_padding) {
    read_sizes(config);
    if (const auto kind = config.text("position_embedding_type", "absolute"); kind != "absolute")
      config.fail("position_embedding_type", in_quotes(kind), "'absolute', the only one that can be computed");
    sizes_.embedding = config.integer("embedding_size", sizes_.hidden, 1, sizes_.hidden * 16);
    sizes_.token_types = config.integer("type_vocab_size", 2, 1, 1 << 16);
    const auto positions = sizes_.max_tokens;
    const LayerShape shape{.intermediate = config.count("intermediate_size"),
                           .eps = config.number("layer_norm_eps", 1e-12F),
                           .activation = read_activation(config, "hidden_act", "gelu")};
    if (counts_after_padding) {
      embeddings_.padding_id = static_cast<std::int32_t>(config.integer("pad_token_id", 1, 0, positions - 2));
      sizes_.max_tokens = positions - *embeddings_.padding_id - 1;
    }
    const auto base = weights.base();
    const auto embeddings = base / "embeddings";
    embeddings_.words = sizes_.words = embeddings.table("word_embeddings", sizes_.embedding, sizes_.vocabulary);
    embeddings_.positions = embeddings.table("position_embeddings", sizes_.embedding, positions);
    embeddings_.types = embeddings.table("token_type_embeddings", sizes_.embedding, sizes_.token_types);
    embeddings_.norm = embeddings.norm("LayerNorm", sizes_.embedding, shape.eps);
    if (sizes_.embedding != sizes_.hidden)
      embeddings_.projection = base.linear("embeddings_project", sizes_.embedding, sizes_.hidden);
    declare_layers(base, bert_names, shape);
  }
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
