/// Built-in functions, filters, tests and methods, and how their arguments reach them.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <unordered_map>

#include "jinja/any.h"
#include "jinja/run.h"

namespace berth::jinja {

struct Function;

/// The arguments of one call, by the position of their parameter.
class Bound {
 public:
  static constexpr std::size_t max_parameters = 8;

  Any self;           ///< what a filter or test is applied to, or a method belongs to
  Arguments* rest{};  ///< what no parameter took, where the function takes all

  bool has(std::size_t parameter) const { return given_[parameter]; }
  const Any& operator[](std::size_t parameter) const { return values_[parameter]; }
  /// The argument, or nullptr where it was not given or is None.
  const Any* optional(std::size_t parameter) const {
    return given_[parameter] && !values_[parameter].is_none() ? &values_[parameter] : nullptr;
  }
  /// Whether the argument was given and is true.
  bool flag(Run& run, std::size_t parameter, bool otherwise = false) const;
  /// The same of a parameter that takes whole numbers only, as those of functions that Python has in C.
  bool whole_flag(std::size_t parameter) const;

  void set(std::size_t parameter, const Any& value) {
    values_[parameter] = value;
    given_[parameter] = true;
  }

 private:
  std::array<Any, max_parameters> values_;
  std::array<bool, max_parameters> given_{};
};

/// `signature` lists the parameters after the value itself: "old new count=" with "=" for those that need not be given,
/// "/" after those that have no name for callers, "*" where any arguments are taken as they come.
struct Function {
  using Call = Any (*)(Run&, Bound&);

  constexpr Function(std::string_view called, std::string_view signature, Call function, bool changes = false)
      : name(called), call(function), mutates(changes) {
    while (!signature.empty()) {
      const auto end = signature.find(' ');
      const auto word = signature.substr(0, end);
      signature = end == signature.npos ? std::string_view() : signature.substr(end + 1);
      if (word == "*")
        takes_all = true;
      else if (word == "/")
        positional_only = count;
      else
        parameters[count++] = {word.ends_with('=') ? word.substr(0, word.size() - 1) : word, !word.ends_with('=')};
    }
  }

  struct Parameter {
    std::string_view name;
    bool required = false;
  };

  std::string_view name;
  Call call;
  bool mutates;  ///< what it belongs to: forbidden where that is immutable
  bool takes_all = false;
  std::size_t count = 0;
  std::size_t positional_only = 0;
  std::array<Parameter, Bound::max_parameters> parameters{};
};

/// Calls `function`. Throws a TypeError where the arguments do not fit.
Any call(Run& run, const Function& function, const Any& self, Arguments& arguments);

using FunctionTable = std::unordered_map<std::string_view, const Function*>;
FunctionTable table_of(std::initializer_list<std::span<const Function>> all);

/// The function of that name, or nullptr.
const Function* find_function(const FunctionTable& table, std::string_view name);
const Function* find_filter(const Environment& environment, std::string_view name);
const Function* find_test(std::string_view name);

// The tables, one in each file.
extern const std::span<const Function> text_filters;
extern const std::span<const Function> markup_filters;
extern const std::span<const Function> list_filters;
extern const std::span<const Function> mapping_filters;
extern const std::span<const Function> number_filters;
extern const std::span<const Function> json_filters;
extern const std::span<const Function> test_functions;
extern const std::span<const Function> text_methods;
extern const std::span<const Function> markup_methods;  ///< what Markup has beside these
extern const std::span<const Function> list_methods;
extern const std::span<const Function> tuple_methods;
extern const std::span<const Function> dict_methods;
extern const std::span<const Function> int_methods;
extern const std::span<const Function> float_methods;
extern const std::span<const Function> global_functions;
extern const std::span<const Function> chat_functions;

}  // namespace berth::jinja
