/// Structs as JSON objects. What a struct's fields are called is said once, in FieldsOf; reading and writing follow it.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/value.h"
#include "value/place.h"

namespace berth::structs {

template <class Struct, class T>
struct Field {
  std::string_view name;
  T Struct::*member;
  bool required;  ///< always written, and must be there; the others are left out where they have their default
  double least;   ///< of a number
  bool is_free_text = false;
};

template <class Struct, class T>
constexpr Field<Struct, T> required(std::string_view name, T Struct::*member, double least = 0) {
  return {name, member, true, least};
}
template <class Struct, class T>
constexpr Field<Struct, T> field(std::string_view name, T Struct::*member, double least = 0) {
  return {name, member, false, least};
}

/// Text of any length that may hold any characters, such as a prompt: a string or a list of strings.
template <class Struct, class T>
constexpr Field<Struct, T> free_text(std::string_view name, T Struct::*member) {
  return {name, member, false, 0, true};
}

/// Specialised for each struct that is written down: `static constexpr std::tuple all`, in the order of writing.
template <class Struct>
struct FieldsOf;

/// Specialised for each enum: `static constexpr std::array<std::string_view, N> all`, in the order of its enumerators.
template <class Enum>
struct NamesOf;

template <class T>
concept HasFields = requires {
  FieldsOf<T>::all;
};

/// A value that is written as a text, such as Device.
template <class T>
concept HasTextForm = requires(const T& object, std::string_view text) {
  { object.str() } -> std::same_as<std::string>;
  { T::from_str(text) } -> std::same_as<T>;  // throws std::invalid_argument
};

/// A value that has a form of its own, such as ComponentDevice.
template <class T>
concept HasDictForm = requires(const T& object, const Value& dict) {
  { object.to_dict() } -> std::same_as<Value>;
  { T::from_dict(dict) } -> std::same_as<T>;  // throws std::invalid_argument
};

inline constexpr std::size_t most_entries = 1 << 20;  ///< of one list; models with experts have 100,000 tensors

/// Text that may stand in a document: UTF-8, without what acts on terminals, of at most 16 KiB.
bool is_plain(std::string_view text);

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<OrderedMap<T>> = true;
template <class T>
struct MapEntry;
template <class T>
struct MapEntry<OrderedMap<T>> {
  using type = T;
};

template <class T>
inline constexpr bool can_be_free_text = std::is_same_v<T, std::string> || std::is_same_v<T, std::vector<std::string>>;

bool read_bool(const Value& value, const Place& place);
std::int64_t read_integer(const Value& value, const Place& place, std::int64_t least, std::int64_t most);
double read_number(const Value& value, const Place& place, double least);
std::string read_text(const Value& value, const Place& place);
std::string read_free_text(const Value& value, const Place& place);
std::filesystem::path read_path(const Value& value, const Place& place);
std::size_t read_name(const Value& value, const Place& place, const std::string_view* names, std::size_t count);
const Value::Array& read_list(const Value& value, const Place& place);
void check_object(const Value& value, const Place& place);

template <class T>
T read_text_form(const Value& value, const Place& place) {
  try {
    return T::from_str(value.as_string());
  } catch (const std::invalid_argument& problem) {
    place.fail(problem.what());
  }
}

template <class T>
T read_dict_form(const Value& value, const Place& place) {
  try {
    return T::from_dict(value);
  } catch (const std::invalid_argument& problem) {
    place.fail(problem.what());
  }
}

Value write_text(const std::string& text);            ///< made plain where it is not
Value write_free_text(const std::string& text);       ///< throws std::invalid_argument where it is not UTF-8
Value write_path(const std::filesystem::path& path);  ///< throws std::invalid_argument where it is not UTF-8
Value write_bytes(std::uint64_t bytes);               ///< at most what a 64-bit integer holds
Value write_number(double number);                    ///< 0 for what JSON has no number for

}  // namespace detail

template <class T>
T read(const Value& value, const Place& place, double least = 0);

/// A string, or a list of strings, of free text.
template <class T>
T read_free(const Value& value, const Place& place) {
  if constexpr (detail::is_vector<T>) {
    T entries;
    for (const auto& each : detail::read_list(value, place))
      entries.push_back(detail::read_free_text(each, Place(place, entries.size())));
    return entries;
  } else {
    return detail::read_free_text(value, place);
  }
}

template <class T>
Value write_free(const T& object) {
  if constexpr (detail::is_vector<T>) {
    Value::Array list;
    for (const auto& each : object) list.push_back(detail::write_free_text(each));
    return list;
  } else {
    return detail::write_free_text(object);
  }
}

/// Throws std::invalid_argument naming the place. Names that are not known are passed over.
template <class T>
T read(const Value& value, const Place& place, double least) {
  using namespace detail;
  if constexpr (is_optional<T>) {
    return read<typename T::value_type>(value, place, least);
  } else if constexpr (is_vector<T>) {
    const auto& list = read_list(value, place);
    T entries;
    entries.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i)
      entries.push_back(read<typename T::value_type>(list[i], Place(place, i), least));
    return entries;
  } else if constexpr (is_map<T>) {
    check_object(value, place);
    return value.as_object().map_values([&](const std::string& name, const Value& entry) {
      return read<typename MapEntry<T>::type>(entry, Place(place, name), least);
    });
  } else if constexpr (HasFields<T>) {
    check_object(value, place);
    T object;
    const auto read_field = [&](const auto& each) {
      using Member = std::remove_reference_t<decltype(object.*each.member)>;
      const Place here(place, each.name);
      if (const Value* found = value.find(each.name)) {
        if constexpr (can_be_free_text<Member>) {
          object.*each.member =
              each.is_free_text ? read_free<Member>(*found, here) : read<Member>(*found, here, each.least);
        } else {
          object.*each.member = read<Member>(*found, here, each.least);
        }
      } else if (each.required) {
        here.fail("is missing");
      }
    };
    std::apply([&](const auto&... each) { (read_field(each), ...); }, FieldsOf<T>::all);
    return object;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(read_name(value, place, NamesOf<T>::all.data(), NamesOf<T>::all.size()));
  } else if constexpr (HasDictForm<T>) {
    return read_dict_form<T>(value, place);
  } else if constexpr (HasTextForm<T>) {
    return read_text_form<T>(value, place);
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return read_path(value, place);
  } else if constexpr (std::is_same_v<T, Value>) {
    return value;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return read_text(value, place);
  } else if constexpr (std::is_same_v<T, bool>) {
    return read_bool(value, place);
  } else if constexpr (std::is_integral_v<T>) {
    constexpr auto most =
        sizeof(T) < sizeof(std::int64_t) ? static_cast<std::int64_t>(std::numeric_limits<T>::max()) : INT64_MAX;
    return static_cast<T>(read_integer(value, place, static_cast<std::int64_t>(least), most));
  } else {
    static_assert(std::is_same_v<T, double>);
    return read_number(value, place, least);
  }
}

template <class T>
void write_fields(const T& object, Value::Object& dict);

template <class T>
Value write(const T& object) {
  using namespace detail;
  if constexpr (is_optional<T>) {
    return object ? write(*object) : Value();
  } else if constexpr (is_vector<T>) {
    Value::Array list;
    list.reserve(object.size());
    for (const auto& each : object) list.push_back(write(each));
    return list;
  } else if constexpr (is_map<T>) {
    return object.map_values([](const std::string&, const auto& entry) { return write(entry); });
  } else if constexpr (HasFields<T>) {
    Value::Object dict;
    write_fields(object, dict);
    return dict;
  } else if constexpr (std::is_enum_v<T>) {
    return NamesOf<T>::all.at(static_cast<std::size_t>(object));
  } else if constexpr (HasDictForm<T>) {
    return object.to_dict();
  } else if constexpr (HasTextForm<T>) {
    return object.str();
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return write_path(object);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return write_text(object);
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    return write_bytes(object);
  } else if constexpr (std::is_same_v<T, double>) {
    return write_number(object);
  } else {
    return object;
  }
}

/// Behind what `dict` has already.
template <class T>
void write_fields(const T& object, Value::Object& dict) {
  static const T defaults;
  const auto write_field = [&](const auto& each) {
    using Member = std::remove_cvref_t<decltype(object.*each.member)>;
    if (!each.required && object.*each.member == defaults.*each.member) return;
    if constexpr (detail::can_be_free_text<Member>)
      dict.set(std::string(each.name),
               each.is_free_text ? write_free(object.*each.member) : write(object.*each.member));
    else
      dict.set(std::string(each.name), write(object.*each.member));
  };
  std::apply([&](const auto&... each) { (write_field(each), ...); }, FieldsOf<T>::all);
}

}  // namespace berth::structs
