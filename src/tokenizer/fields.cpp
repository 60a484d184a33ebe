#include "tokenizer/fields.h"

#include <fmt/format.h>

#include <stdexcept>

#include "text/printable.h"
#include "tokenizer/text_buffer.h"

namespace berth::tokenizing {

using structs::Place;

void expect_object(const Value& value, const Place& place) {
  if (!value.is_object()) place.fail("is no object");
}

const Value& need(const Value& object, const Place& place, std::string_view name) {
  expect_object(object, place);
  const Value* found = object.find(name);
  if (found == nullptr) Place(place, name).fail("is missing");
  return *found;
}

const Value* optional_entry(const Value& object, const Place& place, std::string_view name) {
  expect_object(object, place);
  const Value* found = object.find(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

const std::string& as_text(const Value& value, const Place& place) {
  if (!value.is_string()) place.fail("is no string");
  const auto& text = value.as_string();
  if (!is_utf8(text)) place.fail("is not UTF-8");
  return text;
}

const Value::Array& as_array(const Value& value, const Place& place) {
  if (!value.is_array()) place.fail("is no list");
  return value.as_array();
}

std::uint32_t as_id(const Value& value, const Place& place) {
  if (!value.is_int() || value.as_int() < 0 || value.as_int() > std::numeric_limits<std::int32_t>::max())
    place.fail("is no id, an integer from 0 to 2147483647");
  return static_cast<std::uint32_t>(value.as_int());
}

const Value::Array& need_array(const Value& object, const Place& place, std::string_view name) {
  return as_array(need(object, place, name), Place(place, name));
}

const std::string& need_text(const Value& object, const Place& place, std::string_view name) {
  return as_text(need(object, place, name), Place(place, name));
}

bool need_bool(const Value& object, const Place& place, std::string_view name) {
  const auto& found = need(object, place, name);
  if (!found.is_bool()) Place(place, name).fail("is neither true nor false");
  return found.as_bool();
}

bool bool_or(const Value& object, const Place& place, std::string_view name, bool otherwise) {
  return optional_entry(object, place, name) == nullptr ? otherwise : need_bool(object, place, name);
}

std::string text_or(const Value& object, const Place& place, std::string_view name, std::string_view otherwise) {
  return optional_entry(object, place, name) == nullptr ? std::string(otherwise) : need_text(object, place, name);
}

std::size_t need_count(const Value& object, const Place& place, std::string_view name) {
  const auto& found = need(object, place, name);
  if (found.is_large_int() || (found.is_double() && found.as_double() >= 0x1p53)) return std::size_t{1} << 53U;
  if (!found.is_int() || found.as_int() < 0) Place(place, name).fail("is no count, an integer from 0");
  return static_cast<std::size_t>(found.as_int());
}

std::size_t count_or(const Value& object, const Place& place, std::string_view name, std::size_t otherwise) {
  return optional_entry(object, place, name) == nullptr ? otherwise : need_count(object, place, name);
}

std::uint32_t need_character(const Value& object, const Place& place, std::string_view name) {
  const auto& text = need_text(object, place, name);
  if (text.empty() || character_length(text[0]) != text.size()) Place(place, name).fail("is not one character");
  return character_at(text, 0).code;
}

Pattern need_pattern(const Value& object, const Place& place) {
  const auto& found = need(object, place, "pattern");
  const Place here(place, "pattern");
  if (found.is_object() && found.find("String") != nullptr) return Pattern::literal(need_text(found, here, "String"));
  const auto& pattern = need_text(found, here, "Regex");
  try {
    return Pattern::regex(pattern);
  } catch (const std::invalid_argument& problem) {
    Place(here, "Regex").fail(problem.what());
  }
}

const std::string& type_of(const Value& object, const Place& place) { return need_text(object, place, "type"); }

void fail_type(const std::string& type, const Place& place, std::string_view known) {
  Place(place, "type").fail(fmt::format("{} is not known; known are {}", in_quotes(type.substr(0, 64)), known));
}

}  // namespace berth::tokenizing
