#include "jinja/template.h"

#include <fmt/format.h>

#include <functional>
#include <stdexcept>
#include <utility>

#include "jinja/evaluator.h"
#include "jinja/message_block.h"
#include "jinja/parser.h"
#include "text/printable.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth {
namespace {

TemplateError error_of(const char* what, const jinja::Failure& failure) {
  const auto& [line, column] = failure.place;
  const auto place = line == 0 ? "" : fmt::format(" (line {}, column {})", line, column);
  return {failure.kind, fmt::format("{}: {}{}", what, escaped(failure.message, true), place), line, column};
}

jinja::Environment environment_of(JinjaTemplate::Kind kind) {
  jinja::Environment environment;
  environment.chat = kind == JinjaTemplate::Kind::chat;
  environment.messages = kind == JinjaTemplate::Kind::messages;
  return environment;
}

}  // namespace

struct JinjaTemplate::Parsed {
  jinja::Environment environment;
  std::unique_ptr<const jinja::Ast> ast;

  /// Calls `use(text)` with what the template writes.
  template <class Use>
  auto run(const Value::Object& variables, const jinja::MessageHandler& on_message, Use use) const {
    try {
      jinja::Evaluator evaluator(*ast, environment, variables, on_message);
      jinja::TextBuilder text(evaluator.state());
      evaluator.write(text);
      return use(text);
    } catch (const jinja::Failure& failure) {
      throw error_of("The template cannot be rendered", failure);
    }
  }
};

JinjaTemplate::JinjaTemplate(const std::string& source, Kind kind) : JinjaTemplate(source, environment_of(kind)) {}

JinjaTemplate::JinjaTemplate(const std::string& source, const jinja::Environment& environment) {
  try {
    parsed_ = std::make_shared<const Parsed>(Parsed{environment, jinja::parse(valid_utf8(source), environment)});
  } catch (const jinja::Failure& failure) {
    throw error_of("This is no template", failure);
  }
}

const std::vector<std::string>& JinjaTemplate::variables() const { return parsed_->ast->undeclared; }

std::string JinjaTemplate::render(const Value::Object& variables) const {
  return parsed_->run(variables, nullptr, [](jinja::TextBuilder& text) { return text.take_bytes(); });
}

std::vector<JinjaTemplate::Piece> JinjaTemplate::render_pieces(const Value::Object& variables) const {
  return parsed_->run(variables, nullptr, [](jinja::TextBuilder& text) {
    std::vector<Piece> pieces;
    std::size_t at = 0;
    const auto add = [&](std::size_t end, bool trusted) {
      if (end > at) pieces.push_back({std::string(text.bytes().substr(at, end - at)), trusted});
      at = end;
    };
    for (const auto& range : text.untrusted()) {
      add(range.begin, true);
      add(range.end, false);
    }
    add(text.bytes().size(), true);
    return pieces;
  });
}

std::vector<ChatMessage> JinjaTemplate::render_messages(const Value::Object& variables) const {
  std::vector<ChatMessage> messages;
  const auto rest = parsed_->run(
      variables,
      [&](jinja::Run& run, const jinja::Arguments& arguments, const jinja::Str& content) {
        try {
          messages.push_back(jinja::message_of(run, arguments, content));
        } catch (const std::exception& problem) {
          if (dynamic_cast<const jinja::Failure*>(&problem) != nullptr) throw;
          jinja::value_error(problem.what());
        }
      },
      [](jinja::TextBuilder& text) { return text.take_bytes(); });
  if (!without_space(rest).empty())
    throw std::invalid_argument(
        fmt::format("The template has text outside of its {{% message %}} blocks: {}", in_quotes(rest)));
  return messages;
}

}  // namespace berth
