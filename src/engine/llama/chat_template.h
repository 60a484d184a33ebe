/// A model's own chat template, run by llama.cpp's Jinja engine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "berth/engine.h"

namespace berth::llama {

/// A parsed template. Safe to render from several threads.
class ChatTemplate {
 public:
  /// Throws std::runtime_error where `source` is no Jinja template.
  explicit ChatTemplate(const std::string& source);
  ~ChatTemplate();

  /// The conversation up to the start of the assistant's answer. What comes from `messages` and `variables` is
  /// not trusted.
  /// Throws std::runtime_error where the template refuses the messages.
  std::vector<Prompt::Piece> render(const std::vector<ChatMessage>& messages, const std::string& bos_token,
                                    const std::string& eos_token, const Value::Object& variables) const;

 private:
  struct Parsed;
  std::unique_ptr<const Parsed> parsed_;
};

}  // namespace berth::llama
