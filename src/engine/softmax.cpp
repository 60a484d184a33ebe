#include "engine/softmax.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace berth {
namespace {

constexpr float least = -87;  // e^-87 is still a normal number

/// e^x for x from `least` to 0, but 0 at `least`: 2^n e^r, where r is at most half of ln 2 and e^r its Taylor series.
/// Without branches and calls, so that a loop of it becomes vector instructions.
inline float exp_of_negative(float x) {
  constexpr float to_integer = 0x1.8p23F;  // added to a small number, it leaves no room for a fraction
  const float shifted = x * 0x1.715476p+0F + to_integer;
  const float n = shifted - to_integer;
  const float r = (x - n * 0x1.62e4p-1F) - n * 0x1.7f7d1cp-20F;  // ln 2 in two parts: n times the first is exact
  const float high = 1.0F / 24 + r * (1.0F / 120 + r * (1.0F / 720));
  const float power = 1 + r * (1 + r * (0.5F + r * (1.0F / 6 + r * high)));
  const auto exponent = std::bit_cast<std::uint32_t>(shifted) << 23U;
  const auto keep = 0U - static_cast<std::uint32_t>(x > least);  // no bit or all of them
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(power) + exponent) & keep);
}

/// Plain loops, which become the instructions of the function that they are in.
[[gnu::always_inline]] inline double weigh(std::span<const float> scores, float largest, float inverse, float* to) {
  const float* from = scores.data();
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const float x = (from[i] - largest) * inverse;
    to[i] = x > least ? x : least;
  }
  for (std::size_t i = 0; i < scores.size(); ++i) to[i] = exp_of_negative(to[i]);  // in one loop, GCC sees a branch
  double sum = 0;
  std::size_t i = 0;
  for (; i + 4 <= scores.size(); i += 4) sum += static_cast<double>((to[i] + to[i + 1]) + (to[i + 2] + to[i + 3]));
  for (; i < scores.size(); ++i) sum += static_cast<double>(to[i]);
  return sum;
}

double weigh_anywhere(std::span<const float> scores, float largest, float inverse, float* to) {
  return weigh(scores, largest, inverse, to);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) double weigh_by_8(std::span<const float> scores, float largest, float inverse,
                                                  float* to) {
  return weigh(scores, largest, inverse, to);
}

__attribute__((target("avx512f"))) double weigh_by_16(std::span<const float> scores, float largest, float inverse,
                                                      float* to) {
  return weigh(scores, largest, inverse, to);
}
#endif

auto best_here() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return weigh_by_16;
  if (__builtin_cpu_supports("avx2")) return weigh_by_8;
#endif
  return weigh_anywhere;
}

}  // namespace

double softmax_weights(std::span<const float> scores, float largest, double temperature, std::span<float> weights) {
  static const auto best = best_here();
  constexpr double most = std::numeric_limits<float>::max();
  return best(scores, largest, static_cast<float>(std::min(1 / temperature, most)), weights.data());
}

}  // namespace berth
