/// How ggml stores the elements of a tensor.
#pragma once

#include <cstdint>
#include <string_view>

namespace berth::model {

/// Elements are stored in blocks of `block_elements`, each of `block_bytes`.
struct GgmlType {
  std::string_view name;  ///< "Q4_1"
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
};

/// The type with this number in a GGUF file, or nullptr.
const GgmlType* ggml_type(std::uint32_t number);
/// The type of this name, in capitals or not, or nullptr.
const GgmlType* ggml_type(std::string_view name);

}  // namespace berth::model
