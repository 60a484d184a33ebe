#include "engine/llama/llama_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <variant>

#include "berth/error.h"
#include "engine/gguf/keys.h"
#include "engine/llama/context_params.h"
#include "engine/llama/llama_session.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/tokens.h"
#include "engine/llama/worker_device.h"
#include "engine/reservation.h"

namespace berth::llama {
namespace {

/// Refuses what would be left out without a word: chat templates are given texts.
void check_texts_only(const ChatMessage& message) {
  const auto is_image = [](const auto& part) { return std::holds_alternative<ImageContent>(part); };
  const auto result = message.tool_call_result();
  const auto* parts = result ? std::get_if<1>(&result->result) : nullptr;
  if (message.image() || message.file() || (parts != nullptr && std::ranges::any_of(*parts, is_image)))
    throw std::invalid_argument("A message holds an image or a file; local models take texts only");
}

/// 134515008 -> "135M", 8030261248 -> "8.0B"
std::string in_millions(std::uint64_t parameters) {
  const auto millions = static_cast<double>(parameters) / 1e6;
  return millions < 999.5 ? fmt::format("{:.0f}M", millions) : fmt::format("{:.1f}B", millions / 1e3);
}

/// Small prompts and samples run side by side without the memory that the longest text would take.
constexpr int default_wave_limit = 8192;
const ContextSpec default_context{.n_seq = GenerationOptions::max_return_sequences, .unified = true};
/// Encoders compute a prompt at once, and know distances instead of positions: prompts longer than those of the training
/// are usual. A session takes the memory when there is such a prompt.
constexpr int default_encoded = 2048;

/// The list in the metadata of a file that was made by convert_model(); empty for others.
std::vector<llama_token> end_tokens(const llama_model& model) {
  std::array<char, 256> text{};
  std::vector<llama_token> tokens;
  if (llama_model_meta_val_str(&model, gguf::end_tokens_key, text.data(), text.size()) < 0) return tokens;
  for (const char* at = text.data(); *at != '\0';) {
    llama_token token = 0;
    const auto [next, problem] = std::from_chars(at, text.data() + text.size(), token);
    if (problem != std::errc()) break;
    tokens.push_back(token);
    at = *next == ',' ? next + 1 : next;
  }
  return tokens;
}

}  // namespace

LlamaModel::LlamaModel(ModelHandle model, LoadedModelInfo info, const std::optional<ContextSpec>& context,
                       NamedDevices devices, std::shared_ptr<Reservation> reservation)
    : model_(std::move(model)),
      info_(std::move(info)),
      context_(context.value_or(default_context)),
      devices_(std::move(devices)),
      reservation_(std::move(reservation)),
      held_(devices_, info_.keys) {
  for (const auto& [name, key] : info_.keys)
    if (!key.endpoint.empty()) workers_.push_back(hold_worker(key.endpoint));
  copied_ = tensors();
  std::erase_if(copied_, &PlacedTensor::mapped);
  tell_held();
  info_.weight_bytes = llama_model_size(model_.get());
  info_.parameters = llama_model_n_params(model_.get());
  info_.description = fmt::format("{} {} {}", info_.architecture, in_millions(info_.parameters),
                                  llama_ftype_name(llama_model_ftype(model_.get())));
  info_.context_length = llama_model_n_ctx_train(model_.get());
  info_.has_chat_template = own_chat_template() != nullptr;
  if (context_.n_ctx == 0) context_.n_ctx = info_.context_length;
  ends_ = end_tokens(*model_);
  if (llama_model_has_encoder(model_.get()) && llama_model_has_decoder(model_.get())) {
    decoder_start_ = {first_decoded()};
    if (!context) {
      context_.n_ctx = std::max(context_.n_ctx, default_encoded);
      context_.n_ubatch = default_encoded;
    }
  }
  wave_limit_ = context ? context_.n_ctx : std::min(default_wave_limit, context_.n_ctx);
}

void LlamaModel::set_session(const void* session, const llama_context& context, std::uint64_t encoded,
                             bool samples) const {
  held_.set_session(session, context, encoded, samples);
  tell_held();
}

void LlamaModel::forget_session(const void* session) const {
  held_.forget_session(session);
  tell_held();
}

/// Pages of a mapped file can be given up, so that other processes count them as free.
void LlamaModel::tell_held() const { reservation_->set_held(held_.sum(copied_)); }

std::vector<DeviceUse> LlamaModel::memory() const { return held_.sum(tensors()); }

llama_token LlamaModel::first_decoded() const {
  const auto start = llama_model_decoder_start_token(model_.get());
  const auto first = start == LLAMA_TOKEN_NULL ? llama_vocab_bos(vocab()) : start;
  if (first < 0 || first >= llama_vocab_n_tokens(vocab()))
    throw EngineError("llama.cpp", info_.where(),
                      fmt::format("'{}' names no token that its decoder starts with ({}.decoder_start_token_id)",
                                  info_.path.string(), info_.architecture));
  return first;
}

bool LlamaModel::ends_text(llama_token token) const {
  return ends_.empty() ? llama_vocab_is_eog(vocab(), token) : std::ranges::find(ends_, token) != ends_.end();
}

std::size_t LlamaModel::count_end_tokens() const {
  std::size_t count = 0;
  for (llama_token token = 0; token < llama_vocab_n_tokens(vocab()); ++token) count += ends_text(token) ? 1 : 0;
  return count;
}

std::string LlamaModel::special_token(llama_token token) const {
  return token == LLAMA_TOKEN_NULL ? "" : llama_vocab_get_text(vocab(), token);
}

const char* LlamaModel::own_chat_template() const {
  const char* source = llama_model_chat_template(model_.get(), nullptr);
  return source == nullptr || *source == '\0' ? nullptr : source;
}

Prompt LlamaModel::apply_chat_template(const std::vector<ChatMessage>& messages,
                                       const ChatTemplateOptions& options) const {
  for (const auto& message : messages) check_texts_only(message);
  const char* source = own_chat_template();
  if (source == nullptr && !options.chat_template)
    throw EngineError("llama.cpp", info_.where(),
                      "'" + info_.path.string() + "' has no chat template; give it a plain prompt");
  try {
    std::unique_ptr<const ChatTemplate> other;
    if (options.chat_template)
      other = std::make_unique<ChatTemplate>(*options.chat_template);
    else
      std::call_once(template_once_, [&] { template_ = std::make_unique<ChatTemplate>(source); });
    const auto& chosen = other ? *other : *template_;
    const std::string bos = special_token(llama_vocab_bos(vocab()));
    auto pieces = chosen.render(messages, bos, special_token(llama_vocab_eos(vocab())), options.variables);
    // The tokenizer puts the first token itself where the model wants one.
    if (llama_vocab_get_add_bos(vocab()) && !bos.empty() && !pieces.empty() && pieces.front().trusted &&
        pieces.front().text.starts_with(bos))
      pieces.front().text.erase(0, bos.size());
    return Prompt(std::move(pieces));
  } catch (const std::exception& problem) {
    throw EngineError("llama.cpp", info_.where(),
                      "the chat template of '" + info_.path.string() + "' cannot be used: " + problem.what());
  }
}

std::vector<llama_token> LlamaModel::tokenize(const Prompt& prompt) const {
  // Pieces are tokenized together wherever no untrusted one could pass for a special token: a word may reach over the
  // border of two pieces, and the model was trained on whole texts.
  const auto harmless = [&](const Prompt::Piece& piece) {
    return piece.trusted ||
           tokenize_text(*vocab(), piece.text, false, true) == tokenize_text(*vocab(), piece.text, false, false);
  };
  if (std::ranges::all_of(prompt.pieces, harmless)) return tokenize_text(*vocab(), prompt.text(), true, true);

  std::vector<llama_token> tokens;
  if (llama_vocab_get_add_bos(vocab())) tokens.push_back(llama_vocab_bos(vocab()));
  for (const auto& piece : prompt.pieces) {
    const auto part = tokenize_text(*vocab(), piece.text, false, piece.trusted);
    tokens.insert(tokens.end(), part.begin(), part.end());
  }
  if (llama_vocab_get_add_eos(vocab())) tokens.push_back(llama_vocab_eos(vocab()));
  return tokens;
}

std::string LlamaModel::piece(llama_token token) const {
  std::array<char, 64> small{};
  const auto n = llama_token_to_piece(vocab(), token, small.data(), small.size(), 0, false);
  if (n >= 0) return {small.data(), static_cast<std::size_t>(n)};
  std::string text(static_cast<std::size_t>(-n), '\0');
  llama_token_to_piece(vocab(), token, text.data(), -n, 0, false);
  return text;
}

std::string LlamaModel::next_piece(llama_token token, bool& begins) const {
  auto text = piece(token);
  const bool is_first = begins && !text.empty();
  if (is_first && encodes()) text.erase(0, text.find_first_not_of(' '));
  begins = begins && !is_first;
  return text;
}

std::unique_ptr<Session> LlamaModel::new_session(const SessionOptions& options) const {
  // Computing on the CPU keeps this thread busy; any other device leaves it free meanwhile.
  const auto text_time =
      devices_.empty() ? LlamaSession::TextTime::before_next_token : LlamaSession::TextTime::beside_next_token;
  return std::make_unique<LlamaSession>(shared_from_this(), options, text_time);
}

}  // namespace berth::llama
