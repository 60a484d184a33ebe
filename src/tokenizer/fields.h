/// Entries of the objects in a tokenizer.json. Each throws std::invalid_argument naming the place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "berth/value.h"
#include "tokenizer/pattern.h"
#include "value/place.h"

namespace berth::tokenizing {

inline constexpr std::size_t most_nested_sequences = 16;
inline constexpr std::size_t most_token_bytes = 16'384;  ///< of one token, which bounds the time of a search

void expect_object(const Value& value, const structs::Place& place);
const Value& need(const Value& object, const structs::Place& place, std::string_view name);
/// Also null is absent.
const Value* optional_entry(const Value& object, const structs::Place& place, std::string_view name);

const Value::Array& need_array(const Value& object, const structs::Place& place, std::string_view name);
const std::string& need_text(const Value& object, const structs::Place& place, std::string_view name);
bool need_bool(const Value& object, const structs::Place& place, std::string_view name);
bool bool_or(const Value& object, const structs::Place& place, std::string_view name, bool otherwise);
std::string text_or(const Value& object, const structs::Place& place, std::string_view name,
                    std::string_view otherwise);
std::size_t need_count(const Value& object, const structs::Place& place, std::string_view name);
std::size_t count_or(const Value& object, const structs::Place& place, std::string_view name, std::size_t otherwise);
std::uint32_t need_character(const Value& object, const structs::Place& place, std::string_view name);

std::uint32_t as_id(const Value& value, const structs::Place& place);
const std::string& as_text(const Value& value, const structs::Place& place);
const Value::Array& as_array(const Value& value, const structs::Place& place);

/// {"String": "..."} or {"Regex": "..."}.
Pattern need_pattern(const Value& object, const structs::Place& place);

/// The entry, which is one of these names; what it stands for.
template <class T, std::size_t N>
T one_of(const std::string& text, const structs::Place& place, const std::pair<std::string_view, T> (&names)[N]) {
  std::string known;
  for (const auto& [name, meaning] : names) {
    if (text == name) return meaning;
    if (!known.empty()) known += ", ";
    known += name;
  }
  place.fail("is \"" + text.substr(0, 64) + "\", not one of " + known);
}

/// The name under "type", which must be there.
const std::string& type_of(const Value& object, const structs::Place& place);

/// A "type" that is not known here.
[[noreturn]] void fail_type(const std::string& type, const structs::Place& place, std::string_view known);

}  // namespace berth::tokenizing
