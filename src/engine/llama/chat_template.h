/// A model's own chat template.
#pragma once

#include <string>
#include <vector>

#include "berth/engine.h"
#include "jinja/template.h"

namespace berth::llama {

/// A parsed template. Safe to render from several threads.
class ChatTemplate {
 public:
  /// Throws TemplateError where `source` is no Jinja template.
  explicit ChatTemplate(const std::string& source);

  /// The conversation up to the start of the assistant's answer. What comes from `messages` and `variables` is
  /// not trusted.
  /// Throws TemplateError where the template refuses the messages.
  std::vector<Prompt::Piece> render(const std::vector<ChatMessage>& messages, const std::string& bos_token,
                                    const std::string& eos_token, const Value::Object& variables) const;

 private:
  JinjaTemplate template_;
  bool content_as_parts_;  // the template reads contents only as [{"type": "text", "text": ...}]
};

}  // namespace berth::llama
