#include "engine/encoder/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "engine/encoder/tile.h"

namespace berth::encoder {
namespace avx2 {
namespace {

// The sums of 6 rows and 16 columns take 12 of the 16 registers.
#define BERTH_KERNEL [[gnu::target("avx2,fma")]]
using Vector = __m256;
constexpr std::int64_t lanes = 8;
constexpr int tile_rows = 6;

BERTH_KERNEL inline Vector load(const float* from) { return _mm256_loadu_ps(from); }
BERTH_KERNEL inline void store(float* to, Vector value) { _mm256_storeu_ps(to, value); }
BERTH_KERNEL inline Vector same(float value) { return _mm256_set1_ps(value); }
BERTH_KERNEL inline Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
BERTH_KERNEL inline Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
BERTH_KERNEL inline Vector sub(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
BERTH_KERNEL inline Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
BERTH_KERNEL inline Vector quotient(Vector a, Vector b) { return _mm256_div_ps(a, b); }
BERTH_KERNEL inline Vector max(Vector a, Vector b) { return _mm256_max_ps(a, b); }
BERTH_KERNEL inline Vector rounded(Vector a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
BERTH_KERNEL inline Vector scaled_by_two_to(Vector a, Vector n) {
  const auto exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return mul(a, _mm256_castsi256_ps(exponent));
}
BERTH_KERNEL inline float sum_of(Vector a) {
  alignas(32) float each[lanes];
  _mm256_store_ps(each, a);
  return ((each[0] + each[1]) + (each[2] + each[3])) + ((each[4] + each[5]) + (each[6] + each[7]));
}
BERTH_KERNEL inline Vector inverse(Vector a) { return quotient(same(1), a); }

/// to[column][row] = from[row][column]
BERTH_KERNEL inline void transpose(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                                   float* to, std::int64_t to_stride) {
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t i = 0; i < columns; ++i) to[i * to_stride + row] = from[row * stride + i];
}

/// On its own, as GCC 12 keeps the sums in registers only here.
template <int Rows, int Vectors>
BERTH_KERNEL [[gnu::noinline]] void compute_tile(const Tile& tile) {
  Vector sums[Rows][Vectors];
#pragma GCC unroll 6
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 2
    for (int i = 0; i < Vectors; ++i) sums[row][i] = load(tile.from + row * tile.from_stride + i * lanes);
  const auto* rows = tile.rows;
  const auto* columns = tile.columns;
  const auto* ahead = tile.ahead == nullptr ? columns : tile.ahead;
  for (auto left = tile.steps; left > 0; --left, rows += tile.step, columns += 2 * lanes, ahead += 2 * lanes) {
    __builtin_prefetch(ahead, 0, 2);
#pragma GCC unroll 6
    for (int row = 0; row < Rows; ++row) {
      const auto value = same(rows[row * tile.row_stride]);
#pragma GCC unroll 2
      for (int i = 0; i < Vectors; ++i) sums[row][i] = fma(value, load(columns + i * lanes), sums[row][i]);
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 2
    for (int i = 0; i < Vectors; ++i) store(tile.y + row * tile.stride + i * lanes, sums[row][i]);
}

/// Each number goes to the place of its neighbour.
BERTH_KERNEL inline Vector with_neighbours(Vector a) { return _mm256_permute_ps(a, 0xB1); }

/// Crossed matrices gain nothing here: there are too few registers.
constexpr int crossed_rows = 1;
BERTH_KERNEL inline void compute_crossed(int /*count*/, const Tile& tile, const CrossedTile& crossed) {
  for (std::int64_t i = 0; i < 2 * lanes; i += lanes) {
    auto sum = add(add(load(tile.from + i), same(*crossed.of_rows)), load(crossed.of_columns + i));
    for (std::int64_t step = 0; step < tile.steps; step += 2) {
      const auto* columns = tile.columns + step * 2 * lanes + i;
      sum = fma(add(same(tile.rows[step]), load(columns + 2 * lanes)), add(same(tile.rows[step + 1]), load(columns)),
                sum);
    }
    store(tile.y + i, fma(sum, same(*crossed.scales), load(crossed.bias + i)));
  }
}

#include "engine/encoder/kernel_code.inc"
#undef BERTH_KERNEL

}  // namespace

[[gnu::target("avx2,fma")]] void product_here(const Product& product) { multiply(product); }
[[gnu::target("avx2,fma")]] void norm_here(const NormRows& rows) { normalize(rows); }
[[gnu::target("avx2,fma")]] void attend_here(const HeadAttention& head) { attend_head<Numbers>(head); }

}  // namespace avx2

const Kernels kernels_avx2 = {"avx2",  avx2::panel, avx2::product_here, nullptr, avx2::norm_here, avx2::attend_here,
                              nullptr, false};

}  // namespace berth::encoder
#endif
