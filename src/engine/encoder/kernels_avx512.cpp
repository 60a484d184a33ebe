#include "engine/encoder/kernels.h"

#if defined(__x86_64__)
// GCC 12 takes the undefined vectors of its own header for mistakes (its bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "engine/encoder/tile.h"

namespace berth::encoder {
namespace avx512 {
namespace {

// The sums of 14 rows and 32 columns take 28 of the 32 registers.
#define BERTH_KERNEL [[gnu::target("avx512f")]]
using Vector = __m512;
constexpr std::int64_t lanes = 16;
constexpr int tile_rows = 14;

BERTH_KERNEL inline Vector load(const float* from) { return _mm512_loadu_ps(from); }
BERTH_KERNEL inline void store(float* to, Vector value) { _mm512_storeu_ps(to, value); }
BERTH_KERNEL inline Vector same(float value) { return _mm512_set1_ps(value); }
BERTH_KERNEL inline Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
BERTH_KERNEL inline Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
BERTH_KERNEL inline Vector sub(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
BERTH_KERNEL inline Vector mul(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
BERTH_KERNEL inline Vector quotient(Vector a, Vector b) { return _mm512_div_ps(a, b); }
BERTH_KERNEL inline Vector max(Vector a, Vector b) { return _mm512_max_ps(a, b); }
BERTH_KERNEL inline Vector rounded(Vector a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT); }
BERTH_KERNEL inline Vector scaled_by_two_to(Vector a, Vector n) { return _mm512_scalef_ps(a, n); }
BERTH_KERNEL inline float sum_of(Vector a) { return _mm512_reduce_add_ps(a); }
/// 1 / a, with a relative error of 1e-7.
BERTH_KERNEL inline Vector inverse(Vector a) {
  const auto near = _mm512_rcp14_ps(a);
  return mul(near, _mm512_fnmadd_ps(a, near, same(2)));
}
BERTH_KERNEL inline float most_of(Vector a) { return _mm512_reduce_max_ps(a); }

BERTH_KERNEL inline Vector low_pairs(Vector a, Vector b) {
  return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
BERTH_KERNEL inline Vector high_pairs(Vector a, Vector b) {
  return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}

/// to[column][row] = from[row][column], of at most 16 rows and 16 columns.
BERTH_KERNEL inline void transpose_block(const float* from, std::int64_t stride, std::int64_t rows,
                                         std::int64_t columns, float* to, std::int64_t to_stride) {
  const auto row_mask = static_cast<__mmask16>((1U << rows) - 1);
  const auto column_mask = static_cast<__mmask16>((1U << columns) - 1);
  Vector x[16];
  Vector y[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) x[i] = i < rows ? _mm512_maskz_loadu_ps(column_mask, from + i * stride) : same(0);
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
  }
  // Each quarter of x[i + j] then has the column 4 quarter + j of the rows i to i + 3.
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    x[i] = low_pairs(y[i], y[i + 2]);
    x[i + 1] = high_pairs(y[i], y[i + 2]);
    x[i + 2] = low_pairs(y[i + 1], y[i + 3]);
    x[i + 3] = high_pairs(y[i + 1], y[i + 3]);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const auto even_above = _mm512_shuffle_f32x4(x[j], x[4 + j], 0x88);
    const auto odd_above = _mm512_shuffle_f32x4(x[j], x[4 + j], 0xDD);
    const auto even_below = _mm512_shuffle_f32x4(x[8 + j], x[12 + j], 0x88);
    const auto odd_below = _mm512_shuffle_f32x4(x[8 + j], x[12 + j], 0xDD);
    y[j] = _mm512_shuffle_f32x4(even_above, even_below, 0x88);
    y[4 + j] = _mm512_shuffle_f32x4(odd_above, odd_below, 0x88);
    y[8 + j] = _mm512_shuffle_f32x4(even_above, even_below, 0xDD);
    y[12 + j] = _mm512_shuffle_f32x4(odd_above, odd_below, 0xDD);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i)
    if (i < columns) _mm512_mask_storeu_ps(to + i * to_stride, row_mask, y[i]);
}

BERTH_KERNEL inline void transpose(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                                   float* to, std::int64_t to_stride) {
  for (std::int64_t row = 0; row < rows; row += lanes)
    for (std::int64_t i = 0; i < columns; i += lanes)
      transpose_block(from + row * stride + i, stride, std::min(lanes, rows - row), std::min(lanes, columns - i),
                      to + i * to_stride + row, to_stride);
}

/// Each number goes to the place of its neighbour.
BERTH_KERNEL inline Vector with_neighbours(Vector a) { return _mm512_permute_ps(a, 0xB1); }

#include "engine/encoder/avx512_tiles.inc"
#include "engine/encoder/bf16_pairs.inc"
#include "engine/encoder/crossed.inc"
#include "engine/encoder/kernel_code.inc"

#define BERTH_INT8_KERNEL [[gnu::target("avx512f,avx512vnni")]]
#include "engine/encoder/int8_kernel.inc"
#undef BERTH_INT8_KERNEL
#undef BERTH_KERNEL

}  // namespace

[[gnu::target("avx512f")]] void product_here(const Product& product) { multiply(product); }
[[gnu::target("avx512f,avx512vnni")]] void product_int8_here(const Product& product) { multiply_int8(product); }
[[gnu::target("avx512f")]] void norm_here(const NormRows& rows) { normalize(rows); }
[[gnu::target("avx512f")]] void attend_here(const HeadAttention& head) { attend_head<Numbers>(head); }
[[gnu::target("avx512f")]] void attend_bf16_here(const HeadAttention& head) { attend_head<Pairs>(head); }

}  // namespace avx512

const Kernels kernels_avx512 = {
    "avx512",          avx512::panel,       avx512::product_here,     avx512::product_int8_here,
    avx512::norm_here, avx512::attend_here, avx512::attend_bf16_here, true};

}  // namespace berth::encoder
#pragma GCC diagnostic pop
#endif
