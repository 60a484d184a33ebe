#include "engine/llama/chat_template.h"

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>

#include <utility>

namespace berth::llama {
namespace {

jinja::value text(const std::string& value, bool trusted) {
  auto made = jinja::mk_val<jinja::value_string>(value);
  if (!trusted) made->mark_input();
  return made;
}

jinja::value object(std::initializer_list<std::pair<const char*, jinja::value>> entries) {
  auto made = jinja::mk_val<jinja::value_object>();
  for (const auto& [name, value] : entries) made->insert(name, value);
  return made;
}

}  // namespace

struct ChatTemplate::Parsed {
  jinja::program program;
  std::string source;
  bool content_as_parts;  // the template reads contents only as [{"type": "text", "text": ...}]
};

ChatTemplate::ChatTemplate(const std::string& source) {
  auto tokens = jinja::lexer().tokenize(source);
  auto program = jinja::parse_from_tokens(tokens);
  const bool content_as_parts = !jinja::caps_get(program).supports_string_content;
  parsed_ = std::make_unique<Parsed>(Parsed{std::move(program), tokens.source, content_as_parts});
}

ChatTemplate::~ChatTemplate() = default;

std::vector<Prompt::Piece> ChatTemplate::render(const std::vector<ChatMessage>& messages, const std::string& bos_token,
                                                const std::string& eos_token) const {
  auto list = jinja::mk_val<jinja::value_array>();
  for (const auto& message : messages) {
    auto content = text(message.content, false);
    if (parsed_->content_as_parts) {
      auto parts = jinja::mk_val<jinja::value_array>();
      parts->push_back(object({{"type", text("text", true)}, {"text", content}}));
      content = parts;
    }
    list->push_back(object({{"role", text(message.role, true)}, {"content", content}}));
  }

  jinja::context context(parsed_->source);
  context.set_val("messages", list);
  context.set_val("bos_token", text(bos_token, true));
  context.set_val("eos_token", text(eos_token, true));
  context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));

  jinja::runtime runtime(context);
  const auto rendered = jinja::runtime::gather_string_parts(runtime.execute(parsed_->program));
  std::vector<Prompt::Piece> pieces;
  for (auto& part : rendered->val_str.parts)
    pieces.push_back({std::move(part.val), !part.is_input});
  return pieces;
}

}  // namespace berth::llama
