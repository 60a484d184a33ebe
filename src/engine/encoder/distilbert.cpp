/// transformers' modeling_distilbert.py of 4.57.
#include "engine/encoder/post_norm.h"

namespace berth::encoder {
namespace {

constexpr LayerNames distilbert_names{.list = "transformer.layer",
                                      .query = "attention.q_lin",
                                      .key = "attention.k_lin",
                                      .value = "attention.v_lin",
                                      .attention_output = "attention.out_lin",
                                      .attention_norm = "sa_layer_norm",
                                      .up = "ffn.lin1",
                                      .down = "ffn.lin2",
                                      .output_norm = "output_layer_norm"};

class DistilBert final : public PostNormEncoder {
 public:
  DistilBert(const Config& config, Weights& weights) {
    sizes_.hidden = sizes_.embedding = config.count("dim");
    sizes_.heads = config.count("n_heads", sizes_.hidden);
    sizes_.layers = config.count("n_layers", 1024);
    sizes_.vocabulary = config.count("vocab_size");
    sizes_.max_tokens = config.count("max_position_embeddings");
    check_heads(config, "n_heads", sizes_);
    const LayerShape shape{.intermediate = config.count("hidden_dim"),
                           .activation = read_activation(config, "activation", "gelu")};
    const auto base = weights.base();
    const auto embeddings = base / "embeddings";
    embeddings_.words = sizes_.words = embeddings.table("word_embeddings", sizes_.hidden, sizes_.vocabulary);
    embeddings_.positions = embeddings.table("position_embeddings", sizes_.hidden, sizes_.max_tokens);
    embeddings_.norm = embeddings.norm("LayerNorm", sizes_.hidden, shape.eps);
    declare_layers(base, distilbert_names, shape);
  }
};

}  // namespace

std::unique_ptr<Backbone> make_distilbert(const Config& config, Weights& weights) {
  return std::make_unique<DistilBert>(config, weights);
}

}  // namespace berth::encoder
