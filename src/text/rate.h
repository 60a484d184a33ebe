/// Numbers of things in a second, for people.
#pragma once

#include <fmt/format.h>

#include <string>

namespace berth {

/// "161889", "61.3", "0.034": at least two digits that say something.
inline std::string rate_text(double per_second) {
  if (per_second >= 1000) return fmt::format("{:.0f}", per_second);
  return per_second < 0.95 ? fmt::format("{:.2g}", per_second) : fmt::format("{:.1f}", per_second);
}

}  // namespace berth
