#include "berth/value.h"

#include <ostream>
#include <stdexcept>

namespace berth {
namespace {

[[noreturn]] void throw_wrong_type(std::string_view expected, const Value& found) {
  const std::string_view name = found.type_name();
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

}  // namespace

Value::Value(Array value) : data_(std::move(value)) {}
Value::Value(Object value) : data_(std::move(value)) {}

bool Value::as_bool() const { return held<bool>(data_, "a boolean", *this); }
std::int64_t Value::as_int() const { return held<std::int64_t>(data_, "an integer", *this); }
double Value::as_double() const {
  if (is_int()) return static_cast<double>(as_int());
  return held<double>(data_, "a number", *this);
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

std::string_view Value::type_name() const {
  if (is_instance()) return as_instance().class_name();
  static constexpr std::string_view names[] = {"null", "boolean", "integer", "number", "string", "list", "object"};
  return names[data_.index()];
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_instance() && b.is_instance()) return a.as_instance().equals(b.as_instance());
  return a.data_ == b.data_;
}

std::ostream& operator<<(std::ostream& out, const Value& value) { return out << value.to_json(); }

}  // namespace berth
