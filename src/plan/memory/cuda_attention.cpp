#include "plan/memory/cuda_attention.h"

namespace berth::plan {
namespace {

/// Heads of keys that several heads of queries share are computed together, where there is a mask.
bool groups(std::uint64_t ratio, std::uint64_t least, std::uint64_t multiple) {
  return ratio >= least && ratio % multiple == 0;
}

/// As ggml_cuda_get_best_fattn_kernel has them.
bool has_sizes(const TensorGraph& graph, TensorId tensor) {
  const auto& query = graph[graph[tensor].sources[0]];
  const auto& key = graph[graph[tensor].sources[1]];
  const auto& value = graph[graph[tensor].sources[2]];
  const auto kv_heads = key.extents[2] == 0 ? 1 : key.extents[2];
  const auto ratio = query.extents[2] / kv_heads;
  const bool grouped = ratio >= 2 && key.extents[1] % 256 == 0;
  switch (key.extents[0]) {
    case 40:
    case 64:
    case 72:
    case 80:
    case 96:
    case 112:
    case 128:
    case 256:
      return value.extents[0] == key.extents[0];
    case 192:
      return value.extents[0] == 128 && grouped && groups(ratio, 2, 8);
    case 320:
      return value.extents[0] == 256 && grouped && groups(ratio, 2, 32);
    case 512:
      return value.extents[0] == 512 && grouped;
    case 576:
      return value.extents[0] == 512 && grouped;
    default:
      return false;
  }
}

}  // namespace

bool cuda_supports(const TensorGraph& graph, TensorId tensor) {
  const auto& attention = graph[tensor];
  if (attention.op == Op::indexer) {  // ggml_cuda_lightning_indexer_supported
    const auto& query = graph[attention.sources[0]];
    return query.extents[0] == 128 && (query.extents[1] == 64 || query.extents[1] == 32) &&
           !graph[attention.sources[1]].type.non_linear;
  }
  if (attention.op != Op::attention) return true;
  for (const int cached : {1, 2})  // ggml_cuda_fattn_kv_type_supported
    if (graph[attention.sources[static_cast<std::size_t>(cached)]].type.non_linear) return false;
  if (attention.source_count > 3 && graph[attention.sources[3]].extents[2] != 1) return false;  // a mask for each head
  return has_sizes(graph, tensor);
}

}  // namespace berth::plan
