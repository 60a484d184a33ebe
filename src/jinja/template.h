/// Prompt templates in Jinja, run by llama.cpp's engine for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "berth/chat_message.h"
#include "berth/value.h"

namespace berth {

/// A parsed template. Copies share it; safe to render from several threads.
class JinjaTemplate {
 public:
  enum class Kind {
    text,
    messages  ///< of {% message role="user" %}...{% endmessage %} blocks
  };

  /// Throws std::invalid_argument where `source` is no template.
  explicit JinjaTemplate(const std::string& source, Kind kind = Kind::text);

  /// The variables that it takes, in order of appearance.
  const std::vector<std::string>& variables() const;

  /// Throws std::invalid_argument where it cannot be run with these.
  std::string render(const Value::Object& variables) const;

  /// Of a template of messages. Throws as render(), and where a block makes no valid message.
  std::vector<ChatMessage> render_messages(const Value::Object& variables) const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace berth
