#include "plan/memory/model_graph.h"

#include <algorithm>

#include "model/layers.h"

namespace berth::plan {

ModelGraph::ModelGraph(const ModelProfile& model_profile, const PlacedWeights& weights,
                       const EngineLayout& engine_layout, Batch what)
    : profile(model_profile),
      layout(engine_layout),
      batch(what),
      weights_(weights),
      weight_tensors_(weights.all().size(), no_tensor) {
  constexpr std::size_t steps_for_each_weight = 8;  // more than most models have
  graph.reserve(weights.all().size() * steps_for_each_weight);
  trunk_ = static_cast<std::size_t>(std::ranges::count(profile.layers, true, &LayerProfile::loaded));
}

std::uint64_t ModelGraph::number(std::string_view key, std::uint64_t fallback) const {
  return model::architecture_count(profile, key).value_or(fallback);
}

bool ModelGraph::is_set(std::string_view key) const {
  const Value* value = profile.metadata.find(profile.architecture + "." + std::string(key));
  if (value == nullptr) return false;
  return value->is_bool() ? value->as_bool() : value->is_number() && value->as_double() != 0;
}

bool ModelGraph::scales_experts() const {
  const Value* scale = profile.metadata.find(profile.architecture + ".expert_weights_scale");
  return scale != nullptr && scale->is_number() && scale->as_double() != 0 && scale->as_double() != 1;
}

ExpertOptions ModelGraph::experts_by_metadata(std::size_t of) const {
  return {.gating = Gating::by_metadata,
          .normalised = is_set("expert_weights_norm"),
          .scaled = scales_experts(),
          .count = profile.experts,
          .used = layer(of).experts_used};
}

TensorId ModelGraph::leaf_of(const PlacedWeights::Weight* weight) {
  if (weight == nullptr) return no_tensor;
  auto& leaf = weight_tensors_[static_cast<std::size_t>(weight - weights_.all().data())];
  if (leaf == no_tensor) {
    const auto& shape = weight->tensor->shape;
    TensorGraph::Extents extents = {1, 1, 1, 1};
    std::ranges::copy_n(shape.begin(), static_cast<std::ptrdiff_t>(std::min(shape.size(), extents.size())),
                        extents.begin());
    leaf = graph.leaf(weight->type, extents, weight->backend, true);
  }
  return leaf;
}

TensorId ModelGraph::weight(const std::string& name, std::int16_t backend) {
  return leaf_of(weights_.find(name, backend));
}

TensorId ModelGraph::weight(std::size_t layer, std::string_view role, std::string_view suffix) {
  const auto* found = weights_.find(layer, role, suffix);
  if (found == nullptr && suffix == "weight")
    found = weights_.find(layer, role, "");  // some architectures name a few so
  return leaf_of(found);
}

TensorId ModelGraph::global(std::string_view role, std::string_view suffix) {
  return weight(std::string(role) + "." + std::string(suffix), layout.output_backend);
}

TensorId ModelGraph::input(std::string_view name, ElementType type, TensorGraph::Extents extents) {
  const auto [place, added] = inputs_.try_emplace(std::string(name), no_tensor);
  if (added) place->second = graph.input(type, extents);
  return place->second;
}

TensorId ModelGraph::embeddings() {
  const auto deep = number("n_deepstack_layers");
  const auto tokens = input("tokens", i32, {batch.tokens, 1, 1, 1});
  auto given = input("embeddings", f32, {times(width(), deep + 1), batch.tokens, 1, 1});
  auto table = weight("token_embd.weight", layout.host_memory());
  if (table == no_tensor) table = weight("output.weight", layout.host_memory());
  auto rows = graph.get_rows(table, tokens);
  if (deep > 0) rows = graph.make(Op::plain, f32, {times(width(), deep + 1), batch.tokens, 1, 1}, {rows});
  graph.expand(rows);
  graph.expand(given);
  if (deep > 0) rows = graph.view(rows, {width(), batch.tokens, 1, 1});
  graph.expand(rows);
  return rows;
}

TensorId ModelGraph::positions() {
  constexpr std::array sectioned = {"qwen2vl",   "qwen3vl",  "qwen3vlmoe", "qwen35",
                                    "qwen35moe", "qwen3tts", "paddleocr",  "qwen4exp"};
  const bool several = std::ranges::find(sectioned, profile.architecture) != sectioned.end();
  return input("positions", i32, {batch.tokens * (several ? 4 : 1), 1, 1, 1});
}

TensorId ModelGraph::output_rows() { return input("output rows", i32, {batch.outputs, 1, 1, 1}); }

TensorId ModelGraph::attention_scale() { return input("attention scale", f32, {1, 1, batch.tokens, 1}); }

TensorId ModelGraph::linear(std::size_t layer, std::string_view role, TensorId a, bool bias) {
  auto result = graph.mul_mat(weight(layer, role), a);
  result = graph.binary(result, result == no_tensor ? no_tensor : weight(layer, role, "scale"));
  return bias && result != no_tensor ? graph.binary(result, weight(layer, role, "bias")) : result;
}

TensorId ModelGraph::norm(TensorId a, TensorId weight, TensorId bias, Norm kind, std::optional<std::size_t> layer) {
  if (a == no_tensor) return no_tensor;
  auto result = kind == Norm::rms ? graph.unary(a) : graph.norm(a);
  if ((weight != no_tensor || bias != no_tensor) && layer) pin_to_layer(result, *layer);
  result = graph.binary(result, weight);
  return graph.binary(result, bias);
}

TensorId ModelGraph::norm(TensorId a, std::size_t layer, std::string_view role, Norm kind) {
  return norm(a, weight(layer, role), weight(layer, role, "bias"), kind, layer);
}

void ModelGraph::pin_to_layer(TensorId a, std::size_t layer) {
  if (batch.tokens < 32 || layout.all_on_devices) graph.pin(a, layout.layer_backend[layer]);
}

TensorId ModelGraph::heads(TensorId a, std::uint64_t size, std::uint64_t count) {
  return graph.reshape(a, {size, count, batch.tokens, 1});
}

void ModelGraph::finish(TensorId embedding, TensorId logits) {
  graph.set_output(embedding);
  graph.expand(logits == no_tensor ? embedding : logits);
  graph.set_output(logits);
  if (!layout.context.embeddings) return;
  const auto pooling = number("pooling_type");
  TensorId pooled = no_tensor;
  if (pooling == 1) {
    const auto mean = input("mean", f32, {batch.tokens, batch.sequences, 1, 1});
    pooled = graph.mul_mat(graph.cont(graph.transpose(embedding)), mean);
  } else if (pooling == 2 || pooling == 3 || pooling == 4) {
    pooled = graph.get_rows(embedding, input("pooled rows", i32, {batch.sequences, 1, 1, 1}));
  }
  graph.expand(pooled);
  graph.set_output(pooled);
}

}  // namespace berth::plan
