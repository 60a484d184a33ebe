#include "value/structs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "text/printable.h"
#include "text/utf8.h"

namespace berth::structs {
namespace {

// Where text is made plain, one byte becomes up to four.
constexpr std::size_t longest_made_plain = 4096;
constexpr std::size_t longest_text = 4 * longest_made_plain;
constexpr double beyond_integers = 9223372036854775808.0;  // 2^63

template <class F>
decltype(auto) in_place(const Place& place, F&& read) {
  try {
    return read();
  } catch (const std::invalid_argument& problem) {
    place.fail(problem.what());
  }
}

}  // namespace

bool is_plain(std::string_view text) {
  const bool ascii = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
  return text.size() <= longest_text && (ascii || escaped(text) == text);
}

namespace detail {

bool read_bool(const Value& value, const Place& place) {
  return in_place(place, [&] { return value.as_bool(); });
}

std::int64_t read_integer(const Value& value, const Place& place, std::int64_t least, std::int64_t most) {
  const bool beyond = value.is_large_int() || (value.is_double() && std::abs(value.as_double()) >= beyond_integers);
  const auto number = beyond ? 0 : in_place(place, [&] { return value.as_int(); });
  if (beyond || number < least || number > most)
    place.fail(fmt::format("{} is not from {} to {}", value.to_json(), least, most));
  return number;
}

double read_number(const Value& value, const Place& place, double least) {
  const double number = in_place(place, [&] { return value.as_double(); });
  if (!std::isfinite(number) || number < least) place.fail(fmt::format("{} is less than {}", number, least));
  return number;
}

std::string read_text(const Value& value, const Place& place) {
  const auto& text = in_place(place, [&]() -> const std::string& { return value.as_string(); });
  if (text.size() > longest_text) place.fail(fmt::format("{} bytes of text, at most {}", text.size(), longest_text));
  if (!is_plain(text)) place.fail("a control character, or a byte that is not UTF-8, in " + in_quotes(text));
  return text;
}

std::string read_free_text(const Value& value, const Place& place) {
  const auto& text = in_place(place, [&]() -> const std::string& { return value.as_string(); });
  if (!is_utf8(text)) place.fail("a byte that is not UTF-8");
  return text;
}

std::filesystem::path read_path(const Value& value, const Place& place) {
  auto text = read_free_text(value, place);
  if (text.size() > longest_text) place.fail(fmt::format("{} bytes of a path, at most {}", text.size(), longest_text));
  if (text.find('\0') != text.npos) place.fail("a NUL byte in a path");
  return text;
}

std::size_t read_name(const Value& value, const Place& place, const std::string_view* names, std::size_t count) {
  const auto& name = in_place(place, [&]() -> const std::string& { return value.as_string(); });
  const auto* const found = std::find(names, names + count, name);
  if (found == names + count)
    place.fail(fmt::format("{} is none of {}", in_quotes(name), fmt::join(names, names + count, ", ")));
  return static_cast<std::size_t>(found - names);
}

const Value::Array& read_list(const Value& value, const Place& place) {
  const auto& list = in_place(place, [&]() -> const Value::Array& { return value.as_array(); });
  if (list.size() > most_entries) place.fail(fmt::format("{} entries, at most {}", list.size(), most_entries));
  return list;
}

void check_object(const Value& value, const Place& place) {
  in_place(place, [&] { value.as_object(); });
}

Value write_text(const std::string& text) { return is_plain(text) ? text : printable(text, longest_made_plain - 3); }

Value write_free_text(const std::string& text) {
  if (!is_utf8(text))
    throw std::invalid_argument("A text that is not UTF-8 cannot be written as JSON: " + printable(text, 80));
  return text;
}

Value write_path(const std::filesystem::path& path) { return write_free_text(path.string()); }

Value write_bytes(std::uint64_t bytes) {
  return std::min<std::uint64_t>(bytes, std::numeric_limits<std::int64_t>::max());
}

Value write_number(double number) { return std::isfinite(number) ? number : 0.0; }

}  // namespace detail
}  // namespace berth::structs
