#include "text.h"

#include <fmt/format.h>

#include <array>

#include "text/utf8.h"

namespace berth::cli {
std::string fitted(std::string_view text, std::size_t width) {
  constexpr std::string_view cut = "...";
  std::string result;
  std::size_t cut_at = 0;  // where the mark would stand
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    if (count == width) {
      result.resize(cut_at);
      return result.append(cut.substr(0, width));
    }
    if (count + cut.size() <= width) cut_at = result.size();
    const auto character = first_character(text);
    result += text.substr(0, character.length);
    text.remove_prefix(character.length);
  }
  return result.append(width - count, ' ');
}

std::string in_units(std::uint64_t bytes) {
  constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes == 0) return "-";
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 999.95 && unit + 1 < units.size(); ++unit) amount /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, units[unit]);
}

}  // namespace berth::cli
