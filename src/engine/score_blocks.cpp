#include "engine/score_blocks.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#ifdef __x86_64__
#ifndef __clang__  // GCC's headers for AVX-512 leave registers open where a mask takes all of them
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif

namespace berth {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// The largest of some scores, and whether one of them is NaN. NaN is never the largest.
struct Maximum {
  float value = -infinity;
  bool nan = false;

  void add(float score) {
    value = score > value ? score : value;
    nan |= std::isnan(score);
  }
};

void add_one_by_one(Maximum& found, std::span<const float> scores) {
  for (const float score : scores) found.add(score);
}

#ifdef __x86_64__
// Compilers do not make vector instructions of a maximum that must know NaN: 10 times slower. Both instructions for the
// larger of two keep the second operand where one is NaN.

float largest_of(__m128 four) {
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_shuffle_ps(four, four, 1)));
}

Maximum maximum_by_4(std::span<const float> scores) {
  constexpr std::size_t step = 16;
  __m128 largest[4];
  for (auto& four : largest) four = _mm_set1_ps(-infinity);
  __m128 nan = _mm_setzero_ps();
  std::size_t i = 0;
  for (; i + step <= scores.size(); i += step) {
    const float* at = scores.data() + i;
    const __m128 a = _mm_loadu_ps(at);
    const __m128 b = _mm_loadu_ps(at + 4);
    const __m128 c = _mm_loadu_ps(at + 8);
    const __m128 d = _mm_loadu_ps(at + 12);
    largest[0] = _mm_max_ps(a, largest[0]);
    largest[1] = _mm_max_ps(b, largest[1]);
    largest[2] = _mm_max_ps(c, largest[2]);
    largest[3] = _mm_max_ps(d, largest[3]);
    nan = _mm_or_ps(nan, _mm_or_ps(_mm_cmpunord_ps(a, b), _mm_cmpunord_ps(c, d)));
  }
  Maximum found;
  found.value = largest_of(_mm_max_ps(_mm_max_ps(largest[0], largest[1]), _mm_max_ps(largest[2], largest[3])));
  found.nan = _mm_movemask_ps(nan) != 0;
  add_one_by_one(found, scores.subspan(i));
  return found;
}

__attribute__((target("avx2"))) Maximum maximum_by_8(std::span<const float> scores) {
  constexpr std::size_t step = 32;
  __m256 largest[4];
  for (auto& eight : largest) eight = _mm256_set1_ps(-infinity);
  __m256 nan = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + step <= scores.size(); i += step) {
    const float* at = scores.data() + i;
    const __m256 a = _mm256_loadu_ps(at);
    const __m256 b = _mm256_loadu_ps(at + 8);
    const __m256 c = _mm256_loadu_ps(at + 16);
    const __m256 d = _mm256_loadu_ps(at + 24);
    largest[0] = _mm256_max_ps(a, largest[0]);
    largest[1] = _mm256_max_ps(b, largest[1]);
    largest[2] = _mm256_max_ps(c, largest[2]);
    largest[3] = _mm256_max_ps(d, largest[3]);
    nan = _mm256_or_ps(nan, _mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q), _mm256_cmp_ps(c, d, _CMP_UNORD_Q)));
  }
  const __m256 eight = _mm256_max_ps(_mm256_max_ps(largest[0], largest[1]), _mm256_max_ps(largest[2], largest[3]));
  Maximum found;
  found.value = largest_of(_mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1)));
  found.nan = _mm256_movemask_ps(nan) != 0;
  add_one_by_one(found, scores.subspan(i));
  return found;
}

__attribute__((target("avx512f"))) Maximum maximum_by_16(std::span<const float> scores) {
  constexpr std::size_t step = 64;
  __m512 largest[4];
  for (auto& sixteen : largest) sixteen = _mm512_set1_ps(-infinity);
  __mmask16 nan = 0;
  std::size_t i = 0;
  for (; i + step <= scores.size(); i += step) {
    const float* at = scores.data() + i;
    const __m512 a = _mm512_loadu_ps(at);
    const __m512 b = _mm512_loadu_ps(at + 16);
    const __m512 c = _mm512_loadu_ps(at + 32);
    const __m512 d = _mm512_loadu_ps(at + 48);
    largest[0] = _mm512_max_ps(a, largest[0]);
    largest[1] = _mm512_max_ps(b, largest[1]);
    largest[2] = _mm512_max_ps(c, largest[2]);
    largest[3] = _mm512_max_ps(d, largest[3]);
    nan = static_cast<__mmask16>(nan | _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(c, d, _CMP_UNORD_Q));
  }
  Maximum found;
  found.value =
      _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(largest[0], largest[1]), _mm512_max_ps(largest[2], largest[3])));
  found.nan = nan != 0;
  add_one_by_one(found, scores.subspan(i));
  return found;
}

Maximum maximum(std::span<const float> scores) {
  static const auto best = __builtin_cpu_supports("avx512f") != 0 ? maximum_by_16
                           : __builtin_cpu_supports("avx2") != 0  ? maximum_by_8
                                                                  : maximum_by_4;
  return best(scores);
}
#else
Maximum maximum(std::span<const float> scores) {
  Maximum found;
  add_one_by_one(found, scores);
  return found;
}
#endif

}  // namespace

std::span<const float> ScoreBlocks::block(std::size_t b) const {
  return scores_.subspan(b * block_size, std::min(block_size, scores_.size() - b * block_size));
}

void ScoreBlocks::read(std::span<const float> scores) {
  scores_ = scores;
  maxima_.resize((scores.size() + block_size - 1) / block_size);
  Maximum all;
  for (std::size_t b = 0; b < maxima_.size(); ++b) {
    const auto [value, nan] = maximum(block(b));
    maxima_[b] = value;
    all.add(value);
    all.nan |= nan;
  }
  largest_ = all.value;
  usable_ = !all.nan && std::isfinite(largest_);
}

std::int32_t ScoreBlocks::index_of_largest() const {
  const auto first = static_cast<std::size_t>(std::ranges::find(maxima_, largest_) - maxima_.begin());
  const auto scores = block(first);
  return static_cast<std::int32_t>(first * block_size) +
         static_cast<std::int32_t>(std::ranges::find(scores, largest_) - scores.begin());
}

void ScoreBlocks::at_least(double bound, std::vector<Candidate>& found) const {
  bound = std::max(bound, double{std::numeric_limits<float>::lowest()});
  found.clear();
  for (std::size_t b = 0; b < maxima_.size(); ++b) {
    if (maxima_[b] < bound) continue;
    auto token = static_cast<std::int32_t>(b * block_size);
    for (const float score : block(b)) {
      if (score >= bound) found.push_back({score, token});
      ++token;
    }
  }
}

void ScoreBlocks::largest(std::size_t k, std::vector<Candidate>& found) {
  double bound = -infinity;
  if (k < maxima_.size()) {  // k blocks have a score of at least the k-th largest maximum
    sorted_ = maxima_;
    std::ranges::nth_element(sorted_, sorted_.begin() + static_cast<std::ptrdiff_t>(k) - 1, std::greater<>());
    bound = sorted_[k - 1];
  }
  at_least(bound, found);
  if (found.size() > k) {
    std::ranges::nth_element(found, found.begin() + static_cast<std::ptrdiff_t>(k), larger);
    found.resize(k);
  }
  std::ranges::sort(found, larger);
}

}  // namespace berth
