#include "model/split_name.h"

#include <fmt/format.h>

namespace berth::model {
namespace {

std::optional<std::uint32_t> parse_digits(std::string_view text) {
  std::uint32_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number;
}

}  // namespace

std::string SplitName::file_name() const { return fmt::format("{}-{:05}-of-{:05}.gguf", prefix, part + 1, count); }

std::optional<SplitName> parse_split_name(std::string_view file_name) {
  constexpr std::string_view form = "-00001-of-00003.gguf";
  if (file_name.size() <= form.size()) return std::nullopt;
  const auto end = file_name.substr(file_name.size() - form.size());
  const auto part = parse_digits(end.substr(1, 5));
  const auto count = parse_digits(end.substr(10, 5));
  if (end[0] != '-' || end.substr(6, 4) != "-of-" || end.substr(15) != ".gguf") return std::nullopt;
  if (!part || !count || *part == 0 || *part > *count) return std::nullopt;
  return SplitName{std::string(file_name.substr(0, file_name.size() - form.size())), *part - 1, *count};
}

}  // namespace berth::model
