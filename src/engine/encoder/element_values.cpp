#include "engine/encoder/element_values.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace berth::encoder {
namespace {

/// In IEEE's types a number is finite unless all bits of its exponent are set.
template <class Bits>
std::optional<std::size_t> first_with_all(std::span<const std::byte> values, Bits exponent) {
  constexpr std::size_t block = 4096;
  const auto count = values.size() / sizeof(Bits);
  const auto at = [&](std::size_t i) {
    Bits bits;
    std::memcpy(&bits, values.data() + i * sizeof(Bits), sizeof(Bits));
    return static_cast<Bits>(bits & exponent) == exponent;
  };
  for (std::size_t start = 0; start < count; start += block) {
    const auto end = std::min(count, start + block);
    bool found = false;  // without a branch, so that the compiler makes vectors of it
    for (std::size_t i = start; i < end; ++i) found |= at(i);
    if (!found) continue;
    for (std::size_t i = start; i < end; ++i)
      if (at(i)) return i;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ggml_type> stored_type(std::string_view name) {
  if (name == "F32") return GGML_TYPE_F32;
  if (name == "F16") return GGML_TYPE_F16;
  if (name == "BF16") return GGML_TYPE_BF16;
  return std::nullopt;
}

std::optional<std::size_t> first_not_finite(std::span<const std::byte> values, ggml_type type) {
  if (type == GGML_TYPE_F32) return first_with_all<std::uint32_t>(values, 0x7F800000);
  if (type == GGML_TYPE_Q8_0) return std::nullopt;
  return first_with_all<std::uint16_t>(values, type == GGML_TYPE_F16 ? 0x7C00 : 0x7F80);
}

std::vector<float> to_floats(std::span<const std::byte> source, ggml_type from) {
  std::vector<float> floats(source.size() / ggml_type_size(from));
  const auto count = static_cast<std::int64_t>(floats.size());
  if (from == GGML_TYPE_F32) {
    std::memcpy(floats.data(), source.data(), source.size());
    return floats;
  }
  std::vector<std::uint16_t> aligned(floats.size());
  std::memcpy(aligned.data(), source.data(), source.size());
  if (from == GGML_TYPE_F16)
    ggml_fp16_to_fp32_row(aligned.data(), floats.data(), count);
  else
    ggml_bf16_to_fp32_row(reinterpret_cast<const ggml_bf16_t*>(aligned.data()), floats.data(), count);
  return floats;
}

std::vector<std::byte> converted(std::span<const std::byte> source, ggml_type from, ggml_type to) {
  const auto floats = to_floats(source, from);
  const auto count = static_cast<std::int64_t>(floats.size());
  std::vector<std::byte> result(ggml_row_size(to, count));
  if (to == GGML_TYPE_F32)
    std::memcpy(result.data(), floats.data(), result.size());
  else if (to == GGML_TYPE_F16)
    ggml_fp32_to_fp16_row(floats.data(), reinterpret_cast<ggml_fp16_t*>(result.data()), count);
  else if (to == GGML_TYPE_Q8_0)
    ggml_quantize_chunk(to, floats.data(), result.data(), 0, 1, count, nullptr);
  else
    ggml_fp32_to_bf16_row(floats.data(), reinterpret_cast<ggml_bf16_t*>(result.data()), count);
  return result;
}

}  // namespace berth::encoder
