/// A struct of parameters and its dictionary: what a component, or a class that one holds, is made from.
///
///     struct Parameters {
///       int top_k = 10;
///       static constexpr auto fields() { return std::tuple(field("top_k", &Parameters::top_k)); }
///     };
///     from_init_parameters<Parameters>({{"top_k", 3}}).top_k;  // 3
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/type.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

/// One parameter of a component: its name in serialized forms, and where it stands in the struct.
template <class Parameters, class T>
struct Field {
  std::string_view name;
  T Parameters::*member;
  bool is_required = false;
};

template <class Parameters, class T>
constexpr Field<Parameters, T> field(std::string_view name, T Parameters::*member) {
  return {name, member, false};
}

/// One that has no default: a serialized form without it is an error.
template <class Parameters, class T>
constexpr Field<Parameters, T> required_field(std::string_view name, T Parameters::*member) {
  return {name, member, true};
}

struct ParameterInfo {
  std::string name;
  Type type;
  Value default_value;
};

/// A parameter that is not known, or of another type.
class WrongParameter : public WrongType {
 public:
  WrongParameter(std::string parameter, const std::string& message)
      : WrongType(message), parameter_(std::move(parameter)) {}

  const std::string& parameter() const { return parameter_; }

 private:
  std::string parameter_;
};

/// Throws WrongParameter where `given` has names that are not among `known`; it names the nearest.
void check_parameter_names(const Value::Object& given, std::span<const std::string_view> known);

/// The error of a parameter that must be given.
WrongParameter missing_parameter(std::string_view name);

/// "init_parameters" from the struct of a component and back. A parameter that is absent, or null without being
/// optional, keeps its default.
/// Throws WrongParameter for unknown names, for values of another type, and for a required parameter that is absent.
template <class Parameters>
Value::Object to_init_parameters(const Parameters& parameters) {
  Value::Object object;
  std::apply([&](const auto&... each) { (object.set(std::string(each.name), to_value(parameters.*each.member)), ...); },
             Parameters::fields());
  return object;
}

template <class Parameters>
Parameters from_init_parameters(const Value::Object& given) {
  Parameters parameters;
  std::apply(
      [&](const auto&... each) {
        const std::string_view names[] = {std::string_view(), each.name...};
        check_parameter_names(given, std::span(names).subspan(1));
        [[maybe_unused]] const auto read = [&](const auto& one) {
          using Member = std::remove_reference_t<decltype(parameters.*one.member)>;
          const Value* value = given.find(one.name);
          if (value == nullptr && one.is_required) throw missing_parameter(one.name);
          const bool null_is_a_value = type_of<Member>().is_union() || type_of<Member>().is_any();
          if (value == nullptr || (value->is_null() && !null_is_a_value)) return;
          try {
            parameters.*one.member = from_value<Member>(*value);
          } catch (const WrongType& problem) {
            const std::string name(one.name);
            throw WrongParameter(name, "parameter '" + name + "': " + problem.what());
          }
        };
        (read(each), ...);
      },
      Parameters::fields());
  return parameters;
}

template <class Parameters>
std::vector<ParameterInfo> describe_parameters() {
  const Parameters defaults;
  return std::apply(
      [&](const auto&... each) {
        return std::vector<ParameterInfo>{{std::string(each.name),
                                           type_of<std::decay_t<decltype(defaults.*each.member)>>(),
                                           to_value(defaults.*each.member)}...};
      },
      Parameters::fields());
}

}  // namespace berth
