/// An ordered, JSON-like value: what keyword arguments and serialized components are made of.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "berth/ordered_map.h"

namespace berth {

class Value;

/// A class whose objects a Value can hold as they are, such as Document: regular, with a name and a dictionary form.
template <class T>
concept ValueClass = requires {
  { T::class_name } -> std::convertible_to<std::string_view>;  // as messages and sockets name it: "Document"
}
&&std::regular<T>&& requires(const T& object, const Value& dict) {
  { object.to_dict() } -> std::same_as<Value>;
  { T::from_dict(dict) } -> std::same_as<T>;  // throws std::invalid_argument
};

/// A value of another type than was asked for.
class WrongType : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// An object of a ValueClass, held by a Value.
class Instance {
 public:
  virtual ~Instance() = default;
  virtual std::string_view class_name() const = 0;
  virtual Value to_dict() const = 0;
  /// What templates see of it: the class's attributes(), or else the entries of its dictionary form.
  virtual OrderedMap<Value> attributes() const = 0;
  virtual bool equals(const Instance& other) const = 0;
};

/// null, a boolean, an integer, a double, a string (UTF-8), a list, an ordered object, or an object of a ValueClass,
/// which copies share. Integers are exact as far as a double reaches, which is about 308 digits; is_int() and as_int() are
/// of those that 64 bits hold.
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
      data_ = LargeInt{std::to_string(value)};  // above 2^63 - 1
  }
  Value(double value) : data_(value) {}
  Value(const char* value) : Value(std::string_view(value)) {}
  Value(std::string_view value) : data_(std::in_place_type<std::string>, value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Array value);
  Value(Object value);
  template <ValueClass T>
  Value(T object);

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_large_int() const { return std::holds_alternative<LargeInt>(data_); }  ///< an integer beyond 64 bits
  bool is_number() const { return is_int() || is_large_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }
  bool is_instance() const { return std::holds_alternative<std::shared_ptr<const Instance>>(data_); }

  /// The held value. Throws WrongType "expected a string, found an integer" on another type.
  bool as_bool() const;
  std::int64_t as_int() const;
  double as_double() const;      ///< also of an integer, the nearest one
  std::string int_text() const;  ///< the digits of an integer, also of one beyond 64 bits: "-18446744073709551616"
  const std::string& as_string() const;
  const Array& as_array() const;
  Array& as_array();
  const Object& as_object() const;
  Object& as_object();
  const Instance& as_instance() const;

  /// The object of class T that this holds, or nullptr where it holds something else.
  template <ValueClass T>
  const T* get_if() const;

  /// The entry `name` of an object, or nullptr where there is none or this is no object.
  const Value* find(std::string_view name) const;

  /// "null", "boolean", "integer", "number", "string", "list", "object" or the name of a class, for messages.
  std::string_view type_name() const;

  /// The integer with these decimal digits, after a '-' or '+' where there is one. Throws std::invalid_argument where that
  /// is none, or one beyond the range of a double.
  static Value integer(std::string_view digits);

  /// Parses one JSON document (RFC 8259). Throws FormatError with the byte offset; nesting is limited to 512 levels;
  /// a name given twice is refused, and so is a number beyond the range of a double.
  static Value from_json(std::string_view text);

  /// JSON on one line with ", " and ": " as Python's json.dumps writes it, or indented by `indent` blanks.
  /// Text stays UTF-8; bytes that are not UTF-8 become U+FFFD. Infinities and NaN become null, objects of a class their
  /// dictionary form.
  std::string to_json(int indent = -1) const;

  friend bool operator==(const Value& a, const Value& b);
  friend std::ostream& operator<<(std::ostream& out, const Value& value);  ///< as to_json()

 private:
  /// An integer beyond 64 bits: its decimal digits without zeros in front, after a '-' where it is negative.
  struct LargeInt {
    std::string text;
    bool operator==(const LargeInt&) const = default;
  };

  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object, std::shared_ptr<const Instance>,
               LargeInt>
      data_;
};

/// How a Value holds a T.
template <ValueClass T>
class InstanceOf final : public Instance {
 public:
  explicit InstanceOf(T value) : object(std::move(value)) {}

  std::string_view class_name() const override { return T::class_name; }
  Value to_dict() const override { return object.to_dict(); }
  Value::Object attributes() const override {
    if constexpr (requires { object.attributes(); })
      return object.attributes();
    else
      return object.to_dict().as_object();
  }
  bool equals(const Instance& other) const override {
    const auto* same = dynamic_cast<const InstanceOf*>(&other);
    return same != nullptr && object == same->object;
  }

  const T object;
};

template <ValueClass T>
Value::Value(T object) : data_(std::make_shared<const InstanceOf<T>>(std::move(object))) {}

template <ValueClass T>
const T* Value::get_if() const {
  const auto* held = std::get_if<std::shared_ptr<const Instance>>(&data_);
  const auto* instance = held == nullptr ? nullptr : dynamic_cast<const InstanceOf<T>*>(held->get());
  return instance == nullptr ? nullptr : &instance->object;
}

}  // namespace berth
