/// A hash of numbers that cannot be foreseen.
#pragma once

#include <cstddef>
#include <cstdint>

#include "berth/ordered_map.h"

namespace berth::tokenizing {

/// Differs from process to process, so that no choice of numbers makes a table slow.
inline std::size_t hash_number(std::uint64_t number) noexcept {
  static const std::uint64_t key = hash_name("numbers") | 1U;
  number = (number ^ key) * 0x9E3779B97F4A7C15U;
  number ^= number >> 32U;
  number *= key;
  return static_cast<std::size_t>(number ^ number >> 29U);
}

}  // namespace berth::tokenizing
