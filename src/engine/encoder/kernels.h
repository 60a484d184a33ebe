/// The steps of an encoder that take the time, written for the vector units of x86: ggml's general ones reach half of what
/// such a processor can do with matrices of this kind. All over float32.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/encoder/aligned.h"

namespace berth::encoder {

/// Numbers along the inner dimension that share the scale of an int8 product.
inline constexpr std::int64_t int8_group = 384;
/// Numbers along the inner dimension that an int8 product rotates together.
inline constexpr std::int64_t rotated_block = 128;

/// Each whole block of `length` numbers times a matrix of 1 and -1 (Sylvester's, of 32 by 32, four times): its inverse but for
/// a factor of 32. What is large in few numbers is then a little larger in many, so that one scale fits more of them; and
/// products of rotated vectors are those of the vectors, times 32.
void rotate(float* x, std::int64_t length);

/// A matrix in int8, rotated along its inner dimension: w = scale q, a scale for each column and group.
struct Int8Matrix {
  Aligned<std::uint8_t> values;  ///< q + 128, by panel, group, four numbers of the inner dimension, column
  Aligned<float> scales;         ///< by panel, group, column

  std::uint64_t bytes() const { return values.size() + scales.size() * sizeof(float); }
};

/// A matrix in float32 as product() takes it: w = scale v. Panels of columns have the numbers of one row of x's inner dimension
/// side by side; the last one is filled up with zeros.
struct FloatMatrix {
  Aligned<float> values;  ///< by panel: of each column what is_crossed needs, then by inner dimension, column
  float scale = 1;        ///< a power of two
  /// There are the negative sums of the products of neighbours, so that a product takes half of the multiplications (crossed.inc).
  bool is_crossed = false;

  std::uint64_t bytes() const { return values.size() * sizeof(float); }
};

/// y [rows, columns] = x [rows, inner] times a packed matrix, plus `bias`.
struct Product {
  const float* x = nullptr;
  std::int64_t x_stride = 0;  ///< numbers between two rows
  std::int64_t rows = 0;
  std::int64_t inner = 0;
  const FloatMatrix* matrix = nullptr;  ///< by packed()
  const Int8Matrix* int8 = nullptr;     ///< by packed_int8(), instead
  const float* bias = nullptr;          ///< [columns], or nullptr
  std::int64_t columns = 0;
  float* y = nullptr;
  std::int64_t y_stride = 0;
  bool gelu = false;  ///< of the result, with the error function
  // Panels that this call computes, so that several threads share the work.
  std::int64_t first_panel = 0;
  std::int64_t end_panel = 0;
};

/// y = norm(x + residual) weight + bias, row by row.
struct NormRows {
  const float* x = nullptr;
  const float* residual = nullptr;  ///< or nullptr
  const float* weight = nullptr;
  const float* bias = nullptr;  ///< or nullptr
  float eps = 0;
  float* y = nullptr;
  std::int64_t width = 0;
  std::int64_t first_row = 0;
  std::int64_t end_row = 0;
};

/// softmax(scale query key) value of one head of one sequence; rows are `stride` apart, but for those of the result.
struct HeadAttention {
  const float* query = nullptr;
  const float* key = nullptr;
  const float* value = nullptr;
  float* result = nullptr;
  std::int64_t stride = 0;
  std::int64_t result_stride = 0;
  std::int64_t length = 0;
  std::int64_t head_size = 0;
  float scale = 1;
};

/// What one kind of processor computes. Functions keep scratch memory for each thread.
struct Kernels {
  const char* name;
  std::int64_t panel;  ///< columns of a packed matrix that lie together
  void (*product)(const Product&);
  void (*product_int8)(
      const Product&);  ///< rows of x in int8 too, by group; nullptr where the processor has no instruction
  void (*norm)(const NormRows&);
  void (*attend)(const HeadAttention&);
  void (*attend_bf16)(const HeadAttention&);  ///< with factors in bfloat16; nullptr as above
  bool crosses;                               ///< crossed matrices are quicker: the processor adds beside it multiplies
};

extern const Kernels kernels_avx512;
extern const Kernels kernels_avx2;

/// Those of this processor, or nullptr where there are none. BERTH_ENCODER_KERNELS in the environment may be "none",
/// "avx2" or "avx512", which the processor then has to have.
const Kernels* kernels_here();

/// How many panels `columns` take.
inline std::int64_t panels_of(const Kernels& kernels, std::int64_t columns) {
  return (columns + kernels.panel - 1) / kernels.panel;
}

/// A matrix [columns, inner] of a linear layer; crossed where `kernels` cross and the inner dimension is even.
FloatMatrix packed(const Kernels& kernels, const float* weights, std::int64_t inner, std::int64_t columns,
                   const AlignedAllocator<float>& memory = {});
/// The bytes that packed(), or packed_int8(), would hold.
std::uint64_t packed_bytes(const Kernels& kernels, bool is_int8, std::int64_t inner, std::int64_t columns);
Int8Matrix packed_int8(const Kernels& kernels, const float* weights, std::int64_t inner, std::int64_t columns,
                       const AlignedAllocator<float>& memory = {});

/// Of `inner` numbers.
inline std::int64_t int8_groups(std::int64_t inner) { return (inner + int8_group - 1) / int8_group; }
/// Steps of four numbers that a group takes; the last one is filled up with zeros.
inline std::int64_t int8_fours(std::int64_t group, std::int64_t inner) {
  return (std::min(int8_group, inner - group * int8_group) + 3) / 4;
}

}  // namespace berth::encoder
