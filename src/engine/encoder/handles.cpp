#include "engine/encoder/handles.h"

#include "berth/error.h"

namespace berth::encoder {

ContextHandle new_context(std::size_t tensors, bool with_graph) {
  const auto bytes = tensors * ggml_tensor_overhead() + (with_graph ? ggml_graph_overhead_custom(tensors, false) : 0);
  ContextHandle context(ggml_init({.mem_size = bytes, .mem_buffer = nullptr, .no_alloc = true}));
  if (!context) throw EngineError("encoder", "", "no memory for a graph");
  return context;
}

}  // namespace berth::encoder
