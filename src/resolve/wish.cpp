#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "berth/resolve.h"
#include "text/bytes.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::array gpus = {DeviceType::cuda, DeviceType::xpu, DeviceType::mps, DeviceType::vulkan};
constexpr std::array<std::string_view, 9> number_types = {"fp64", "fp32", "tf32", "fp16", "bf16",
                                                          "fp8",  "fp4",  "int8", "int4"};

template <class List, class T>
bool contains(const List& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

std::string_view trimmed(std::string_view text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

/// What follows `prefix`, where the text starts with it.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return trimmed(text.substr(prefix.size()));
}

std::optional<DeviceType> type_named(std::string_view text) {
  const auto found = std::ranges::find(all_device_types, text, [](DeviceType type) { return to_string(type); });
  return found == all_device_types.end() ? std::nullopt : std::optional(*found);
}

/// "cuda", "cuda or xpu"; none where one of them is no type.
std::vector<DeviceType> types_named(std::string_view text) {
  constexpr std::string_view separator = " or ";
  std::vector<DeviceType> types;
  while (true) {
    const auto end = text.find(separator);
    const auto type = type_named(trimmed(text.substr(0, end)));
    if (!type) return {};
    types.push_back(*type);
    if (end == text.npos) return types;
    text.remove_prefix(end + separator.size());
  }
}

[[noreturn]] void refuse(std::string_view term) {
  throw std::invalid_argument(fmt::format(
      "{} is no device and no wish; a wish is made of: auto, gpu, a type ({}), \"not TYPE\", a size such as "
      "\"8 GiB free\", a type of numbers ({}), \"engine NAME\"",
      in_quotes(term), UnknownDeviceType::accepted(), fmt::join(number_types, ", ")));
}

void limit_to(Wish& wish, std::span<const DeviceType> types, std::string_view term) {
  if (!wish.only.empty())
    throw std::invalid_argument(
        fmt::format("The wish says twice what type the device should be; {} is the second time", in_quotes(term)));
  wish.only.assign(types.begin(), types.end());
}

void add_term(Wish& wish, std::string_view term) {
  const auto text = lower(term);
  if (text == "auto" || text == "any") return;
  if (text == "gpu") return limit_to(wish, gpus, term);
  for (const std::string_view prefix : {"not ", "any but "})
    if (const auto rest = after(text, prefix)) {
      const auto type = type_named(*rest);
      if (!type && *rest != "gpu") refuse(term);
      if (type)
        wish.except.push_back(*type);
      else
        wish.except.insert(wish.except.end(), gpus.begin(), gpus.end());
      return;
    }
  for (const std::string_view prefix : {"engine ", "engine="})
    if (text.starts_with(prefix)) {
      wish.engine = trimmed(term.substr(prefix.size()));
      if (wish.engine.empty()) refuse(term);
      return;
    }
  if (const auto types = types_named(text); !types.empty()) return limit_to(wish, types, term);
  if (contains(number_types, text)) {
    wish.types.push_back(text);
    return;
  }
  const auto size = text.ends_with(" free") ? trimmed(std::string_view(text).substr(0, text.size() - 5)) : text;
  const auto bytes = parse_bytes(size);
  if (!bytes) refuse(term);
  wish.min_free_bytes = std::max(wish.min_free_bytes, *bytes);
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
