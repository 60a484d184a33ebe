#include "engine/encoder/post_norm.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace berth::encoder {
namespace {

/// transformers' create_position_ids_from_input_ids: padding tokens stand at the place `padding`, the others count on
/// from there.
std::vector<std::int32_t> places_after_padding(const Pack& pack, std::int32_t padding) {
  std::vector<std::int32_t> places;
  places.reserve(pack.ids.size());
  for (const auto& group : pack.groups) {
    std::int32_t place = padding;
    for (std::int64_t i = 0; i < group.count * group.length; ++i) {
      if (i % group.length == 0) place = padding;
      const auto id = pack.ids[static_cast<std::size_t>(group.start + i)];
      places.push_back(id == padding ? padding : ++place);
    }
  }
  return places;
}

}  // namespace

void check_heads(const Config& config, std::string_view name, const Sizes& sizes) {
  if (sizes.hidden % sizes.heads != 0)
    config.fail(name, fmt::format("{} heads", sizes.heads),
                fmt::format("a divisor of the hidden size {}", sizes.hidden));
}

ggml_tensor* Embeddings::build(Graph& graph, const Pack& pack) const {
  auto* x = graph.rows(words, pack.ids);
  if (positions != nullptr)
    x = graph.add(x, graph.rows(positions, padding_id ? places_after_padding(pack, *padding_id) : pack.positions()));
  if (types != nullptr) x = graph.add(x, graph.rows(types, pack.types));
  if (projection && projects_before_norm) return graph.norm(norm, graph.linear(*projection, x));
  x = graph.norm(norm, x);
  return projection ? graph.linear(*projection, x) : x;
}

std::unique_ptr<ScoreTerms> PostNormEncoder::terms(Graph&, const Pack&) const { return std::make_unique<ScoreTerms>(); }

float PostNormEncoder::score_scale() const {
  return 1.0F / std::sqrt(static_cast<float>(sizes_.hidden / sizes_.heads));
}

ggml_tensor* PostNormEncoder::build(Graph& graph, const Pack& pack) const {
  auto* x = embeddings_.build(graph, pack);
  auto* embedded = x;
  const auto terms = this->terms(graph, pack);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto& layer = layers_[i];
    terms->enter_layer(i);
    const auto [query, key, value] = projected(graph, layer, x, terms->are_none());
    const AttentionInputs inputs{
        .query = query, .key = key, .value = value, .heads = sizes_.heads, .scale = score_scale()};
    auto* attended = attend(graph, inputs, layer.attention_output, pack, *terms);
    x = graph.norm_of_sum(layer.attention_norm, attended, x);
    auto* inner = graph.linear(layer.up, x, activation_);
    x = graph.norm_of_sum(layer.output_norm, graph.linear(layer.down, inner), x);
    x = after_layer(graph, i, x, embedded, pack);
  }
  return x;
}

std::array<ggml_tensor*, 3> PostNormEncoder::projected(Graph& graph, const PostNormLayer& layer, ggml_tensor* x,
                                                       bool are_views) const {
  const std::array projections{layer.query, layer.key, layer.value};
  std::array<ggml_tensor*, 3> results{};
  if (layer.joined.weight == nullptr) {
    if (are_views) return graph.linears(projections, x);
    std::ranges::transform(projections, results.begin(), [&](const Linear& each) { return graph.linear(each, x); });
    return results;
  }
  auto* context = graph.context();
  auto* joined = graph.linear(layer.joined, x);
  const auto width = sizes_.hidden / sizes_.heads;
  const auto bytes = static_cast<std::size_t>(width) * sizeof(float);
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto* part = ggml_view_3d(context, joined, width, sizes_.heads, joined->ne[1], 3 * bytes, joined->nb[1], i * bytes);
    results[i] = ggml_cont_2d(context, part, sizes_.hidden, joined->ne[1]);
    if (projections[i].bias != nullptr) results[i] = graph.add(results[i], projections[i].bias);
  }
  return results;
}

void PostNormEncoder::read_sizes(const Config& config) {
  sizes_.hidden = config.count("hidden_size");
  sizes_.embedding = sizes_.hidden;
  sizes_.heads = config.count("num_attention_heads", sizes_.hidden);
  sizes_.layers = config.count("num_hidden_layers", 1024);
  sizes_.vocabulary = config.count("vocab_size");
  sizes_.max_tokens = config.count("max_position_embeddings");
  check_heads(config, "num_attention_heads", sizes_);
}

void PostNormEncoder::declare_layers(const Module& base, const LayerNames& names, const LayerShape& shape) {
  activation_ = shape.activation;
  const auto hidden = sizes_.hidden;
  for (std::int64_t i = 0; i < sizes_.layers; ++i) {
    const auto layer = base / names.list / std::to_string(i);
    PostNormLayer declared;
    if (names.joined.empty()) {
      declared.query = layer.linear(names.query, hidden, hidden);
      declared.key = layer.linear(names.key, hidden, hidden);
      declared.value = layer.linear(names.value, hidden, hidden);
    } else {
      declared.joined = layer.linear(names.joined, hidden, 3 * hidden, Bias::no);
      declared.query.bias = layer.vector(names.query, hidden);
      declared.value.bias = layer.vector(names.value, hidden);
    }
    declared.attention_output = layer.linear(names.attention_output, hidden, hidden);
    declared.attention_norm = layer.norm(names.attention_norm, hidden, shape.eps);
    declared.up = layer.linear(names.up, hidden, shape.intermediate);
    declared.down = layer.linear(names.down, shape.intermediate, hidden);
    declared.output_norm = layer.norm(names.output_norm, hidden, shape.eps);
    layers_.push_back(declared);
  }
}

}  // namespace berth::encoder
