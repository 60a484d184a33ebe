#include "berth/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ostream>
#include <stdexcept>

#include "text/printable.h"

namespace berth {
namespace {

[[noreturn]] void throw_wrong_type(std::string_view expected, const Value& found) {
  const auto name = found.is_large_int() ? "integer beyond 64 bits" : found.type_name();
  const bool vowel = std::string_view("AEIOUaeiou").find(name.front()) != std::string_view::npos;
  const std::string_view article = found.is_null() ? "" : vowel ? "an " : "a ";
  throw WrongType(std::string("expected ").append(expected).append(", found ").append(article).append(name));
}

template <class T, class Variant>
auto& held(Variant& data, std::string_view expected, const Value& value) {
  auto* pointer = std::get_if<T>(&data);
  if (pointer == nullptr) throw_wrong_type(expected, value);
  return *pointer;
}

/// Infinite beyond the range of a double.
double nearest_double(std::string_view digits) {
  double number = 0;
  const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), number).ec;
  return error == std::errc::result_out_of_range ? HUGE_VAL : number;
}

}  // namespace

Value::Value(Array value) : data_(std::move(value)) {}
Value::Value(Object value) : data_(std::move(value)) {}

bool Value::as_bool() const { return held<bool>(data_, "a boolean", *this); }
std::int64_t Value::as_int() const { return held<std::int64_t>(data_, "an integer", *this); }
double Value::as_double() const {
  if (is_int()) return static_cast<double>(as_int());
  if (is_large_int()) return nearest_double(std::get<LargeInt>(data_).text);
  return held<double>(data_, "a number", *this);
}
std::string Value::int_text() const {
  if (is_large_int()) return std::get<LargeInt>(data_).text;
  return std::to_string(as_int());
}
const std::string& Value::as_string() const { return held<std::string>(data_, "a string", *this); }
const Value::Array& Value::as_array() const { return held<Array>(data_, "a list", *this); }
Value::Array& Value::as_array() { return held<Array>(data_, "a list", *this); }
const Value::Object& Value::as_object() const { return held<Object>(data_, "an object", *this); }
Value::Object& Value::as_object() { return held<Object>(data_, "an object", *this); }
const Instance& Value::as_instance() const {
  return *held<std::shared_ptr<const Instance>>(data_, "an object of a class", *this);
}

const Value* Value::find(std::string_view name) const {
  const auto* object = std::get_if<Object>(&data_);
  return object == nullptr ? nullptr : object->find(name);
}

Value Value::integer(std::string_view digits) {
  const bool negative = digits.starts_with('-');
  auto magnitude = digits.substr(negative || digits.starts_with('+') ? 1 : 0);
  if (magnitude.empty() || !std::ranges::all_of(magnitude, [](char c) { return c >= '0' && c <= '9'; }))
    throw std::invalid_argument(in_quotes(digits) + " is no integer");
  magnitude.remove_prefix(std::min(magnitude.find_first_not_of('0'), magnitude.size() - 1));

  auto text = (negative ? "-" : "") + std::string(magnitude);
  std::int64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc()) return number;
  if (std::isinf(nearest_double(magnitude)))
    throw std::invalid_argument(
        fmt::format("an integer of {} digits is beyond the range of a double, about 308 digits", magnitude.size()));
  Value value;
  value.data_ = LargeInt{std::move(text)};
  return value;
}

std::string_view Value::type_name() const {
  if (is_instance()) return as_instance().class_name();
  if (is_large_int()) return "integer";
  static constexpr std::string_view names[] = {"null", "boolean", "integer", "number", "string", "list", "object"};
  return names[data_.index()];
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_instance() && b.is_instance()) return a.as_instance().equals(b.as_instance());
  return a.data_ == b.data_;
}

std::ostream& operator<<(std::ostream& out, const Value& value) { return out << value.to_json(); }

}  // namespace berth
