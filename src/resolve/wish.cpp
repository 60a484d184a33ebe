#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "berth/resolve.h"
#include "inventory/number_types.h"
#include "resolve/candidates.h"
#include "text/bytes.h"
#include "text/nearest.h"
#include "text/printable.h"
#include "text/trimmed.h"

namespace berth {
namespace {

using discovery::number_types;

/// What follows `prefix`; none where the text does not start with it.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return trimmed(text.substr(prefix.size()));
}

/// The types of "cuda", "cuda or xpu" or "gpu or npu"; empty where one of the words is no type.
std::vector<DeviceType> types_named(std::string_view text) {
  constexpr std::string_view separator = " or ";
  std::vector<DeviceType> types;
  while (true) {
    const auto end = text.find(separator);
    const auto name = trimmed(text.substr(0, end));
    const auto type = std::ranges::find(all_device_types, name, [](DeviceType each) { return to_string(each); });
    if (name == "gpu")
      types.insert(types.end(), gpus.begin(), gpus.end());
    else if (type != all_device_types.end())
      types.push_back(*type);
    else
      return {};
    if (end == text.npos) return types;
    text.remove_prefix(end + separator.size());
  }
}

[[noreturn]] void refuse(std::string_view term) {
  if (contains(term, ':'))
    throw std::invalid_argument(
        fmt::format("A wish has no index, as in {}; give one device and nothing else, such as cuda:0, or types such as "
                    "\"cuda or xpu\"",
                    in_quotes(term)));
  throw std::invalid_argument(fmt::format(
      "{} is no device and no wish; a wish is made of: auto, gpu, a type ({}), \"not TYPE\", a size such as "
      "\"8 GiB free\", a type of numbers ({}), \"engine NAME\"",
      in_quotes(term), UnknownDeviceType::accepted(), fmt::join(number_types, ", ")));
}

[[noreturn]] void refuse_second(std::string_view what, std::string_view term) {
  throw std::invalid_argument(fmt::format("The wish says twice {}; {} is the second time", what, in_quotes(term)));
}

/// "8 GiB", "at least 8 GiB free"
std::uint64_t bytes_of(std::string_view text, std::string_view term) {
  if (const auto least = after(text, "at least ")) text = *least;
  if (text.ends_with(" free")) text = trimmed(text.substr(0, text.size() - 5));
  const auto bytes = parse_bytes(text);
  if (!bytes) refuse(term);
  if (text.find_first_not_of("0123456789.") == text.npos)
    throw std::invalid_argument(
        fmt::format("{} is a size without a unit; write \"{} GiB free\", or for a device its type too, as in cuda:1",
                    in_quotes(term), text));
  return *bytes;
}

void add_term(Wish& wish, std::string_view term) {
  const auto text = lower(term);
  if (text == "auto" || text == "any") return;
  for (const std::string_view prefix : {"not ", "any but "})
    if (const auto rest = after(text, prefix)) {
      const auto types = types_named(*rest);
      if (types.empty()) refuse(term);
      wish.except.insert(wish.except.end(), types.begin(), types.end());
      return;
    }
  for (const std::string_view prefix : {"engine ", "engine="})
    if (text.starts_with(prefix)) {
      if (!wish.engine.empty()) refuse_second("which engine should be able to use the device", term);
      wish.engine = trimmed(term.substr(prefix.size()));
      if (wish.engine.empty()) refuse(term);
      return;
    }
  if (auto types = types_named(text); !types.empty()) {
    if (!wish.only.empty()) refuse_second("what type the device should be", term);
    wish.only = std::move(types);
    return;
  }
  if (const auto type = after(text, "needs ").value_or(text); contains(number_types, type)) {
    wish.types.emplace_back(type);
    return;
  }
  wish.min_free_bytes = std::max(wish.min_free_bytes, bytes_of(text, term));
}

}  // namespace

Wish Wish::from_str(std::string_view text) {
  Wish wish;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    more = comma != text.npos;
    add_term(wish, trimmed(text.substr(0, comma)));
    if (more) text.remove_prefix(comma + 1);
  }
  const auto excluded = [&](DeviceType type) { return contains(wish.except, type); };
  if (!wish.only.empty() && std::ranges::all_of(wish.only, excluded))
    throw std::invalid_argument(fmt::format("The wish {} excludes all that it asks for", in_quotes(wish.str())));
  return wish;
}

std::string Wish::str() const {
  const auto names = [](std::span<const DeviceType> of) {
    std::vector<std::string_view> texts;
    for (const auto type : of) texts.push_back(to_string(type));
    return fmt::format("{}", fmt::join(texts, " or "));
  };
  std::vector<std::string> terms;
  if (!only.empty()) terms.push_back(std::ranges::equal(only, gpus) ? "gpu" : names(only));
  for (const auto type : except) terms.push_back(fmt::format("not {}", to_string(type)));
  if (min_free_bytes != 0) terms.push_back(bytes_text(min_free_bytes) + " free");
  terms.insert(terms.end(), types.begin(), types.end());
  if (!engine.empty()) terms.push_back("engine " + engine);
  return terms.empty() ? "auto" : fmt::format("{}", fmt::join(terms, ", "));
}

}  // namespace berth
