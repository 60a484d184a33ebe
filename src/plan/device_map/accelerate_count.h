/// Bytes as accelerate counts them.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>

namespace berth::plan {

/// A number of bytes that is an integer or a float in Python. A tensor of booleans counts an eighth of a byte for each,
/// which is a float, and so is every sum with it. A sum that does not fit stays at the largest number.
struct Count {
  std::int64_t eighths = 0;
  bool is_float = false;

  static constexpr std::int64_t most_bytes = std::numeric_limits<std::int64_t>::max() / 8;
  /// `n` above most_bytes counts as most_bytes.
  static Count bytes(std::uint64_t n) {
    return {n > std::uint64_t{most_bytes} ? 8 * most_bytes : 8 * static_cast<std::int64_t>(n), false};
  }

  double as_double() const { return static_cast<double>(eighths) / 8; }
  std::string str() const;  ///< "1024", "1024.0"

  Count& operator+=(const Count& other) { return *this = *this + other; }
  friend Count operator+(const Count& a, const Count& b) {
    Count sum{0, a.is_float || b.is_float};
    if (__builtin_add_overflow(a.eighths, b.eighths, &sum.eighths)) sum.eighths = 8 * most_bytes;
    return sum;
  }
  friend Count operator-(const Count& a, const Count& b) {
    Count rest{0, a.is_float || b.is_float};
    if (__builtin_sub_overflow(a.eighths, b.eighths, &rest.eighths)) rest.eighths = -8 * most_bytes;
    return rest;
  }
  /// 1 and 1.0 are equal, as in Python.
  friend auto operator<=>(const Count& a, const Count& b) { return a.eighths <=> b.eighths; }
  friend bool operator==(const Count& a, const Count& b) { return a.eighths == b.eighths; }
};

}  // namespace berth::plan
