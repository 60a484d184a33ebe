#include "jinja/function.h"

#include <fmt/format.h>

#include <utility>

#include "jinja/message_block.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

[[noreturn]] void unexpected(const Function& function, std::string_view name) {
  type_error(fmt::format("{}() got an unexpected keyword argument '{}'", function.name, name));
}

}  // namespace

bool Bound::flag(Run& run, std::size_t parameter, bool otherwise) const {
  return given_[parameter] ? truth(run, values_[parameter]) : otherwise;
}

bool Bound::whole_flag(std::size_t parameter) const {
  if (!given_[parameter]) return false;
  const auto number = index_of(values_[parameter]);
  if (!std::in_range<int>(number)) other_error("Python int too large to convert to C int");
  return number != 0;
}

Any call(Run& run, const Function& function, const Any& self, Arguments& arguments) {
  Bound bound;
  bound.self = self;
  bound.rest = &arguments;
  if (function.takes_all) return function.call(run, bound);
  if (arguments.positional.size() > function.count)
    type_error(fmt::format("{}() takes {} arguments at most ({} given)", function.name, function.count,
                           arguments.positional.size()));
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) bound.set(i, arguments.positional[i]);
  for (const auto& [name, value] : arguments.named) {
    std::size_t at = function.positional_only;
    while (at < function.count && function.parameters[at].name != name) ++at;
    if (at == function.count) unexpected(function, name);
    if (bound.has(at)) type_error(fmt::format("{}() got multiple values for argument '{}'", function.name, name));
    bound.set(at, value);
  }
  for (std::size_t i = 0; i < function.count; ++i)
    if (function.parameters[i].required && !bound.has(i))
      type_error(fmt::format("{}() is missing the required argument '{}'", function.name, function.parameters[i].name));
  return function.call(run, bound);
}

FunctionTable table_of(std::initializer_list<std::span<const Function>> all) {
  FunctionTable table;
  for (const auto& functions : all)
    for (const auto& function : functions) table.emplace(function.name, &function);
  return table;
}

const Function* find_function(const FunctionTable& table, std::string_view name) {
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

const Function* find_filter(const Environment& environment, std::string_view name) {
  static const auto filters =
      table_of({text_filters, markup_filters, list_filters, mapping_filters, number_filters, json_filters});
  if (environment.messages && name == templatize_part.name) return &templatize_part;
  return find_function(filters, name);
}

const Function* find_test(std::string_view name) {
  static const auto tests = table_of({test_functions});
  return find_function(tests, name);
}

}  // namespace berth::jinja
