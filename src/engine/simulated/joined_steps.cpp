#include "engine/simulated/joined_steps.h"

#include <algorithm>
#include <map>
#include <span>
#include <vector>

namespace berth::simulated {
namespace {

using Nodes = std::vector<ggml_tensor*>;

constexpr std::size_t most_experts_of_sum = 15;

class Graph {
 public:
  explicit Graph(ggml_cgraph* graph) : all_(ggml_graph_nodes(graph)) {
    for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) nodes_.push_back(all_[i]);
    for (const auto* node : nodes_)
      for (const auto* source : node->src)
        if (source != nullptr) ++uses_[source];
  }

  std::size_t size() const { return nodes_.size(); }
  ggml_tensor* operator[](std::size_t i) const { return nodes_[i]; }
  /// The step behind `i`, which may be the first one of the next device: this graph is a part of one that goes on.
  ggml_tensor* behind(std::size_t i) const { return all_[i + 1]; }
  bool is(std::size_t i, ggml_op op) const { return i < nodes_.size() && nodes_[i]->op == op; }
  /// A step of that kind whose first source is the one before it.
  bool follows(std::size_t i, ggml_op op) const { return is(i, op) && i > 0 && nodes_[i]->src[0] == nodes_[i - 1]; }

  /// Whether nothing outside of the steps needs what they make, but for `kept` ones (ggml_can_fuse_subgraph).
  bool can_join(std::size_t first, std::size_t count, std::span<const std::size_t> kept) const {
    if (first + count > nodes_.size()) return false;
    const auto begin = nodes_.begin() + static_cast<std::ptrdiff_t>(first);
    const Nodes steps(begin, begin + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) {
      if (std::ranges::find(kept, first + i) != kept.end()) continue;
      if (!stays_within(steps, steps[i])) return false;
    }
    return true;
  }

 private:
  bool stays_within(const Nodes& steps, const ggml_tensor* step) const {
    if ((step->flags & GGML_TENSOR_FLAG_OUTPUT) != 0) return false;
    int within = 0;
    for (const auto* other : steps)
      within += static_cast<int>(std::count(std::begin(other->src), std::end(other->src), step));
    const auto uses = uses_.find(step);
    if (within != (uses == uses_.end() ? 0 : uses->second)) return false;
    for (const auto* viewed = step->view_src; viewed != nullptr; viewed = viewed->view_src)
      if (std::ranges::find(steps, viewed) == steps.end()) return false;
    return true;
  }

  ggml_tensor** all_;
  Nodes nodes_;
  std::map<const ggml_tensor*, int> uses_;
};

/// The experts' results times their weights, and the sum of these.
struct WeightedSum {
  ggml_tensor* experts = nullptr;
  ggml_tensor* scale = nullptr;
  ggml_tensor* weights = nullptr;
  std::size_t count = 0;  ///< steps
};

bool is_plain(const ggml_tensor* tensor) {
  return tensor != nullptr && tensor->type == GGML_TYPE_F32 && ggml_is_contiguous(tensor);
}

/// Of a product, the factor of the same shape and the one with a number for each expert.
bool split_product(const ggml_tensor* product, ggml_tensor*& full, ggml_tensor*& one_each) {
  for (const int first : {0, 1}) {
    auto* const a = product->src[first];
    auto* const b = product->src[1 - first];
    if (!is_plain(a) || !is_plain(b) || !ggml_are_same_shape(a, product)) continue;
    if (b->ne[0] != 1 || !std::equal(b->ne + 1, b->ne + GGML_MAX_DIMS, product->ne + 1)) continue;
    full = a;
    one_each = b;
    return true;
  }
  return false;
}

bool is_product(const ggml_tensor* tensor) { return tensor->op == GGML_OP_MUL && is_plain(tensor); }

/// Views of each expert and sums of these, in the order in which they are needed.
bool adds_up(const Graph& graph, std::size_t first, std::size_t last, const ggml_tensor* weighted) {
  std::vector<const ggml_tensor*> views;
  const ggml_tensor* sum = nullptr;
  std::size_t sums = 0;
  for (auto i = first; i < last; ++i) {
    const auto* step = graph[i];
    if (step->op == GGML_OP_VIEW) {
      if (step->src[0] != weighted || step->ne[0] != weighted->ne[0] || step->nb[1] != weighted->nb[2] ||
          step->view_offs != views.size() * weighted->nb[1])
        return false;
      views.push_back(step);
      continue;
    }
    if (step->op != GGML_OP_ADD || sums + 1 >= views.size()) return false;
    if (step->src[0] != (sums == 0 ? views[0] : sum) || step->src[1] != views[sums + 1]) return false;
    sum = step;
    ++sums;
  }
  return sum != nullptr && views.size() == static_cast<std::size_t>(weighted->ne[1]) && sums + 1 == views.size();
}

bool find_weighted_sum(const Graph& graph, std::size_t i, WeightedSum& found) {
  if (!is_product(graph[i])) return false;
  const auto* weighted = graph[i];
  std::size_t products = 1;
  ggml_tensor* scaled = nullptr;
  if (graph.is(i + 1, GGML_OP_MUL) && is_product(graph[i + 1]) && split_product(graph[i + 1], scaled, found.weights) &&
      scaled == graph[i] && split_product(graph[i], found.experts, found.scale)) {
    weighted = graph[i + 1];
    products = 2;
  } else if (found.scale = nullptr; !split_product(graph[i], found.experts, found.weights)) {
    return false;
  }
  const auto used = static_cast<std::size_t>(weighted->ne[1]);
  if (used < 2 || used > most_experts_of_sum) return false;
  found.count = 2 * used + products - 1;
  const std::size_t kept[] = {i + found.count - 1};
  return i + found.count <= graph.size() && adds_up(graph, i + products, i + found.count, weighted) &&
         graph.can_join(i, found.count, kept);
}

/// The steps that choose experts, from the probabilities to the weights; 0: these are none (ggml_cuda_topk_moe_fusion).
std::size_t choosing_steps(const Graph& graph, std::size_t first) {
  auto i = first;
  const auto* gate = graph[i];
  if (gate->op == GGML_OP_UNARY && ggml_get_unary_op(gate) == GGML_UNARY_OP_SOFTPLUS) {
    if (!graph.follows(i + 1, GGML_OP_SQRT)) return 0;
    ++i;
  } else if (gate->op == GGML_OP_UNARY ? ggml_get_unary_op(gate) != GGML_UNARY_OP_SIGMOID
                                       : gate->op != GGML_OP_SOFT_MAX || gate->src[1] != nullptr ||
                                             gate->src[2] != nullptr || !ggml_is_contiguous(gate->src[0])) {
    return 0;
  }
  const auto* probabilities = graph[i];
  if (!graph.follows(++i, GGML_OP_RESHAPE)) return 0;
  const auto* split = graph[i];
  const bool biased = graph.is(i + 1, GGML_OP_ADD) && graph[i + 1]->src[0] == probabilities;
  if (biased) ++i;
  const auto* scores = biased ? graph[i] : probabilities;
  if (!graph.is(++i, GGML_OP_ARGSORT) || graph[i]->src[0] != scores) return 0;
  if (!graph.follows(++i, GGML_OP_VIEW)) return 0;
  const auto ids = i;
  if (!graph.is(++i, GGML_OP_GET_ROWS) || graph[i]->src[0] != split || graph[i]->src[1] != graph[ids]) return 0;
  const auto chosen = i;
  if (graph.follows(i + 1, GGML_OP_RESHAPE) && graph.follows(i + 2, GGML_OP_SUM_ROWS) &&
      graph.follows(i + 3, GGML_OP_CLAMP) && graph.is(i + 4, GGML_OP_DIV) && graph[i + 4]->src[0] == graph[i + 1] &&
      graph[i + 4]->src[1] == graph[i + 3] && graph.follows(i + 5, GGML_OP_RESHAPE))
    i += 5;
  if (graph.follows(i + 1, GGML_OP_SCALE)) ++i;
  const auto experts = graph[ids]->nb[1] / graph[ids]->nb[0];
  const bool has_kernel = ((experts & (experts - 1)) == 0 && experts <= 512) || experts == 288 || experts == 576;
  if (!has_kernel || !ggml_is_contiguous(graph[i]) || !ggml_is_contiguous(gate->src[0])) return 0;
  const std::size_t kept[] = {chosen - 1, i};
  return graph.can_join(first, i + 1 - first, kept) ? i + 1 - first : 0;
}

}  // namespace

void keep_for_joined_steps(ggml_backend_t /*backend*/, ggml_cgraph* given, ggml_backend_graph_optimize_params* params) {
  const Graph graph(given);
  const auto keep = [&](ggml_tensor* tensor, ggml_tensor* until) {
    if (tensor != nullptr) params->add_alloc_dep(params->user_data, tensor, until);
  };
  for (std::size_t i = 0; i < graph.size(); ++i) {
    WeightedSum sum;
    if (find_weighted_sum(graph, i, sum)) {
      i += sum.count - 1;
      for (auto* each : {sum.experts, sum.weights, sum.scale}) keep(each, graph[i]);
    } else if (const auto count = choosing_steps(graph, i); count > 0) {
      auto* const until = graph.behind(i + count - 1);
      for (const auto end = i + count; i < end; ++i) {
        keep(graph[i], until);
        for (auto* source : graph[i]->src) keep(source, until);
      }
      --i;
    }
  }
}

}  // namespace berth::simulated
