/// Matrices as the float32 products take them.
#include <algorithm>
#include <cmath>

#include "engine/encoder/kernels.h"

namespace berth::encoder {
namespace {

std::int64_t packed_size(const Kernels& kernels, std::int64_t inner, std::int64_t columns) {
  return panels_of(kernels, columns) * kernels.panel * (inner + 1);
}

/// The power of two nearest to the root mean square of the numbers; 1 where that is out of reach.
float scale_of(const float* numbers, std::int64_t count) {
  double squares = 0;
  for (std::int64_t i = 0; i < count; ++i) squares += double{numbers[i]} * numbers[i];
  const double root = std::sqrt(squares / static_cast<double>(count));
  return root > 1e-20 && root < 1e20 ? static_cast<float>(std::exp2(std::round(std::log2(root)))) : 1;
}

}  // namespace

FloatMatrix packed(const Kernels& kernels, const float* weights, std::int64_t inner, std::int64_t columns,
                   const AlignedAllocator<float>& memory) {
  const auto panel = kernels.panel;
  FloatMatrix matrix{.values = Aligned<float>(static_cast<std::size_t>(packed_size(kernels, inner, columns)), memory),
                     .is_crossed = kernels.crosses && inner % 2 == 0};
  if (matrix.is_crossed) matrix.scale = scale_of(weights, inner * columns);
  for (std::int64_t column = 0; column < columns; ++column) {
    const auto* from = weights + column * inner;
    auto* const line = matrix.values.data() + column / panel * panel * (inner + 1) + column % panel;
    auto* const to = line + panel;
    for (std::int64_t k = 0; k < inner; ++k) to[k * panel] = from[k] / matrix.scale;
    double crossed = 0;
    for (std::int64_t k = 0; matrix.is_crossed && k < inner; k += 2)
      crossed -= double{to[k * panel]} * to[(k + 1) * panel];
    *line = static_cast<float>(crossed);
  }
  return matrix;
}

std::uint64_t packed_bytes(const Kernels& kernels, bool is_int8, std::int64_t inner, std::int64_t columns) {
  const auto floats = static_cast<std::int64_t>(sizeof(float));
  const auto int8_bytes =
      panels_of(kernels, columns) * kernels.panel * ((inner + 3) / 4 * 4 + int8_groups(inner) * floats);
  return static_cast<std::uint64_t>(is_int8 ? int8_bytes : packed_size(kernels, inner, columns) * floats);
}

}  // namespace berth::encoder
