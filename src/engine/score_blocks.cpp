#include "engine/score_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>
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

constexpr std::size_t group_size = 16;

/// A bit for each score that is `least` or more, the first in the lowest bit.
unsigned at_least_in_group(const float* scores, float least) {
  unsigned found = 0;
#ifdef __x86_64__  // compilers branch at each score instead
  const __m128 bound = _mm_set1_ps(least);
  for (unsigned i = 0; i < group_size; i += 4)
    found |= static_cast<unsigned>(_mm_movemask_ps(_mm_cmpge_ps(_mm_loadu_ps(scores + i), bound))) << i;
#else
  for (unsigned i = 0; i < group_size; ++i) found |= static_cast<unsigned>(scores[i] >= least) << i;
#endif
  return found;
}

std::size_t count_at_least(std::span<const float> scores, float least) {
  std::uint32_t count = 0;  // as wide as a score, for vector instructions
  for (const float score : scores) count += static_cast<std::uint32_t>(score >= least);
  return count;
}

/// The lowest float that is `bound` or more.
float no_less_than(double bound) {
  const auto rounded = static_cast<float>(bound);
  return rounded < bound ? std::nextafter(rounded, infinity) : rounded;
}

}  // namespace

std::span<const float> ScoreBlocks::block(std::size_t b) const {
  return scores_.subspan(b * block_size, std::min(block_size, scores_.size() - b * block_size));
}

void ScoreBlocks::find_maxima(std::span<const float> scores, std::span<float> maxima) {
  for (std::size_t b = 0; b < maxima.size(); ++b) {
    const auto [value, nan] =
        maximum(scores.subspan(b * block_size, std::min(block_size, scores.size() - b * block_size)));
    maxima[b] = nan ? std::numeric_limits<float>::quiet_NaN() : value;
  }
}

void ScoreBlocks::read(std::span<const float> scores) {
  scores_ = scores;
  maxima_.resize(blocks_of(scores.size()));
  find_maxima(scores, maxima_);
  find_largest();
}

void ScoreBlocks::read(std::span<const float> scores, std::span<const float> maxima) {
  if (maxima.size() != blocks_of(scores.size())) return read(scores);
  scores_ = scores;
  maxima_.assign(maxima.begin(), maxima.end());
  find_largest();
  if (!usable_) return;
  const auto largest = static_cast<std::size_t>(index_of_largest());
  if (largest >= scores.size() || scores[largest] != largest_) read(scores);
}

void ScoreBlocks::find_largest() {
  const auto [value, nan] = maximum(maxima_);
  largest_ = value;
  usable_ = !nan && std::isfinite(value);
}

std::int32_t ScoreBlocks::index_of_largest() const {
  const auto first = static_cast<std::size_t>(std::ranges::find(maxima_, largest_) - maxima_.begin());
  const auto scores = block(first);
  return static_cast<std::int32_t>(first * block_size) +
         static_cast<std::int32_t>(std::ranges::find(scores, largest_) - scores.begin());
}

void ScoreBlocks::at_least(double bound, std::vector<Candidate>& found) const {
  found.clear();
  if (bound > double{std::numeric_limits<float>::max()}) return;
  const float least = no_less_than(std::max(bound, double{std::numeric_limits<float>::lowest()}));
  const auto add = [&](std::size_t token) { found.push_back({scores_[token], static_cast<std::int32_t>(token)}); };
  for (std::size_t b = 0; b < maxima_.size(); ++b) {
    if (maxima_[b] < least) continue;
    std::size_t token = b * block_size;
    const auto end = token + block(b).size();
    for (; token + group_size <= end; token += group_size)
      for (auto bits = at_least_in_group(&scores_[token], least); bits != 0; bits &= bits - 1)
        add(token + static_cast<std::size_t>(std::countr_zero(bits)));
    for (; token < end; ++token)
      if (scores_[token] >= least) add(token);
  }
}

/// A score that at least `k` blocks reach, and few more. Halves distances: a sort, or a part of one, guesses wrong at each
/// comparison.
float ScoreBlocks::reached_by(std::size_t k) const {
  const auto blocks_at = [&](float distance) { return count_at_least(maxima_, largest_ - distance); };
  float near = 0;
  float far = 1;
  while (blocks_at(far) < k) far *= 2;  // all blocks are within infinity
  for (int halvings = 0; halvings < 16; ++halvings) {
    const float middle = near + (far - near) / 2;
    const auto blocks = blocks_at(middle);
    (blocks < k ? near : far) = middle;
    if (blocks >= k && blocks <= k + k / 4) break;
  }
  return largest_ - far;
}

void ScoreBlocks::largest(std::size_t k, std::vector<Candidate>& found) const {
  at_least(k < maxima_.size() ? reached_by(k) : -infinity, found);
  if (found.size() > k) {
    std::ranges::nth_element(found, found.begin() + static_cast<std::ptrdiff_t>(k), larger);
    found.resize(k);
  }
  std::ranges::sort(found, larger);
}

}  // namespace berth
