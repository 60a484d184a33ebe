#include "jinja/template.h"

#include <fmt/format.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "jinja/filters.h"
#include "jinja/message_block.h"
#include "jinja/statements.h"
#include "jinja/tokens.h"
#include "jinja/values.h"
#include "jinja/variables.h"
#include "text/printable.h"

namespace berth {
namespace {

/// As jinja2's sandbox, which stops at as many.
constexpr std::int64_t max_range = 100000;
/// Sums of two of them are no problem.
constexpr std::int64_t max_bound = std::int64_t{1} << 60;

::jinja::value limited_range(const ::jinja::func_args& arguments) {
  std::int64_t bounds[] = {0, 0, 1};  // start, stop, step
  arguments.ensure_count(1, 3);
  for (std::size_t i = 0; i < arguments.count(); ++i) {
    bounds[i] = arguments.get_pos(i)->as_int();
    if (bounds[i] != std::clamp(bounds[i], -max_bound, max_bound))
      throw std::runtime_error(fmt::format("Range too big: {}", bounds[i]));
  }
  if (arguments.count() == 1) std::swap(bounds[0], bounds[1]);
  const auto [start, stop, step] = bounds;
  if (step == 0) throw std::runtime_error("range() arg 3 must not be zero");
  auto list = ::jinja::mk_val<::jinja::value_array>();
  std::int64_t left = max_range;
  for (auto i = start; step > 0 ? i < stop : i > stop; i += step) {
    if (left-- == 0)
      throw std::runtime_error(fmt::format("Range too big. The sandbox blocks ranges larger than {}.", max_range));
    list->push_back(::jinja::mk_val<::jinja::value_int>(i));
    if (__builtin_add_overflow_p(i, step, i)) break;
  }
  return list;
}

}  // namespace

struct JinjaTemplate::Parsed {
  ::jinja::program program;
  std::string source;
  std::vector<std::string> variables;
  Kind kind;

  std::string run(const Value::Object& variables, std::vector<ChatMessage>* messages) const;
};

JinjaTemplate::JinjaTemplate(const std::string& source, Kind kind) {
  try {
    const auto tokens = tokenize_template(source, kind == Kind::messages);
    auto program = ::jinja::parse_from_tokens(tokens);
    auto variables = undeclared_variables(program);
    prepare(program);
    parsed_ = std::make_shared<const Parsed>(Parsed{std::move(program), tokens.source, std::move(variables), kind});
  } catch (const std::exception& problem) {
    throw std::invalid_argument(fmt::format("This is no template: {}", escaped(problem.what(), true)));
  }
}

const std::vector<std::string>& JinjaTemplate::variables() const { return parsed_->variables; }

std::string JinjaTemplate::Parsed::run(const Value::Object& given, std::vector<ChatMessage>* messages) const {
  try {
    ::jinja::context context(source);
    context.set_val("range", ::jinja::mk_val<::jinja::value_func>("range", ::jinja::func_handler(limited_range)));
    add_filters(context);
    if (messages != nullptr) add_message_functions(context, *messages);
    for (const auto& [name, value] : given) context.set_val(name, to_jinja(value));
    const auto rendered = ::jinja::runtime::gather_string_parts(::jinja::runtime(context).execute(program));
    std::string text;
    for (const auto& part : rendered->val_str.parts) text += part.val;
    return text;
  } catch (const std::exception& problem) {
    throw std::invalid_argument(fmt::format("The template cannot be rendered: {}", escaped(problem.what(), true)));
  }
}

std::string JinjaTemplate::render(const Value::Object& variables) const { return parsed_->run(variables, nullptr); }

std::vector<ChatMessage> JinjaTemplate::render_messages(const Value::Object& variables) const {
  std::vector<ChatMessage> messages;
  const auto rest = parsed_->run(variables, &messages);
  if (rest.find_first_not_of(" \t\n\r\f\v") != rest.npos)
    throw std::invalid_argument(
        fmt::format("The template has text outside of its {{% message %}} blocks: {}", in_quotes(rest)));
  return messages;
}

}  // namespace berth
