/// Types of tensors whose elements are stored one by one, under the names of safetensors.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace berth::model {

/// Bits of one element of this type: 16 for "BF16", 8 for "F8_E4M3" and "BOOL", 4 for "F4". 0 for "STRING", whose
/// elements have no one size. None where there is no such type.
std::optional<std::uint32_t> element_bits(std::string_view type);

/// Bytes of a tensor of this shape, rounded up. None where they or its elements are more than 2^63 - 1.
std::optional<std::uint64_t> element_bytes(std::span<const std::uint64_t> shape, std::uint32_t bits);

}  // namespace berth::model
