/// An ordered, JSON-like value: what keyword arguments and serialized components are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "berth/ordered_map.h"

namespace berth {

/// null, a boolean, a 64-bit integer, a double, a string (UTF-8), a list, or an ordered object.
///
///     Value kwargs = Value::Object{{"model", "local/model"}, {"num_beams", 1}};
///     kwargs.as_object().set("device", "cuda:0");
///     kwargs.to_json();  // {"model": "local/model", "num_beams": 1, "device": "cuda:0"}
///
/// A regular value. Equality is Python's for dictionaries: the order of names does not count; unlike Python,
/// values of different types are never equal (1, 1.0 and true are three values).
class Value {
 public:
  using Array = std::vector<Value>;
  using Object = OrderedMap<Value>;

  Value() = default;
  Value(std::nullptr_t) {}
  template <class T>
  requires std::is_same_v<T, bool> Value(T value) : data_(value) {}
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Value(T value) {
    if (std::in_range<std::int64_t>(value))
      data_ = static_cast<std::int64_t>(value);
    else
      data_ = static_cast<double>(value);  // above 2^63 - 1
  }
  Value(double value) : data_(value) {}
  Value(const char* value) : Value(std::string_view(value)) {}
  Value(std::string_view value) : data_(std::in_place_type<std::string>, value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Array value);
  Value(Object value);

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }

  /// The held value. Throws std::invalid_argument "expected a string, found an integer" on another type.
  bool as_bool() const;
  std::int64_t as_int() const;
  double as_double() const;  ///< also of an integer
  const std::string& as_string() const;
  const Array& as_array() const;
  Array& as_array();
  const Object& as_object() const;
  Object& as_object();

  /// The entry `name` of an object, or nullptr where there is none or this is no object.
  const Value* find(std::string_view name) const;

  /// "null", "boolean", "integer", "number", "string", "list" or "object", for messages.
  std::string_view type_name() const;

  /// Parses one JSON document (RFC 8259). Throws FormatError with the byte offset; nesting is limited to 512 levels;
  /// a name given twice is refused; integers beyond 64 bits become numbers.
  static Value from_json(std::string_view text);

  /// JSON on one line with ", " and ": " as Python's json.dumps writes it, or indented by `indent` blanks.
  /// Text stays UTF-8; bytes that are not UTF-8 become U+FFFD. Infinities and NaN become null.
  std::string to_json(int indent = -1) const;

  friend bool operator==(const Value& a, const Value& b);
  friend std::ostream& operator<<(std::ostream& out, const Value& value);  ///< as to_json()

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

}  // namespace berth
