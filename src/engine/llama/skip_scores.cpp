#include "engine/llama/skip_scores.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace berth::llama {
namespace {

/// Whether a tensor has the states behind the last norm, by llama.cpp's name for them where nothing is pooled.
bool has_states(const ggml_tensor& tensor) { return std::string_view(ggml_get_name(&tensor)) == "result_embd_pooled"; }

}  // namespace

bool only_scores_follow(ggml_cgraph& graph, std::int64_t words) {
  const ggml_tensor* states = nullptr;
  std::set<const ggml_tensor*> following;  // the states and what is computed of them
  for (int i = 0; i < ggml_graph_n_nodes(&graph); ++i) {
    const auto& node = *ggml_graph_node(&graph, i);
    if (states != nullptr) {
      const bool reads_states = std::ranges::find(node.src, states) != std::end(node.src);
      const bool gives_scores = node.op == GGML_OP_MUL_MAT && node.ne[0] == words;
      if (reads_states ? !gives_scores
                       : std::ranges::none_of(node.src, [&](auto* source) { return following.contains(source); }))
        return false;
    } else if (has_states(node)) {
      states = &node;
    } else {
      continue;
    }
    following.insert(&node);
  }
  return following.size() > 1;
}

bool end_at_states(ggml_tensor* tensor, bool asks, void* skips) {
  return asks && *static_cast<const bool*>(skips) && has_states(*tensor);
}

}  // namespace berth::llama
