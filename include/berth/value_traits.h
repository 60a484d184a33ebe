/// How C++ types stand in Values: what a component's parameters and sockets are made of.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "berth/device.h"
#include "berth/secret.h"
#include "berth/type.h"
#include "berth/value.h"

namespace berth {

/// Specialised for each C++ type that can be a parameter or flow through a socket:
///
///     static Type type();                     // as Haystack writes it
///     static Value to_value(T);
///     static T from_value(const Value&);      // throws WrongType: "expected a string, found an integer"
///
/// A class of your own needs no specialisation where it is a ValueClass (berth/value.h).
template <class T>
struct ValueTraits;

template <class T>
Type type_of() {
  return ValueTraits<T>::type();
}

template <class T>
Value to_value(T object) {
  return ValueTraits<T>::to_value(std::move(object));
}

template <class T>
T from_value(const Value& value) {
  return ValueTraits<T>::from_value(value);
}

template <>
struct ValueTraits<Value> {
  static Type type() { return Type::any(); }
  static Value to_value(Value value) { return value; }
  static Value from_value(const Value& value) { return value; }
};

template <>
struct ValueTraits<bool> {
  static Type type() { return "bool"; }
  static Value to_value(bool value) { return value; }
  static bool from_value(const Value& value) { return value.as_bool(); }
};

template <std::integral T>
struct ValueTraits<T> {
  static Type type() { return "int"; }
  static Value to_value(T value) { return value; }
  static T from_value(const Value& value) {
    const auto number = value.as_int();
    if (!std::in_range<T>(number)) throw WrongType(std::to_string(number) + " is out of range");
    return static_cast<T>(number);
  }
};

template <std::floating_point T>
struct ValueTraits<T> {
  static Type type() { return "float"; }
  static Value to_value(T value) { return static_cast<double>(value); }
  static T from_value(const Value& value) { return static_cast<T>(value.as_double()); }
};

template <>
struct ValueTraits<std::string> {
  static Type type() { return "str"; }
  static Value to_value(std::string value) { return value; }
  static std::string from_value(const Value& value) { return value.as_string(); }
};

/// An object as it is, or one made of its dictionary form.
template <ValueClass T>
struct ValueTraits<T> {
  static Type type() { return std::string(T::class_name); }
  static Value to_value(T object) { return object; }
  static T from_value(const Value& value) {
    if (const T* object = value.get_if<T>()) return *object;
    if (value.is_object()) return T::from_dict(value);
    throw WrongType("expected an object of class " + std::string(T::class_name) + ", found " +
                    std::string(value.type_name()));
  }
};

template <class T>
struct ValueTraits<std::optional<T>> {
  static Type type() { return Type::optional(type_of<T>()); }
  static Value to_value(std::optional<T> value) { return value ? berth::to_value(*std::move(value)) : Value(); }
  static std::optional<T> from_value(const Value& value) {
    if (value.is_null()) return std::nullopt;
    return berth::from_value<T>(value);
  }
};

/// The first alternative that takes the value.
template <class... T>
struct ValueTraits<std::variant<T...>> {
  static Type type() { return Type::union_of({type_of<T>()...}); }
  static Value to_value(std::variant<T...> value) {
    return std::visit([](auto&& one) { return berth::to_value(std::move(one)); }, std::move(value));
  }
  static std::variant<T...> from_value(const Value& value) {
    std::optional<std::variant<T...>> found;
    std::string problems;
    const auto attempt = [&]<class U>(std::type_identity<U>) {
      if (found) return;
      try {
        found = berth::from_value<U>(value);
      } catch (const std::invalid_argument& problem) {
        problems += (problems.empty() ? "" : "; or ") + std::string(problem.what());
      }
    };
    (attempt(std::type_identity<T>()), ...);
    if (!found) throw WrongType(problems);
    return *std::move(found);
  }
};

template <class T>
struct ValueTraits<std::vector<T>> {
  static Type type() { return Type::list_of(type_of<T>()); }
  static Value to_value(std::vector<T> values) {
    Value::Array array;
    array.reserve(values.size());
    for (auto&& value : values) array.push_back(berth::to_value<T>(std::move(value)));
    return array;
  }
  static std::vector<T> from_value(const Value& value) {
    const auto& array = value.as_array();
    std::vector<T> values;
    values.reserve(array.size());
    for (std::size_t i = 0; i < array.size(); ++i) {
      try {
        values.push_back(berth::from_value<T>(array[i]));
      } catch (const WrongType& problem) {
        throw WrongType("entry " + std::to_string(i) + ": " + problem.what());
      }
    }
    return values;
  }
};

template <class T>
struct ValueTraits<OrderedMap<T>> {
  static Type type() { return Type::dict_of(type_of<T>()); }
  static Value to_value(const OrderedMap<T>& map) {
    return map.map_values([](const std::string&, const T& value) { return berth::to_value<T>(value); });
  }
  static OrderedMap<T> from_value(const Value& value) {
    return value.as_object().map_values([](const std::string& name, const Value& entry) {
      try {
        return berth::from_value<T>(entry);
      } catch (const WrongType& problem) {
        throw WrongType("'" + name + "': " + problem.what());
      }
    });
  }
};

/// In its serialized form, {"type": "single", "device": "cuda:0"}.
template <>
struct ValueTraits<ComponentDevice> {
  static Type type() { return "ComponentDevice"; }
  static Value to_value(const ComponentDevice& device) { return device.to_dict(); }
  static ComponentDevice from_value(const Value& value);
};

/// As a component is given it: "auto" is nothing too, also as {"type": "single", "device": "auto"}. It is written as null.
template <>
struct ValueTraits<std::optional<ComponentDevice>> {
  static Type type() { return Type::optional(type_of<ComponentDevice>()); }
  static Value to_value(const std::optional<ComponentDevice>& device) { return device ? device->to_dict() : Value(); }
  static std::optional<ComponentDevice> from_value(const Value& value);
};

/// In its serialized form, {"type": "env_var", ...}; a token cannot be written.
template <>
struct ValueTraits<Secret> {
  static Type type() { return "Secret"; }
  static Value to_value(const Secret& secret) { return secret.to_dict(); }
  static Secret from_value(const Value& value) { return Secret::from_dict(value); }
};

}  // namespace berth
