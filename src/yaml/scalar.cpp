#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <stdexcept>

#include "text/nearest.h"
#include "text/printable.h"
#include "yaml/number.h"
#include "yaml/yaml.h"

namespace berth::yaml {
namespace {

template <std::size_t n>
bool is_one_of(std::string_view text, const std::array<std::string_view, n>& words) {
  return std::ranges::find(words, text) != words.end();
}

bool boolean(std::string_view text) {
  const auto word = lower(text);
  for (const auto* yes : {"yes", "true", "on"})
    if (word == yes) return true;
  for (const auto* no : {"no", "false", "off"})
    if (word == no) return false;
  throw std::invalid_argument(in_quotes(text) + " is no boolean");
}

}  // namespace

ScalarType type_of(std::string_view scalar) {
  static constexpr std::array<std::string_view, 5> nulls = {"", "~", "null", "Null", "NULL"};
  static constexpr std::array<std::string_view, 18> booleans = {"yes",   "Yes",   "YES",   "true", "True", "TRUE",
                                                                "on",    "On",    "ON",    "no",   "No",   "NO",
                                                                "false", "False", "FALSE", "off",  "Off",  "OFF"};
  if (is_one_of(scalar, nulls)) return ScalarType::null;
  if (is_one_of(scalar, booleans)) return ScalarType::boolean;
  if (is_integer(scalar)) return ScalarType::integer;
  return is_float(scalar) ? ScalarType::floating : ScalarType::text;
}

Value resolve(std::string_view scalar) { return construct(type_of(scalar), scalar); }

Value construct(ScalarType type, std::string_view scalar) {
  switch (type) {
    case ScalarType::null:
      return nullptr;
    case ScalarType::boolean:
      return boolean(scalar);
    case ScalarType::integer:
      return read_integer(scalar);
    case ScalarType::floating:
      return read_float(scalar);
    case ScalarType::text:
      break;
  }
  return scalar;
}

bool is_timestamp(std::string_view scalar) {
  constexpr std::size_t longest = 64;
  static const std::regex pattern(
      "[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \\t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}"
      "(?:\\.[0-9]*)?(?:[ \\t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?",
      std::regex::optimize);
  return !scalar.empty() && scalar.size() <= longest && scalar.front() >= '0' && scalar.front() <= '9' &&
         std::regex_match(scalar.begin(), scalar.end(), pattern);
}

}  // namespace berth::yaml
