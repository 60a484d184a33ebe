#include <algorithm>
#include <bit>

#include "plan/memory/model_graph.h"

namespace berth::plan {

TensorId ModelGraph::activate(TensorId gate, TensorId up, Activation activation) {
  if (activation == Activation::packed) return graph.half(gate);
  if (up != no_tensor) return graph.gated(gate, up);
  const auto result = graph.unary(gate);
  return activation == Activation::relu_squared ? graph.unary(result) : result;
}

TensorId ModelGraph::feed_forward(TensorId a, std::size_t il, Activation activation, std::string_view suffix,
                                  std::string_view prefix) {
  const auto role = [&](std::string_view name) {
    return std::string(prefix) + std::string(name) + std::string(suffix);
  };
  const auto up = linear(il, role("ffn_up"), a, true);
  const bool gated = weight(il, role("ffn_gate")) != no_tensor;
  auto result = gated ? linear(il, role("ffn_gate"), a, true) : up;
  result = activate(result, gated && activation != Activation::relu_squared ? up : no_tensor, activation);
  if (gated && activation == Activation::relu_squared) result = graph.binary(result, up);
  result = graph.binary(result, weight(il, "ffn.act", "scales"));
  if (suffix.empty() && weight(il, "ffn_sub_norm") != no_tensor) result = norm(result, il, "ffn_sub_norm");
  return linear(il, role("ffn_down"), result, true);
}

std::vector<TensorId> ModelGraph::expert_groups(TensorId probabilities, const ExpertOptions& options) {
  // The best groups of experts first: their scores, and the probabilities with the others masked out.
  const auto groups = number("expert_group_count");
  const auto used = number("expert_group_used_count");
  const auto each = options.count / std::max<std::uint64_t>(groups, 1);
  const auto tokens = graph.extent(probabilities, 1);
  const auto split = graph.reshape(probabilities, {each, groups, tokens, 1});
  const auto sorted = graph.make(Op::plain, i32, {each, groups, tokens, 1}, {split});
  const auto best = graph.view(sorted, {2, groups, tokens, 1});
  const auto flat = graph.reshape(split, {1, each, groups, tokens});
  auto scores = graph.make(Op::get_rows, f32, {1, 2, groups, tokens}, {flat, best});
  scores = graph.make(Op::plain, f32, {1, groups, tokens, 1}, {graph.reshape(scores, {2, groups, tokens, 1})});
  scores = graph.reshape(scores, {groups, tokens, 1, 1});
  const auto order = graph.make(Op::plain, i32, {groups, tokens, 1, 1}, {scores});
  const auto chosen = graph.view(order, {used, tokens, 1, 1});
  const auto kept = graph.make(Op::get_rows, f32, {each, used, tokens, 1}, {split, chosen});
  const auto masked = graph.store(kept, graph.unary(split), {chosen});
  return {graph.reshape(masked, {options.count, tokens, 1, 1})};
}

namespace {

/// Whether ggml-cuda chooses among so many experts in one step, from their probabilities to the weights
/// (ggml_cuda_should_use_topk_moe).
bool has_choosing_kernel(std::uint64_t experts) {
  return (std::has_single_bit(experts) && experts <= 512) || experts == 288 || experts == 576;
}

/// What is computed from `logits` on, among the nodes from `first` on, and what that is made of.
std::vector<TensorId> steps_and_sources(const TensorGraph& graph, TensorId logits, std::size_t first) {
  std::vector<TensorId> all;
  const auto add = [&](TensorId tensor) {
    if (std::ranges::find(all, tensor) == all.end()) all.push_back(tensor);
  };
  const auto begin = std::find(graph.nodes().begin() + static_cast<std::ptrdiff_t>(first), graph.nodes().end(), logits);
  const auto steps =
      begin == graph.nodes().end() ? graph.nodes().begin() + static_cast<std::ptrdiff_t>(first) : begin + 1;
  for (auto node = steps; node != graph.nodes().end(); ++node) {
    add(*node);
    const auto& tensor = graph[*node];
    for (std::uint8_t i = 0; i < tensor.source_count; ++i) add(tensor.sources[i]);
  }
  return all;
}

}  // namespace

ModelGraph::ChosenExperts ModelGraph::choose_experts(TensorId a, std::size_t il, const ExpertOptions& options) {
  const auto tokens = graph.extent(a, 1);
  const auto used = options.used;
  auto gating = options.gating;
  if (gating == Gating::by_metadata) {
    const auto named = number("expert_gating_func", 1);
    gating = named == 4   ? Gating::root_of_softplus
             : named == 3 ? Gating::softmax_of_chosen
             : named == 2 ? Gating::sigmoid
                          : Gating::softmax;
  }
  auto logits = options.logits == no_tensor ? linear(il, "ffn_gate_inp", a) : options.logits;
  logits = graph.binary(logits, weight(il, "ffn_gate_inp", "bias"));
  auto probabilities = gating == Gating::softmax_of_chosen ? logits : graph.unary(logits);
  if (gating == Gating::root_of_softplus) probabilities = graph.unary(probabilities);
  auto selection = graph.binary(probabilities, weight(il, "exp_probs_b", "bias"));
  selection = graph.binary(selection, weight(il, "exp_probs_b", ""));
  if (options.weighted_before) selection = logits;
  if (number("expert_group_count") > 1) selection = expert_groups(selection, options).front();
  const auto sorted = graph.make(Op::plain, i32, {options.count, tokens, 1, 1}, {selection});
  const auto chosen = options.chosen == no_tensor ? graph.view(sorted, {used, tokens, 1, 1}) : options.chosen;
  probabilities = graph.reshape(probabilities, {1, options.count, tokens, 1});
  auto weights = graph.make(Op::get_rows, f32, {1, used, tokens, 1}, {probabilities, chosen});
  if (gating == Gating::softmax_of_chosen) {
    weights = graph.unary(graph.reshape(weights, {used, tokens, 1, 1}));
    weights = graph.reshape(weights, {1, used, tokens, 1});
  }
  if (options.normalised) {
    weights = graph.reshape(weights, {used, tokens, 1, 1});
    auto sum = graph.make(Op::plain, f32, {1, tokens, 1, 1}, {weights});
    sum = graph.unary(sum);
    weights = graph.reshape(graph.binary(weights, sum), {1, used, tokens, 1});
  }
  if (options.scaled) weights = graph.unary(weights);
  const auto before = graph.nodes().size();
  graph.expand(weights);
  ChosenExperts experts{.chosen = chosen, .weights = weights};
  const bool argsorts_probabilities =
      !options.weighted_before && number("expert_group_count") <= 1 && options.chosen == no_tensor;
  if (gating != Gating::softmax_of_chosen && argsorts_probabilities && has_choosing_kernel(options.count))
    experts.until_weighted = steps_and_sources(graph, logits, before);
  return experts;
}

TensorId ModelGraph::sum_of_experts(TensorId all, std::uint64_t used, std::uint64_t tokens) {
  const auto width_out = graph.extent(all, 0);
  const auto strides = graph[all].strides;
  std::vector<TensorId> parts;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(used, 512); ++i) {
    parts.push_back(graph.view(all, {width_out, tokens, 1, 1}, {strides[2], strides[2] * tokens, strides[2] * tokens}));
    graph.expand(parts.back());
  }
  auto sum = parts.empty() ? all : parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    sum = graph.binary(sum, parts[i]);
    graph.expand(sum);
  }
  return parts.size() == 1 ? graph.cont(sum) : sum;
}

TensorId ModelGraph::experts(TensorId a, std::size_t il, const ExpertOptions& options, std::string_view suffix) {
  const auto tokens = graph.extent(a, 1);
  const auto used = options.used;
  const auto role = [&](std::string_view name) { return std::string(name) + std::string(suffix); };
  const auto [chosen, weights, until_weighted] = choose_experts(a, il, options);
  const auto size = graph.extent(a, 0);
  auto current = graph.reshape(a, {size, 1, tokens, 1});
  for (const auto part : until_weighted) graph.keep_until(part, current, weights);
  if (options.weighted_before) current = graph.binary(graph.repeat(current, {size, used, tokens, 1}), weights);
  const auto product = [&, chosen = chosen](std::string_view name, TensorId x) {
    auto result = graph.mul_mat_id(weight(il, role(name)), x, chosen);
    if (result == no_tensor) return result;
    result = graph.binary(result, weight(il, role(name), "scale"));
    return graph.binary(result, weight(il, role(name), "bias"));
  };
  TensorId up = no_tensor;
  if (weight(il, role("ffn_gate_up")) != no_tensor) {
    const auto both = product("ffn_gate_up", current);
    const auto half = graph.extent(both, 0) / 2;
    current = graph.view(both, {half, used, tokens, 1});
    up = graph.view(both, {half, used, tokens, 1});
  } else {
    up = product("ffn_up", current);
    const bool gated = weight(il, role("ffn_gate")) != no_tensor;
    current = gated ? product("ffn_gate", current) : up;
    if (!gated) up = no_tensor;
  }
  current = activate(current, up, options.activation);
  const auto down = product("ffn_down", current);
  auto all = down;
  if (!options.weighted_before) all = graph.binary(all, weights);
  graph.expand(all);
  if (all == no_tensor) return a;
  const auto sum = sum_of_experts(all, used, tokens);
  constexpr std::uint64_t most_of_one_sum = 15;  // ggml-cuda adds them up in one step
  if (used > 1 && used <= most_of_one_sum && !options.weighted_before) {
    graph.keep_until(down, sum, sum);
    graph.keep_until(weights, sum, sum);
  }
  return sum;
}

}  // namespace berth::plan
