#include "berth/chat_prompt_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "component/prompt_variables.h"
#include "jinja/template.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

/// Whether the text of `message` is a template.
bool is_template(const ChatMessage& message) {
  return message.is_from(ChatRole::user) || message.is_from(ChatRole::system);
}

/// Whether there is anything to render: messages of the assistant and of tools stay as they are.
bool has_template(const ChatTemplateSource& source) {
  const auto* messages = std::get_if<std::vector<ChatMessage>>(&source);
  return messages == nullptr || std::ranges::any_of(*messages, is_template);
}

/// The template that a message of the user or the system is.
JinjaTemplate message_template(const ChatMessage& message) {
  const auto text = message.text();
  if (!text)
    throw std::invalid_argument(
        fmt::format("ChatMessages from {} role must contain text. Received ChatMessage with no text: {}",
                    to_string(message.role()), printable(python_str(message.to_dict()))));
  if (text->find("templatize_part") != text->npos)
    throw std::invalid_argument(
        "The templatize_part filter cannot be used with a template containing a list ofChatMessage objects. Use a "
        "string "
        "template or remove the templatize_part filter from the template.");
  return JinjaTemplate(*text);
}

std::vector<std::string> variables_of(const ChatTemplateSource& source) {
  if (const auto* text = std::get_if<std::string>(&source))
    return JinjaTemplate(*text, JinjaTemplate::Kind::messages).variables();
  std::vector<std::string> names;
  for (const auto& message : std::get<std::vector<ChatMessage>>(source)) {
    if (!is_template(message)) continue;
    const auto parsed = message_template(message);
    for (const auto& name : parsed.variables())
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

bool is_empty(const ChatTemplateSource& source) {
  return std::visit([](const auto& one) { return one.empty(); }, source);
}

std::vector<ChatMessage> render(const ChatTemplateSource& source, const Value::Object& variables) {
  if (const auto* text = std::get_if<std::string>(&source))
    return JinjaTemplate(*text, JinjaTemplate::Kind::messages).render_messages(variables);
  std::vector<ChatMessage> messages;
  for (const auto& message : std::get<std::vector<ChatMessage>>(source))
    messages.push_back(is_template(message)
                           ? ChatMessage(message.role(), {TextContent{message_template(message).render(variables)}},
                                         message.name(), message.meta())
                           : message);
  return messages;
}

}  // namespace

ChatPromptBuilder::ChatPromptBuilder(ChatPromptBuilderParameters given) : ComponentWith(type_name, std::move(given)) {
  const auto& [source, required, own_names] = parameters();
  check_required_variables(required);
  std::vector<std::string> names;
  if (own_names && !own_names->empty())
    names = *own_names;
  else if (source && !is_empty(*source))
    names = variables_of(*source);
  for (const auto& name : without_repeats(names))
    variables_.emplace_back(name, is_required(required, name) ? input<Value>(name) : input<Value>(name, ""));
}

void ChatPromptBuilder::run(Run& run) {
  const auto other = run.get(other_template_);
  const auto& source = other ? other : parameters().prompt_template;
  if (!source || is_empty(*source))
    throw std::invalid_argument(
        "The ChatPromptBuilder requires a non-empty list of ChatMessage instances. Please provide a valid list of "
        "ChatMessage instances to render the prompt.");
  const auto variables =
      gather_variables(run, variables_, run.get(template_variables_),
                       has_template(*source) ? parameters().required_variables : std::nullopt, "ChatPromptBuilder");
  run.set(prompt_, render(*source, variables));
}

Value::Object ChatPromptBuilder::init_parameters() const {
  auto serialized = ComponentWith::init_parameters();
  const auto* messages =
      parameters().prompt_template ? std::get_if<std::vector<ChatMessage>>(&*parameters().prompt_template) : nullptr;
  if (messages == nullptr) return serialized;
  Value::Array list;
  for (const auto& message : *messages) list.push_back(message.to_dict());
  serialized.set("template", std::move(list));
  return serialized;
}

}  // namespace berth
