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
  if (__builtin_cpu_supports("avx512bf16") == 0) avx512.attend_bf16 = nullptr;
  avx512.crosses = __builtin_cpu_is("amd") != 0;
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

void rotate(float* x, std::int64_t length) {
  for (const auto* end = x + length / rotated_block * rotated_block; x != end; x += rotated_block)
    for (const int step : {1, 2, 16, 32, 64})  // what a vector of 16 numbers does at once, and among its neighbours
      for (std::int64_t i = 0; i < rotated_block; ++i) {
        if ((i & step) != 0) continue;
        const float sum = x[i] + x[i + step];
        x[i + step] = x[i] - x[i + step];
        x[i] = sum;
      }
}

Int8Matrix packed_int8(const Kernels& kernels, const float* weights, std::int64_t inner, std::int64_t columns,
                       const AlignedAllocator<float>& memory) {
  const auto panel = kernels.panel;
  const auto groups = int8_groups(inner);
  std::int64_t fours = 0;
  for (std::int64_t group = 0; group < groups; ++group) fours += int8_fours(group, inner);
  const auto panels = panels_of(kernels, columns);
  const auto scales = static_cast<std::size_t>(panels * groups * panel);
  Int8Matrix result{.values = Aligned<std::uint8_t>(static_cast<std::size_t>(panels * fours * panel * 4), 128, memory),
                    .scales = Aligned<float>(scales, memory)};
  const auto whole = inner / rotated_block * rotated_block;
  std::vector<float> rotated(static_cast<std::size_t>(inner));
  for (std::int64_t column = 0; column < columns; ++column) {
    std::copy_n(weights + column * inner, inner, rotated.begin());
    rotate(rotated.data(), inner);
    for (std::int64_t k = 0; k < whole; ++k) rotated[static_cast<std::size_t>(k)] /= 32;
    const auto index = column / panel;
    auto* to = result.values.data() + (index * fours * panel + column % panel) * 4;
    for (std::int64_t group = 0; group < groups; ++group) {
      const auto* from = rotated.data() + group * int8_group;
      const auto length = std::min(int8_group, inner - group * int8_group);
      float most = 0;
      for (std::int64_t k = 0; k < length; ++k) most = std::max(most, std::abs(from[k]));
      const float scale = most / 127;
      for (std::int64_t k = 0; k < length; ++k)
        to[k / 4 * panel * 4 + k % 4] = static_cast<std::uint8_t>(scale > 0 ? std::lround(from[k] / scale) + 128 : 128);
      result.scales[static_cast<std::size_t>((index * groups + group) * panel + column % panel)] = scale;
      to += int8_fours(group, inner) * panel * 4;
    }
  }
  return result;
}

}  // namespace berth::encoder
