#include "engine/encoder/kernels.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace berth::encoder {
namespace {

const Kernels* best_kernels() {
#if defined(__x86_64__)
  const char* given = std::getenv("BERTH_ENCODER_KERNELS");
  const std::string_view wanted = given == nullptr ? "" : given;
  const bool has_avx512 = __builtin_cpu_supports("avx512f") != 0;
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (has_avx512 && (wanted.empty() || wanted == kernels_avx512.name)) return &kernels_avx512;
  if (has_avx2 && (wanted.empty() || wanted == kernels_avx2.name)) return &kernels_avx2;
#endif
  return nullptr;
}

}  // namespace

const Kernels* kernels_here() {
  static const Kernels* const kernels = best_kernels();
  return kernels;
}

std::vector<float> packed(const Kernels& kernels, const float* weights, std::int64_t inner, std::int64_t columns) {
  std::vector<float> result(static_cast<std::size_t>(panels_of(kernels, columns) * kernels.panel * inner));
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

}  // namespace berth::encoder
