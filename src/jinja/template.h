/// Templates in Jinja, with the meaning that Python's jinja2 3.1 gives them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "berth/chat_message.h"
#include "berth/value.h"
#include "jinja/environment.h"
#include "jinja/template_error.h"

namespace berth {

/// A parsed template. Copies share it; safe to render from several threads.
class JinjaTemplate {
 public:
  enum class Kind {
    text,      ///< as Haystack's PromptBuilder renders it
    messages,  ///< of {% message role="user" %}...{% endmessage %} blocks
    chat       ///< a model's own template, as transformers renders it
  };

  /// A part of the text that was rendered.
  struct Piece {
    std::string text;
    bool trusted;  ///< of the template itself, or of a TrustedText

    bool operator==(const Piece&) const = default;
  };

  /// Throws TemplateError where `source` is no template.
  explicit JinjaTemplate(const std::string& source, Kind kind = Kind::text);
  JinjaTemplate(const std::string& source, const jinja::Environment& environment);

  /// The variables that it takes, in order of appearance.
  const std::vector<std::string>& variables() const;

  /// Throws TemplateError where it cannot be run with these.
  std::string render(const Value::Object& variables) const;

  /// The same, of a template of the kind chat, in parts that are trusted and that are not. In `variables`, only a
  /// jinja::TrustedText is trusted.
  std::vector<Piece> render_pieces(const Value::Object& variables) const;

  /// Of a template of messages. Throws as render(), and where a block makes no valid message.
  std::vector<ChatMessage> render_messages(const Value::Object& variables) const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace berth
