/// A search for the first number of many.
#pragma once

#include <cstdint>

namespace berth::plan {

/// The least number above `too_few` for which `is_enough`; `enough` where none below it is.
template <class IsEnough>
std::uint64_t least_that(std::uint64_t too_few, std::uint64_t enough, IsEnough&& is_enough) {
  while (enough - too_few > 1) {
    const auto middle = too_few + (enough - too_few) / 2;
    (is_enough(middle) ? enough : too_few) = middle;
  }
  return enough;
}

}  // namespace berth::plan
