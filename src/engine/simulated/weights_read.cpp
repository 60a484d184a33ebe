#include "engine/simulated/weights_read.h"

#include <algorithm>

#include "engine/simulated/ggml_interface.h"

namespace berth::simulated {
namespace {

bool is_weight(const ggml_tensor& tensor) {
  const auto buffer = tensor.view_src != nullptr ? tensor.view_src->buffer : tensor.buffer;
  return buffer != nullptr && buffer->usage == GGML_BACKEND_BUFFER_USAGE_WEIGHTS;
}

std::uint64_t bytes_read(const ggml_tensor& weight, const ggml_tensor& op) {
  const auto all = static_cast<std::uint64_t>(ggml_nbytes(&weight));
  const bool is_first = op.src[0] == &weight;
  if (op.op == GGML_OP_GET_ROWS && is_first)
    return std::min(all, static_cast<std::uint64_t>(ggml_nelements(op.src[1])) *
                             static_cast<std::uint64_t>(ggml_row_size(weight.type, weight.ne[0])));
  if (op.op == GGML_OP_MUL_MAT_ID && is_first)
    return std::min(all, static_cast<std::uint64_t>(ggml_nelements(op.src[2])) * weight.nb[2]);
  return all;
}

}  // namespace

std::uint64_t weights_read(ggml_cgraph* graph) {
  std::uint64_t sum = 0;
  for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
    const auto& op = *ggml_graph_node(graph, i);
    // These move nothing.
    if (op.op == GGML_OP_VIEW || op.op == GGML_OP_RESHAPE || op.op == GGML_OP_PERMUTE || op.op == GGML_OP_TRANSPOSE)
      continue;
    for (const auto* source : op.src)
      if (source != nullptr && is_weight(*source)) sum += bytes_read(*source, op);
  }
  return sum;
}

}  // namespace berth::simulated
