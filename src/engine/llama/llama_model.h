/// A model loaded by llama.cpp, with its tokenizer and chat template.
#pragma once

#include <mutex>

#include "berth/engine.h"
#include "engine/llama/chat_template.h"
#include "engine/llama/handles.h"

namespace berth::llama {

class LlamaModel final : public LoadedModel, public std::enable_shared_from_this<LlamaModel> {
 public:
  LlamaModel(ModelHandle model, LoadedModelInfo info);

  const LoadedModelInfo& info() const override { return info_; }
  Prompt apply_chat_template(const std::vector<ChatMessage>& messages,
                             const ChatTemplateOptions& options) const override;
  std::size_t count_tokens(const Prompt& prompt) const override { return tokenize(prompt).size(); }
  std::unique_ptr<Session> new_session(const SessionOptions& options) const override;

  std::vector<llama_token> tokenize(const Prompt& prompt) const;
  /// The bytes of a token; none for special tokens. A token may be a part of a character.
  std::string piece(llama_token token) const;

  llama_model* handle() const { return model_.get(); }
  const llama_vocab* vocab() const { return llama_model_get_vocab(model_.get()); }

 private:
  const char* own_chat_template() const;  ///< or nullptr; an empty one is none
  std::string special_token(llama_token token) const;

  ModelHandle model_;
  LoadedModelInfo info_;
  mutable std::once_flag template_once_;
  mutable std::unique_ptr<const ChatTemplate> template_;
};

}  // namespace berth::llama
