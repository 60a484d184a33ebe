#include "jinja/template.h"

#include <fmt/format.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>

#include <stdexcept>

#include "jinja/limits.h"
#include "jinja/message_block.h"
#include "jinja/statements.h"
#include "jinja/tokens.h"
#include "jinja/values.h"
#include "jinja/variables.h"
#include "text/printable.h"

namespace berth {

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
    JinjaLimits limits;
    ::jinja::context context(source);
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
