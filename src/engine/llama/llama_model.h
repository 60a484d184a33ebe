/// A model loaded by llama.cpp, with its tokenizer and chat template.
#pragma once

#include <algorithm>
#include <mutex>

#include "berth/engine.h"
#include "engine/llama/chat_template.h"
#include "engine/llama/handles.h"
#include "engine/llama/held_memory.h"
#include "engine/reservation.h"
#include "plan/memory/engine_layout.h"

namespace berth::llama {

class LlamaModel final : public LoadedModel, public std::enable_shared_from_this<LlamaModel> {
 public:
  /// `context` is what each session may hold; none: the default. `devices` are those that the engine was given. Throws
  /// EngineError for a model with an encoder whose decoder has nothing to start with.
  LlamaModel(ModelHandle model, LoadedModelInfo info, const std::optional<ContextSpec>& context, NamedDevices devices,
             std::shared_ptr<Reservation> reservation);

  /// Sets `placement`, `devices` and `notes` of info(); once, before anybody else has the model. `layout` is that of
  /// `asked`.
  void read_placement(const ModelProfile& profile, const Placement& asked, const plan::EngineLayout& layout);

  const LoadedModelInfo& info() const override { return info_; }
  Prompt apply_chat_template(const std::vector<ChatMessage>& messages,
                             const ChatTemplateOptions& options) const override;
  std::size_t count_tokens(const Prompt& prompt, const std::stop_token&) const override {
    return tokenize(prompt).size();
  }
  std::unique_ptr<Session> new_session(const SessionOptions& options) const override;
  const ContextSpec& context() const override { return context_; }
  std::vector<DeviceUse> memory() const override;
  std::vector<PlacedTensor> tensors() const override;

  /// Tokens that one sequence may have.
  int sequence_limit() const {
    const int parts = context_.unified ? 1 : context_.n_seq;
    return context_.n_ctx / parts + (context_.n_ctx % parts == 0 ? 0 : 1);  // as the engine rounds
  }
  /// Tokens of context that prompts of one call share, where none is longer by itself.
  int wave_limit() const { return wave_limit_; }
  /// Tokens of prompts that an encoder can compute at a time.
  int encode_limit() const { return std::min({sequence_limit(), context_.n_batch, context_.n_ubatch}); }
  /// What the decoder of a model that encodes its prompts starts with; empty for models that have no encoder.
  const std::vector<llama_token>& decoder_start() const { return decoder_start_; }
  bool encodes() const { return !decoder_start_.empty(); }
  /// Whether a text ends before `token`: those that the file was told by convert_model(), else those of llama.cpp.
  bool ends_text(llama_token token) const;
  std::size_t count_end_tokens() const;  ///< those that ends_text() knows; looks at the whole vocabulary
  /// Sessions tell what they hold, how many tokens they encoded at a time at most, and whether samplers are in their graph.
  void set_session(const void* session, const llama_context& context, std::uint64_t encoded, bool samples) const;
  void forget_session(const void* session) const;

  std::vector<llama_token> tokenize(const Prompt& prompt) const;
  /// The bytes of a token; none for special tokens. A token may be a part of a character.
  std::string piece(llama_token token) const;
  /// The same within an answer. `begins`: no token with bytes came before it, told for the next one. What continues no prompt
  /// has no space before its first word, which such vocabularies put before each.
  std::string next_piece(llama_token token, bool& begins) const;

  llama_model* handle() const { return model_.get(); }
  const llama_vocab* vocab() const { return llama_model_get_vocab(model_.get()); }

 private:
  void tell_held() const;
  const char* own_chat_template() const;  ///< or nullptr; an empty one is none
  std::string special_token(llama_token token) const;
  llama_token first_decoded() const;

  // Behind the weights when it is destroyed, which go through these connections.
  std::vector<std::shared_ptr<const void>> workers_;
  ModelHandle model_;
  LoadedModelInfo info_;
  ContextSpec context_;
  NamedDevices devices_;
  std::vector<PlacedTensor> copied_;  // weights that are not mapped from the file
  std::vector<llama_token> decoder_start_;
  std::vector<llama_token> ends_;
  int wave_limit_ = 0;
  std::shared_ptr<Reservation> reservation_;
  mutable HeldMemory held_;
  mutable std::once_flag template_once_;
  mutable std::unique_ptr<const ChatTemplate> template_;
};

}  // namespace berth::llama
