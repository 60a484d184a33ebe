/// Text without what stands around it.
#pragma once

#include <string_view>

namespace berth {

/// Without blanks, tabs and ends of lines at either end.
constexpr std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto start = text.find_first_not_of(blanks);
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(blanks) - start + 1);
}

}  // namespace berth
