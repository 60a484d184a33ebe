#pragma once

#include <ggml-backend.h>

#include <string_view>

namespace berth::llama {

/// Whether a tensor's data is the mapped file, not a copy of it.
inline bool is_mapped(const ggml_tensor& tensor) {
  return tensor.buffer != nullptr && std::string_view(ggml_backend_buffer_name(tensor.buffer)).ends_with("_Mapped");
}

}  // namespace berth::llama
