/// Whole numbers of any size, as Python has them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::jinja {

class BigInteger {
 public:
  BigInteger() = default;
  explicit BigInteger(std::int64_t value);

  /// Of a finite number, what stands before the point.
  static BigInteger truncated(double value);
  /// Of digits in `base` (2 to 36), without sign or anything else.
  static BigInteger from_digits(std::string_view digits, unsigned base);

  bool negative() const { return negative_; }
  bool is_zero() const { return limbs_.empty(); }
  std::size_t limb_count() const { return limbs_.size(); }  ///< of 32 bits
  std::size_t bit_count() const;                            ///< of the absolute value, without leading zeros
  std::optional<std::int64_t> to_int64() const;             ///< where it fits
  double to_double() const;                                 ///< rounded to even; infinite beyond the range
  std::string to_string(unsigned base = 10) const;

  BigInteger operator-() const;
  friend BigInteger operator+(const BigInteger& a, const BigInteger& b);
  friend BigInteger operator-(const BigInteger& a, const BigInteger& b);
  friend BigInteger operator*(const BigInteger& a, const BigInteger& b);
  /// Quotient and remainder as Python's divmod(): the remainder has the sign of `b`, which must not be 0.
  friend std::pair<BigInteger, BigInteger> floor_divide(const BigInteger& a, const BigInteger& b);

  friend std::strong_ordering operator<=>(const BigInteger& a, const BigInteger& b);
  friend bool operator==(const BigInteger& a, const BigInteger& b) = default;

 private:
  using Limbs = std::vector<std::uint32_t>;
  BigInteger(Limbs limbs, bool negative);

  static std::strong_ordering compare(const Limbs& a, const Limbs& b);
  static Limbs sum(const Limbs& a, const Limbs& b);
  static Limbs difference(const Limbs& a, const Limbs& b);  // a >= b
  static std::pair<Limbs, Limbs> divide(const Limbs& a, const Limbs& b);
  static std::uint32_t divide_small(Limbs& a, std::uint32_t by);  // answers the remainder

  Limbs limbs_;  // the least first, without leading zeros
  bool negative_ = false;
};

}  // namespace berth::jinja
