#include <cstdint>
#include <random>

#include "berth/ordered_map.h"

namespace berth {
namespace {

__extension__ using Product = unsigned __int128;

constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;

std::uint64_t random_point() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) % (prime - 1) + 1;
}

}  // namespace

// The name as a polynomial over the numbers modulo 2^61 - 1, each coefficient 7 of its bytes, at a random point: two
// names of n coefficients meet with a probability of at most n / 2^61, whoever chose them (Carter and Wegman 1979).
std::size_t hash_name(std::string_view name) noexcept {
  static const std::uint64_t point = random_point();
  std::uint64_t hash = name.size() + 1;
  while (!name.empty()) {
    const auto part = name.substr(0, 7);
    std::uint64_t coefficient = 0;
    for (const char c : part) coefficient = coefficient << 8 | static_cast<unsigned char>(c);
    name.remove_prefix(part.size());
    const Product product = static_cast<Product>(hash) * point + coefficient;
    hash = static_cast<std::uint64_t>(product & prime) + static_cast<std::uint64_t>(product >> 61);
    if (hash >= prime) hash -= prime;
  }
  // Names that differ in their last digits only have numbers that are close: spread them (MurmurHash3's finalizer).
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53;
  hash ^= hash >> 33;
  return static_cast<std::size_t>(hash);
}

}  // namespace berth
