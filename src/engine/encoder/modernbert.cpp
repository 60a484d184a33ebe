/// ModernBERT: norms before the parts of a layer, gates, rotated positions, and layers that see their neighbours only.
/// transformers' modeling_modernbert.py of 4.57; Warner et al., arXiv:2412.13663.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>

#include "engine/encoder/attention.h"
#include "engine/encoder/backbone.h"
#include "engine/encoder/post_norm.h"
#include "engine/encoder/rotations.h"
#include "text/printable.h"

namespace berth::encoder {
namespace {

constexpr std::int64_t most_tokens_with_rotation = 32768;

struct ModernLayer {
  Norm attention_norm;  ///< none in the first layer
  Linear joined, attention_output;
  Norm feed_forward_norm;
  Linear up, down;
  bool is_global = true;
  float rope_theta = 0;
};

/// Hides the keys beyond the window of a query.
class WindowTerms final : public ScoreTerms {
 public:
  WindowTerms(Graph& graph, std::int64_t window) : graph_(graph), window_(window) {}

  std::int64_t window() const override { return window_; }

  ggml_tensor* mask(const Piece& piece) override {
    if (piece.group->length <= window_ + 1) return nullptr;
    auto& known = masks_[{piece.first_query, piece.queries, piece.first_key, piece.keys}];
    if (known != nullptr) return known;
    std::vector<float> values;
    values.reserve(static_cast<std::size_t>(piece.keys * piece.queries));
    for (auto query = piece.first_query; query < piece.first_query + piece.queries; ++query)
      for (auto key = piece.first_key; key < piece.first_key + piece.keys; ++key)
        values.push_back(std::abs(query - key) <= window_ ? 0.0F : -std::numeric_limits<float>::infinity());
    known = graph_.numbers(std::move(values), piece.keys, piece.queries);
    return known;
  }

 private:
  Graph& graph_;
  std::int64_t window_;
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>, ggml_tensor*> masks_;
};

class ModernBert final : public Backbone {
 public:
  ModernBert(const Config& config, Weights& weights) {
    sizes_.hidden = sizes_.embedding = config.count("hidden_size");
    sizes_.heads = config.count("num_attention_heads", sizes_.hidden);
    sizes_.layers = config.count("num_hidden_layers", 1024);
    sizes_.vocabulary = config.count("vocab_size");
    sizes_.max_tokens = std::max(config.count("max_position_embeddings"), most_tokens_with_rotation);
    check_heads(config, "num_attention_heads", sizes_);
    if (sizes_.hidden / sizes_.heads % 2 != 0)
      config.fail("num_attention_heads", fmt::format("heads of the odd size {}", sizes_.hidden / sizes_.heads),
                  "an even size, as positions are rotations");
    // local_attention counts both sides.
    sizes_.window = config.integer("local_attention", 128, 2, 1 << 24) / 2;
    for (const auto* name : {"rope_scaling", "rope_parameters"}) check_rotation(config, name);
    intermediate_ = config.count("intermediate_size");
    activation_ = read_activation(config, "hidden_activation", "gelu");
    const auto eps = config.number("norm_eps", 1e-5F);
    const auto norm_bias = config.flag("norm_bias", false) ? Bias::yes : Bias::no;
    const auto base = weights.base();
    words_ = sizes_.words = base.table("embeddings.tok_embeddings", sizes_.hidden, sizes_.vocabulary);
    embedding_norm_ = base.norm("embeddings.norm", sizes_.hidden, eps, norm_bias);
    for (std::int64_t i = 0; i < sizes_.layers; ++i)
      layers_.push_back(declare_layer(config, base / "layers" / std::to_string(i), i, eps, norm_bias));
    final_norm_ = base.norm("final_norm", sizes_.hidden, eps, norm_bias);
  }

  ggml_tensor* build(Graph& graph, const Pack& pack) const override {
    auto* x = graph.norm(embedding_norm_, graph.rows(words_, pack.ids));
    Rotations rotations(graph, pack, sizes_.heads);
    ScoreTerms none;
    WindowTerms neighbours(graph, sizes_.window);
    for (const auto& layer : layers_) {
      auto& terms = layer.is_global ? none : static_cast<ScoreTerms&>(neighbours);
      x = graph.add(x, attention(graph, layer, graph.norm(layer.attention_norm, x), rotations, pack, terms));
      x = graph.add(x, feed_forward(graph, layer, graph.norm(layer.feed_forward_norm, x)));
    }
    return graph.norm(final_norm_, x);
  }

 private:
  ModernLayer declare_layer(const Config& config, const Module& module, std::int64_t index, float eps,
                            Bias norm_bias) const {
    const auto hidden = sizes_.hidden;
    const auto attention_bias = config.flag("attention_bias", false) ? Bias::yes : Bias::no;
    const auto inner_bias = config.flag("mlp_bias", false) ? Bias::yes : Bias::no;
    ModernLayer layer;
    if (index > 0) layer.attention_norm = module.norm("attn_norm", hidden, eps, norm_bias);
    layer.joined = module.linear("attn.Wqkv", hidden, 3 * hidden, attention_bias);
    layer.attention_output = module.linear("attn.Wo", hidden, hidden, attention_bias);
    layer.feed_forward_norm = module.norm("mlp_norm", hidden, eps, norm_bias);
    layer.up = module.linear("mlp.Wi", hidden, 2 * intermediate_, inner_bias);
    layer.down = module.linear("mlp.Wo", intermediate_, hidden, inner_bias);
    layer.is_global = is_global(config, index);
    layer.rope_theta = rope_theta(config, layer.is_global);
    return layer;
  }

  static bool is_global(const Config& config, std::int64_t index) {
    if (const auto kinds = config.texts("layer_types"); !kinds.empty()) {  // transformers 5
      const auto place = static_cast<std::size_t>(index);
      if (place >= kinds.size())
        config.fail("layer_types", fmt::format("{} layers", kinds.size()), "one for each layer");
      return kinds[place] == "full_attention";
    }
    return index % config.integer("global_attn_every_n_layers", 3, 1, 1 << 20) == 0;
  }

  /// Rotations that are stretched for longer texts are not computed.
  static void check_rotation(const Config& config, std::string_view name) {
    const auto* entry = config.find(name);
    if (entry == nullptr || !entry->is_object()) return;
    const auto check = [&](const Value& rotation) {
      for (const auto* key : {"rope_type", "type"})
        if (const auto* kind = rotation.find(key);
            kind != nullptr && kind->is_string() && kind->as_string() != "default")
          config.fail(name, in_quotes(kind->as_string()), "\"default\", the only kind of rotations that is computed");
    };
    check(*entry);
    for (const auto& [kind, rotation] : entry->as_object())
      if (rotation.is_object()) check(rotation);
  }

  static float rope_theta(const Config& config, bool is_global) {
    // A local one that is null is the global one; where the entry is missing, 10000 is meant.
    const auto global = config.number("global_rope_theta", 160000);
    const auto usual =
        is_global ? global : config.number("local_rope_theta", config.has("local_rope_theta") ? global : 10000);
    const auto* kinds = config.find("rope_parameters");  // transformers 5
    const auto* kind = kinds == nullptr ? nullptr : kinds->find(is_global ? "full_attention" : "sliding_attention");
    return kind != nullptr && kind->is_object() ? Config(config.file(), *kind).number("rope_theta", usual) : usual;
  }

  ggml_tensor* attention(Graph& graph, const ModernLayer& layer, ggml_tensor* x, Rotations& rotations, const Pack& pack,
                         ScoreTerms& terms) const {
    auto* joined = graph.linear(layer.joined, x);
    const AttentionInputs inputs{.query = rotations.rotated(part(graph, joined, 0), layer.rope_theta),
                                 .key = rotations.rotated(part(graph, joined, 1), layer.rope_theta),
                                 .value = ggml_cont(graph.context(), part(graph, joined, 2)),
                                 .heads = sizes_.heads,
                                 .scale = 1.0F / std::sqrt(static_cast<float>(sizes_.hidden / sizes_.heads))};
    return attend(graph, inputs, layer.attention_output, pack, terms);
  }

  /// Queries, keys or values among what one product gives.
  ggml_tensor* part(Graph& graph, ggml_tensor* joined, std::size_t index) const {
    return ggml_view_2d(graph.context(), joined, sizes_.hidden, joined->ne[1], joined->nb[1],
                        index * static_cast<std::size_t>(sizes_.hidden) * sizeof(float));
  }

  ggml_tensor* feed_forward(Graph& graph, const ModernLayer& layer, ggml_tensor* x) const {
    auto* context = graph.context();
    auto* both = graph.linear(layer.up, x);
    const auto half = [&](std::size_t index) {
      return ggml_cont(context, ggml_view_2d(context, both, intermediate_, both->ne[1], both->nb[1],
                                             index * static_cast<std::size_t>(intermediate_) * sizeof(float)));
    };
    auto* inner = ggml_mul(context, graph.activate(activation_, half(0)), half(1));
    return graph.linear(layer.down, inner);
  }

  std::int64_t intermediate_ = 0;
  Activation activation_ = Activation::gelu;
  ggml_tensor* words_ = nullptr;
  Norm embedding_norm_;
  std::vector<ModernLayer> layers_;
  Norm final_norm_;
};

}  // namespace

std::unique_ptr<Backbone> make_modernbert(const Config& config, Weights& weights) {
  return std::make_unique<ModernBert>(config, weights);
}

}  // namespace berth::encoder
