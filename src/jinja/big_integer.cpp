#include "jinja/big_integer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace berth::jinja {
namespace {

constexpr unsigned limb_bits = 32;

}  // namespace

BigInteger::BigInteger(Limbs limbs, bool negative) : limbs_(std::move(limbs)), negative_(negative) {
  while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
  if (limbs_.empty()) negative_ = false;
}

BigInteger::BigInteger(std::int64_t value) : negative_(value < 0) {
  const auto size = negative_ ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  for (auto rest = size; rest != 0; rest >>= limb_bits) limbs_.push_back(static_cast<std::uint32_t>(rest));
}

BigInteger BigInteger::truncated(double value) {
  int exponent = 0;
  const double fraction = std::frexp(std::abs(value), &exponent);  // value = fraction * 2^exponent
  if (exponent <= 0) return {};
  auto bits = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  int shift = exponent - 53;
  if (shift < 0) {
    bits >>= static_cast<unsigned>(-shift);
    shift = 0;
  }
  Limbs limbs(static_cast<std::size_t>(shift) / limb_bits, 0);
  const auto rest = static_cast<unsigned>(shift) % limb_bits;
  const auto low = bits << rest;
  limbs.push_back(static_cast<std::uint32_t>(low));
  limbs.push_back(static_cast<std::uint32_t>(low >> limb_bits));
  limbs.push_back(rest == 0 ? 0 : static_cast<std::uint32_t>(bits >> (64 - rest)));
  return {std::move(limbs), value < 0};
}

BigInteger BigInteger::from_digits(std::string_view digits, unsigned base) {
  Limbs limbs;
  for (const char c : digits) {
    const auto digit = static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    std::uint64_t carry = digit;
    for (auto& limb : limbs) {
      carry += std::uint64_t{limb} * base;
      limb = static_cast<std::uint32_t>(carry);
      carry >>= limb_bits;
    }
    if (carry != 0) limbs.push_back(static_cast<std::uint32_t>(carry));
  }
  return {std::move(limbs), false};
}

std::size_t BigInteger::bit_count() const {
  return limbs_.empty() ? 0 : limbs_.size() * limb_bits - static_cast<std::size_t>(std::countl_zero(limbs_.back()));
}

std::optional<std::int64_t> BigInteger::to_int64() const {
  if (limbs_.size() > 2) return std::nullopt;
  std::uint64_t size = 0;
  for (std::size_t i = limbs_.size(); i-- > 0;) size = size << limb_bits | limbs_[i];
  constexpr auto limit = std::uint64_t{1} << 63U;
  if (size > limit || (size == limit && !negative_)) return std::nullopt;
  return static_cast<std::int64_t>(negative_ ? 0 - size : size);
}

double BigInteger::to_double() const {
  const auto bits = bit_count();
  if (bits > 1024)
    return negative_ ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  // The upper 64 bits, the last of which stands for all that are cut off; the conversion rounds once.
  std::uint64_t top = 0;
  const std::size_t cut = bits > 64 ? bits - 64 : 0;
  for (std::size_t i = limbs_.size(); i-- > cut / limb_bits;) {
    const auto position = static_cast<std::int64_t>(i * limb_bits) - static_cast<std::int64_t>(cut);
    top |= position >= 0 ? std::uint64_t{limbs_[i]} << position : std::uint64_t{limbs_[i]} >> -position;
  }
  bool sticky = false;
  for (std::size_t i = 0; i < cut && !sticky; ++i) sticky = (limbs_[i / limb_bits] >> (i % limb_bits) & 1U) != 0;
  if (sticky) top |= 1;
  const double size = std::ldexp(static_cast<double>(top), static_cast<int>(cut));
  return negative_ ? -size : size;
}

std::string BigInteger::to_string(unsigned base) const {
  if (is_zero()) return "0";
  std::uint32_t chunk = base;
  unsigned digits = 1;
  while (std::uint64_t{chunk} * base <= std::numeric_limits<std::uint32_t>::max()) {
    chunk *= base;
    ++digits;
  }
  std::string text;
  for (auto rest = limbs_; !rest.empty();) {
    auto remainder = divide_small(rest, chunk);
    for (unsigned i = 0; i < digits && (remainder != 0 || !rest.empty()); ++i, remainder /= base)
      text += "0123456789abcdefghijklmnopqrstuvwxyz"[remainder % base];
  }
  if (negative_) text += '-';
  std::ranges::reverse(text);
  return text;
}

std::strong_ordering BigInteger::compare(const Limbs& a, const Limbs& b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  for (std::size_t i = a.size(); i-- > 0;)
    if (a[i] != b[i]) return a[i] <=> b[i];
  return std::strong_ordering::equal;
}

BigInteger::Limbs BigInteger::sum(const Limbs& a, const Limbs& b) {
  Limbs result;
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i, carry >>= limb_bits) {
    carry += (i < a.size() ? a[i] : 0ULL) + (i < b.size() ? b[i] : 0ULL);
    result.push_back(static_cast<std::uint32_t>(carry));
  }
  result.push_back(static_cast<std::uint32_t>(carry));
  return result;
}

BigInteger::Limbs BigInteger::difference(const Limbs& a, const Limbs& b) {
  Limbs result;
  std::int64_t carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i, carry >>= limb_bits) {
    carry += std::int64_t{a[i]} - (i < b.size() ? std::int64_t{b[i]} : 0);
    result.push_back(static_cast<std::uint32_t>(carry));
  }
  return result;
}

std::uint32_t BigInteger::divide_small(Limbs& a, std::uint32_t by) {
  std::uint64_t remainder = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    remainder = remainder << limb_bits | a[i];
    a[i] = static_cast<std::uint32_t>(remainder / by);
    remainder %= by;
  }
  while (!a.empty() && a.back() == 0) a.pop_back();
  return static_cast<std::uint32_t>(remainder);
}

namespace {

using AllLimbs = std::vector<std::uint32_t>;

/// With one limb more.
AllLimbs shifted_left(const AllLimbs& limbs, unsigned bits) {
  AllLimbs result;
  std::uint64_t carry = 0;
  for (const auto limb : limbs) {
    carry |= std::uint64_t{limb} << bits;
    result.push_back(static_cast<std::uint32_t>(carry));
    carry >>= limb_bits;
  }
  result.push_back(static_cast<std::uint32_t>(carry));
  return result;
}

/// Steps D3 to D6 of algorithm D: the limb `j` of the quotient, while `u` becomes what is left of it.
std::uint32_t next_limb(AllLimbs& u, const AllLimbs& v, std::size_t j) {
  const std::size_t n = v.size();
  const auto upper = std::uint64_t{u[j + n]} << limb_bits | u[j + n - 1];
  auto guess = upper / v[n - 1];
  auto rest = upper % v[n - 1];
  while (guess >> limb_bits != 0 || guess * v[n - 2] > (rest << limb_bits | u[j + n - 2])) {
    --guess;
    rest += v[n - 1];
    if (rest >> limb_bits != 0) break;
  }
  std::int64_t borrow = 0;
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < n; ++i) {
    carry += guess * v[i];
    borrow += std::int64_t{u[i + j]} - static_cast<std::int64_t>(carry & 0xFFFFFFFFU);
    u[i + j] = static_cast<std::uint32_t>(borrow);
    borrow >>= limb_bits;
    carry >>= limb_bits;
  }
  borrow += std::int64_t{u[j + n]} - static_cast<std::int64_t>(carry);
  u[j + n] = static_cast<std::uint32_t>(borrow);
  if (borrow < 0) {
    --guess;
    std::uint64_t back = 0;
    for (std::size_t i = 0; i < n; ++i, back >>= limb_bits) {
      back += std::uint64_t{u[i + j]} + v[i];
      u[i + j] = static_cast<std::uint32_t>(back);
    }
    u[j + n] += static_cast<std::uint32_t>(back);
  }
  return static_cast<std::uint32_t>(guess);
}

}  // namespace

/// Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D.
std::pair<BigInteger::Limbs, BigInteger::Limbs> BigInteger::divide(const Limbs& a, const Limbs& b) {
  if (compare(a, b) < 0) return {{}, a};
  if (b.size() == 1) {
    auto quotient = a;
    const auto remainder = divide_small(quotient, b[0]);
    return {std::move(quotient), {remainder}};
  }
  const auto shift = static_cast<unsigned>(std::countl_zero(b.back()));
  auto u = shifted_left(a, shift);
  auto v = shifted_left(b, shift);
  v.pop_back();
  const std::size_t n = v.size();
  const std::size_t m = a.size() - n;
  Limbs quotient(m + 1, 0);
  for (std::size_t j = m + 1; j-- > 0;) quotient[j] = next_limb(u, v, j);
  Limbs remainder(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    const auto pair = std::uint64_t{u[i + 1]} << limb_bits | u[i];
    remainder[i] = static_cast<std::uint32_t>(pair >> shift);
  }
  return {std::move(quotient), std::move(remainder)};
}

BigInteger BigInteger::operator-() const { return {limbs_, !negative_}; }

BigInteger operator+(const BigInteger& a, const BigInteger& b) {
  if (a.negative_ == b.negative_) return {BigInteger::sum(a.limbs_, b.limbs_), a.negative_};
  if (BigInteger::compare(a.limbs_, b.limbs_) < 0) return {BigInteger::difference(b.limbs_, a.limbs_), b.negative_};
  return {BigInteger::difference(a.limbs_, b.limbs_), a.negative_};
}

BigInteger operator-(const BigInteger& a, const BigInteger& b) { return a + -b; }

BigInteger operator*(const BigInteger& a, const BigInteger& b) {
  BigInteger::Limbs result(a.limbs_.size() + b.limbs_.size(), 0);
  for (std::size_t i = 0; i < a.limbs_.size(); ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < b.limbs_.size(); ++j, carry >>= limb_bits) {
      carry += std::uint64_t{a.limbs_[i]} * b.limbs_[j] + result[i + j];
      result[i + j] = static_cast<std::uint32_t>(carry);
    }
    if (!b.limbs_.empty()) result[i + b.limbs_.size()] = static_cast<std::uint32_t>(carry);
  }
  return {std::move(result), a.negative_ != b.negative_};
}

std::pair<BigInteger, BigInteger> floor_divide(const BigInteger& a, const BigInteger& b) {
  auto [quotient, remainder] = BigInteger::divide(a.limbs_, b.limbs_);
  BigInteger whole(std::move(quotient), a.negative_ != b.negative_);
  BigInteger rest(std::move(remainder), a.negative_);
  if (!rest.is_zero() && a.negative_ != b.negative_) {
    whole = whole - BigInteger(1);
    rest = rest + b;
  }
  return {std::move(whole), std::move(rest)};
}

std::strong_ordering operator<=>(const BigInteger& a, const BigInteger& b) {
  if (a.negative_ != b.negative_) return a.negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.negative_ ? BigInteger::compare(b.limbs_, a.limbs_) : BigInteger::compare(a.limbs_, b.limbs_);
}

}  // namespace berth::jinja
