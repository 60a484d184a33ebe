/// Reads the dictionary forms of classes.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string_view>

#include "berth/parameters.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

/// The entries of a dictionary as the arguments of a class. Errors name the class and the entry.
class DictFields {
 public:
  /// Throws std::invalid_argument where `dict` is no object, or has an entry that is not `known`.
  DictFields(std::string_view class_name, const Value& dict, std::initializer_list<std::string_view> known)
      : DictFields(class_name, dict) {
    checked([&] { check_parameter_names(*fields_, std::span(known.begin(), known.size())); });
  }
  /// Of any entries.
  DictFields(std::string_view class_name, const Value& dict) : class_name_(class_name) {
    checked([&] { fields_ = &dict.as_object(); });
  }

  template <class T>
  void read(std::string_view name, T& field) const {
    if (const Value* value = fields_->find(name)) convert(name, *value, field);
  }
  template <class T>
  void read_required(std::string_view name, T& field) const {
    const Value* value = fields_->find(name);
    if (value == nullptr) throw std::invalid_argument(fmt::format("{}: '{}' is missing", class_name_, name));
    convert(name, *value, field);
  }

 private:
  template <class T>
  void convert(std::string_view name, const Value& value, T& field) const {
    checked([&] {
      try {
        field = from_value<T>(value);
      } catch (const std::invalid_argument& problem) {
        throw std::invalid_argument(fmt::format("'{}': {}", name, problem.what()));
      }
    });
  }
  template <class F>
  void checked(F&& read) const {
    try {
      read();
    } catch (const std::invalid_argument& problem) {
      throw std::invalid_argument(fmt::format("{}: {}", class_name_, problem.what()));
    }
  }

  std::string_view class_name_;
  const Value::Object* fields_ = nullptr;
};

}  // namespace berth
