/// The kernels against the same sums in double precision.
#include "engine/encoder/kernels.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numbers>
#include <random>

namespace berth::encoder {
namespace {

#if defined(__x86_64__)
std::vector<const Kernels*> kernels_of_this_processor() {
  std::vector<const Kernels*> all;
  if (__builtin_cpu_supports("avx512f") != 0) all.push_back(&kernels_avx512);
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) all.push_back(&kernels_avx2);
  return all;
}
#else
std::vector<const Kernels*> kernels_of_this_processor() { return {}; }
#endif

class EncoderKernels : public testing::Test {
 protected:
  std::vector<float> numbers(std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    std::normal_distribution<float> normal;
    for (auto& value : values) value = normal(random_);
    return values;
  }

  /// Rows of x have something behind them.
  void compare_product(const Kernels& kernels, const std::vector<float>& x, const std::vector<float>& weights,
                       std::int64_t rows, std::int64_t inner, std::int64_t columns);

  /// For several lengths and head sizes. A number of a query is `most_query`, the others are about 1.
  void compare_attention(void (*attend)(const HeadAttention&), float most_query, double tolerance);

  std::mt19937 random_{3};
};

float at(const std::vector<float>& values, std::int64_t i) { return values[static_cast<std::size_t>(i)]; }

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }

/// What threads that share the panels compute; `product` has everything but y.
std::vector<float> result_of(const Kernels& kernels, Product product) {
  std::vector<float> y(static_cast<std::size_t>(product.rows * product.columns), 1e9F);
  product.y = y.data();
  product.y_stride = product.columns;
  for (std::int64_t panel = 0; panel < panels_of(kernels, product.columns); ++panel) {
    product.first_panel = panel;
    product.end_panel = panel + 1;
    (product.int8 == nullptr ? kernels.product : kernels.product_int8)(product);
  }
  return y;
}

void EncoderKernels::compare_product(const Kernels& kernels, const std::vector<float>& x,
                                     const std::vector<float>& weights, std::int64_t rows, std::int64_t inner,
                                     std::int64_t columns) {
  const auto bias = numbers(columns);
  const auto matrix = packed(kernels, weights.data(), inner, columns);
  EXPECT_EQ(matrix.is_crossed, kernels.crosses && inner % 2 == 0);
  EXPECT_EQ(matrix.bytes(), packed_bytes(kernels, false, inner, columns));
  for (const bool gives_gelu : {false, true}) {
    const auto y = result_of(kernels, {.x = x.data(),
                                       .x_stride = inner + 3,
                                       .rows = rows,
                                       .inner = inner,
                                       .matrix = &matrix,
                                       .bias = gives_gelu ? bias.data() : nullptr,
                                       .columns = columns,
                                       .gelu = gives_gelu});
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t column = 0; column < columns; ++column) {
        double expected = gives_gelu ? at(bias, column) : 0;
        double sizes = 0;
        for (std::int64_t k = 0; k < inner; ++k) {
          const double term = double{at(x, row * (inner + 3) + k)} * at(weights, column * inner + k);
          expected += term;
          sizes += term * term;
        }
        if (gives_gelu) expected = gelu(expected);
        ASSERT_NEAR(at(y, row * columns + column), expected,
                    2e-6 * std::sqrt(sizes) + 1e-6 * std::abs(expected) + (gives_gelu ? 1e-6 : 0))
            << row << " " << column;
      }
  }
}

TEST_F(EncoderKernels, ProductsOfAnyShapeAreThoseOfTheDefinition) {
  struct Shape {
    std::int64_t rows, inner, columns;
  };
  for (const auto* of_processor : kernels_of_this_processor())
    for (const bool crosses : {false, true})
      for (const auto& [rows, inner, columns] : {Shape{1, 1, 1},
                                                 {1, 384, 2},
                                                 {3, 17, 33},
                                                 {14, 32, 64},
                                                 {15, 50, 31},
                                                 {25, 2, 64},
                                                 {230, 8, 40},
                                                 {29, 96, 100},
                                                 {13, 770, 64},
                                                 {31, 300, 64}}) {
        auto kernels = *of_processor;
        kernels.crosses = crosses;
        SCOPED_TRACE(std::string(kernels.name) + (crosses ? " crossed " : " ") + std::to_string(rows) + "x" +
                     std::to_string(inner) + "x" + std::to_string(columns));
        compare_product(kernels, numbers(rows * (inner + 3)), numbers(columns * inner), rows, inner, columns);
      }
}

TEST_F(EncoderKernels, LargeAndSmallNumbersOfCrossedProductsDoNotSpoilEachOther) {
  constexpr std::int64_t rows = 40;
  constexpr std::int64_t inner = 96;
  constexpr std::int64_t columns = 64;
  for (const auto* of_processor : kernels_of_this_processor())
    for (const float of_weights : {1e-12F, 3e-3F, 1.0F, 1e12F}) {
      auto kernels = *of_processor;
      kernels.crosses = true;
      SCOPED_TRACE(kernels.name + std::to_string(of_weights));
      auto x = numbers(rows * (inner + 3));
      for (std::int64_t i = 0; i < std::ssize(x); ++i)
        x[static_cast<std::size_t>(i)] *=
            std::array{1.0F, 1e6F, 1e-6F, 0.0F}[static_cast<std::size_t>(i / (inner + 3) % 4)];
      auto weights = numbers(columns * inner);
      for (auto& weight : weights) weight *= of_weights;
      compare_product(kernels, x, weights, rows, inner, columns);
    }
}

TEST_F(EncoderKernels, ProductsInInt8AreNearThoseOfTheDefinition) {
  const auto* kernels = kernels_here();
  if (kernels == nullptr || kernels->product_int8 == nullptr) return;  // Q8_0 of ggml is computed there
  struct Shape {
    std::int64_t rows, inner, columns;
  };
  for (const auto& [rows, inner, columns] :
       {Shape{1, 1, 1}, {1, 384, 2}, {3, 17, 33}, {14, 32, 64}, {15, 50, 31}, {230, 8, 40}, {29, 500, 100}}) {
    SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(inner) + "x" + std::to_string(columns));
    auto x = numbers(rows * (inner + 3));
    for (auto& value : x) value += 0.5F;  // least and largest are not opposite
    const auto weights = numbers(columns * inner);
    const auto bias = numbers(columns);
    const auto matrix = packed_int8(*kernels, weights.data(), inner, columns);
    for (const bool gives_gelu : {false, true}) {
      const auto y = result_of(*kernels, {.x = x.data(),
                                          .x_stride = inner + 3,
                                          .rows = rows,
                                          .inner = inner,
                                          .int8 = &matrix,
                                          .bias = gives_gelu ? bias.data() : nullptr,
                                          .columns = columns,
                                          .gelu = gives_gelu});
      for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t column = 0; column < columns; ++column) {
          double expected = gives_gelu ? at(bias, column) : 0;
          for (std::int64_t k = 0; k < inner; ++k)
            expected += double{at(x, row * (inner + 3) + k)} * at(weights, column * inner + k);
          if (gives_gelu) expected = gelu(expected);
          // Each number is within half a step: a 250th of what the largest of its group is, or a little less.
          ASSERT_NEAR(at(y, row * columns + column), expected, 0.05 * std::sqrt(static_cast<double>(inner)) + 0.02);
        }
    }
  }
}

TEST_F(EncoderKernels, NormsAreThoseOfTheDefinition) {
  constexpr std::int64_t rows = 3;
  constexpr float eps = 1e-5F;
  for (const auto* kernels : kernels_of_this_processor())
    for (const std::int64_t width : {1, 7, 16, 40, 384}) {
      SCOPED_TRACE(std::string(kernels->name) + " " + std::to_string(width));
      const auto x = numbers(rows * width);
      const auto residual = numbers(rows * width);
      const auto weight = numbers(width);
      const auto bias = numbers(width);
      for (const bool has_both : {false, true}) {
        std::vector<float> y(x.size());
        kernels->norm({.x = x.data(),
                       .residual = has_both ? residual.data() : nullptr,
                       .weight = weight.data(),
                       .bias = has_both ? bias.data() : nullptr,
                       .eps = eps,
                       .y = y.data(),
                       .width = width,
                       .end_row = rows});
        for (std::int64_t row = 0; row < rows; ++row) {
          std::vector<double> values;
          for (std::int64_t i = row * width; i < (row + 1) * width; ++i)
            values.push_back(double{at(x, i)} + (has_both ? at(residual, i) : 0));
          double mean = 0;
          double variance = 0;
          for (const double value : values) mean += value / static_cast<double>(width);
          for (const double value : values) variance += (value - mean) * (value - mean) / static_cast<double>(width);
          for (std::int64_t i = 0; i < width; ++i)
            ASSERT_NEAR(at(y, row * width + i),
                        (values[static_cast<std::size_t>(i)] - mean) / std::sqrt(variance + eps) * at(weight, i) +
                            (has_both ? at(bias, i) : 0),
                        2e-5);
        }
      }
    }
}

void EncoderKernels::compare_attention(void (*attend)(const HeadAttention&), float most_query, double tolerance) {
  constexpr std::int64_t heads = 2;
  constexpr float scale = 0.3F;
  for (const auto& [length, size] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 4}, {2, 32}, {15, 7}, {31, 24}, {33, 64}, {100, 40}}) {
    SCOPED_TRACE(std::to_string(length) + "x" + std::to_string(size));
    const auto stride = heads * size;
    auto query = numbers(length * stride);
    query[0] = most_query;  // scores far apart
    const auto key = numbers(length * stride);
    const auto value = numbers(length * stride);
    std::vector<float> result(query.size());
    for (std::int64_t head = 0; head < heads; ++head)
      attend({.query = query.data() + head * size,
              .key = key.data() + head * size,
              .value = value.data() + head * size,
              .result = result.data() + head * size,
              .stride = stride,
              .result_stride = stride,
              .length = length,
              .head_size = size,
              .scale = scale});
    for (std::int64_t first = 0; first < length * heads; ++first) {
      const auto start = first / heads * stride + first % heads * size;  // of the query
      std::vector<double> shares;
      for (std::int64_t token = 0; token < length; ++token) {
        double score = 0;
        for (std::int64_t i = 0; i < size; ++i)
          score += double{at(query, start + i)} * at(key, token * stride + first % heads * size + i);
        shares.push_back(score * scale);
      }
      const double most = *std::ranges::max_element(shares);
      double sum = 0;
      for (auto& share : shares) sum += share = std::exp(share - most);
      for (std::int64_t i = 0; i < size; ++i) {
        double expected = 0;
        for (std::int64_t token = 0; token < length; ++token)
          expected +=
              shares[static_cast<std::size_t>(token)] / sum * at(value, token * stride + first % heads * size + i);
        ASSERT_NEAR(at(result, start + i), expected, tolerance);
      }
    }
  }
}

TEST_F(EncoderKernels, AttentionIsThatOfTheDefinition) {
  for (const auto* kernels : kernels_of_this_processor()) {
    SCOPED_TRACE(kernels->name);
    compare_attention(kernels->attend, 200, 3e-5);
  }
}

TEST_F(EncoderKernels, AttentionInBfloat16IsNearThatOfTheDefinition) {
  const auto* kernels = kernels_here();
  if (kernels == nullptr || kernels->attend_bf16 == nullptr) GTEST_SKIP() << "no instruction for bfloat16";
  compare_attention(kernels->attend_bf16, 10, 0.03);
}

TEST_F(EncoderKernels, TheWidestThatTheProcessorHasAreTaken) {
  const auto all = kernels_of_this_processor();
  ASSERT_EQ(kernels_here() != nullptr, !all.empty());
  if (all.empty()) return;
  EXPECT_STREQ(kernels_here()->name, all.front()->name);
}

}  // namespace
}  // namespace berth::encoder
