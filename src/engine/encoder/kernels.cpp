#include "engine/encoder/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace berth::encoder {
namespace {

const Kernels* best_kernels() {
#if defined(__x86_64__)
  static Kernels avx512 = kernels_avx512;
  if (__builtin_cpu_supports("avx512vnni") == 0) avx512.product_int8 = nullptr;
  const char* given = std::getenv("BERTH_ENCODER_KERNELS");
  const std::string_view wanted = given == nullptr ? "" : given;
  const bool has_avx512 = __builtin_cpu_supports("avx512f") != 0;
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (has_avx512 && (wanted.empty() || wanted == kernels_avx512.name)) return &avx512;
  if (has_avx2 && (wanted.empty() || wanted == kernels_avx2.name)) return &kernels_avx2;
#endif
  return nullptr;
}

}  // namespace

const Kernels* kernels_here() {
  static const Kernels* const kernels = best_kernels();
  return kernels;
}

Aligned<float> packed(const Kernels& kernels, const float* weights, std::int64_t inner, std::int64_t columns) {
  Aligned<float> result(static_cast<std::size_t>(panels_of(kernels, columns) * kernels.panel * inner));
  auto* to = result.data();
  for (std::int64_t first = 0; first < columns; first += kernels.panel, to += kernels.panel * inner) {
    const auto count = std::min(kernels.panel, columns - first);
    for (std::int64_t column = 0; column < count; ++column) {
      const auto* from = weights + (first + column) * inner;
      for (std::int64_t k = 0; k < inner; ++k) to[k * kernels.panel + column] = from[k];
    }
  }
  return result;
}

std::uint64_t packed_bytes(const Kernels& kernels, bool is_int8, std::int64_t inner, std::int64_t columns) {
  const auto wide = panels_of(kernels, columns) * kernels.panel;
  const auto floats = static_cast<std::int64_t>(sizeof(float));
  const auto bytes = is_int8 ? wide * ((inner + 3) / 4 * 4 + int8_groups(inner) * 2 * floats) : wide * inner * floats;
  return static_cast<std::uint64_t>(bytes);
}

Int8Matrix packed_int8(const Kernels& kernels, const float* weights, std::int64_t inner, std::int64_t columns) {
  const auto panel = kernels.panel;
  const auto groups = int8_groups(inner);
  std::int64_t fours = 0;
  for (std::int64_t group = 0; group < groups; ++group) fours += int8_fours(group, inner);
  const auto panels = panels_of(kernels, columns);
  const auto scales = static_cast<std::size_t>(panels * groups * panel);
  Int8Matrix result{.values = Aligned<std::uint8_t>(static_cast<std::size_t>(panels * fours * panel * 4), 128),
                    .scales = Aligned<float>(scales),
                    .sums = Aligned<float>(scales)};
  auto* to = result.values.data();
  for (std::int64_t first = 0; first < columns; first += panel) {
    for (std::int64_t group = 0; group < groups; ++group) {
      const auto start = group * int8_group;
      const auto length = std::min(int8_group, inner - start);
      for (std::int64_t column = 0; column < std::min(panel, columns - first); ++column) {
        const auto* from = weights + (first + column) * inner + start;
        float most = 0;
        for (std::int64_t k = 0; k < length; ++k) most = std::max(most, std::abs(from[k]));
        const float scale = most / 127;
        long sum = 0;
        for (std::int64_t k = 0; k < length; ++k) {
          const long q = scale > 0 ? std::lround(from[k] / scale) : 0;
          to[(k / 4 * panel + column) * 4 + k % 4] = static_cast<std::uint8_t>(q + 128);
          sum += q;
        }
        const auto at = static_cast<std::size_t>((first / panel * groups + group) * panel + column);
        result.scales[at] = scale;
        result.sums[at] = scale * static_cast<float>(sum);
      }
      to += int8_fours(group, inner) * panel * 4;
    }
  }
  return result;
}

}  // namespace berth::encoder
