#include "model/element_type.h"

#include <algorithm>
#include <array>
#include <limits>

namespace berth::model {
namespace {

struct ElementBits {
  std::string_view name;
  std::uint32_t bits;
};

// safetensors 0.8 (enum Dtype), and what ONNX 1.23 has beside these.
constexpr std::array<ElementBits, 28> element_types{{
    {"F64", 64},    {"F32", 32},        {"F16", 16},    {"BF16", 16},   {"F8_E4M3", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2", 8}, {"F8_E5M2FNUZ", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},
    {"I64", 64},    {"I32", 32},        {"I16", 16},    {"I8", 8},      {"I4", 4},      {"I2", 2},
    {"U64", 64},    {"U32", 32},        {"U16", 16},    {"U8", 8},      {"U4", 4},      {"U2", 2},
    {"BOOL", 8},    {"C64", 64},        {"C128", 128},  {"STRING", 0},
}};

}  // namespace

std::optional<std::uint32_t> element_bits(std::string_view type) {
  const auto* found = std::ranges::find(element_types, type, &ElementBits::name);
  if (type.empty() || found == element_types.end()) return std::nullopt;
  return found->bits;
}

std::optional<std::uint64_t> element_bytes(std::span<const std::uint64_t> shape, std::uint32_t bits) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (std::ranges::find(shape, 0U) != shape.end()) return 0;
  std::uint64_t elements = 1;
  for (const auto extent : shape) {
    if (elements > most / extent) return std::nullopt;
    elements *= extent;
  }
  if (bits > 8 && elements > most / (bits / 8)) return std::nullopt;
  if (bits >= 8) return elements * (bits / 8);
  return elements / 8 * bits + (elements % 8 * bits + 7) / 8;
}

}  // namespace berth::model
