#include "engine/encoder/kernels.h"

#if defined(__x86_64__)
// GCC 12 takes the undefined vectors of its own header for mistakes (its bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

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
BERTH_KERNEL inline float most_of(Vector a) { return _mm512_reduce_max_ps(a); }

#include "engine/encoder/kernel_code.inc"
#undef BERTH_KERNEL

#define BERTH_INT8_KERNEL [[gnu::target("avx512f,avx512vnni")]]
/// In assembly, as GCC 12 copies the sum before and after its own function for this, which takes half the speed.
BERTH_INT8_KERNEL inline void add_dots(__m512i& sum, __m512i bytes, __m512i signed_bytes) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(bytes), "v"(signed_bytes));
}
#include "engine/encoder/int8_kernel.inc"
#undef BERTH_INT8_KERNEL

}  // namespace

[[gnu::target("avx512f")]] void product_here(const Product& product) { multiply(product); }
[[gnu::target("avx512f,avx512vnni")]] void product_int8_here(const Product& product) { multiply_int8(product); }
[[gnu::target("avx512f")]] void norm_here(const NormRows& rows) { normalize(rows); }
[[gnu::target("avx512f")]] void attend_here(const HeadAttention& head) { attend_head(head); }

}  // namespace avx512

const Kernels kernels_avx512 = {"avx512", avx512::panel, avx512::product_here, avx512::product_int8_here,
                                avx512::norm_here, avx512::attend_here};

}  // namespace berth::encoder
#pragma GCC diagnostic pop
#endif
