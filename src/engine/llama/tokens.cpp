#include "engine/llama/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "berth/error.h"
#include "text/printable.h"
#include "text/utf8.h"
#include "tokenizer/draft.h"

namespace berth::llama {
namespace {

using tokenizing::Draft;

constexpr std::size_t most_text_bytes = 1 << 30;
constexpr std::string_view query_mark = "{query}";
constexpr std::string_view document_mark = "{document}";

void check_encoded_text(std::string_view text) {
  if (text.size() > most_text_bytes)
    throw std::invalid_argument(
        fmt::format("A text of {} bytes is too long; at most 1 GiB can be made tokens of at once", text.size()));
  if (!is_utf8(text))
    throw std::invalid_argument("The text is not UTF-8; decode it first, lone surrogates included");
}

void add_token(Draft& draft, const llama_vocab& vocab, llama_token token, std::int32_t type, bool added) {
  draft.add(token, llama_vocab_get_text(&vocab, token), {}, type, std::nullopt, added);
}

Draft draft_of(const llama_vocab& vocab, std::string_view text, std::size_t number) {
  Draft draft;
  for (const auto token : tokenize_text(vocab, text, false, true)) {
    if (token == LLAMA_TOKEN_NULL)
      throw EngineError("llama.cpp", "",
                        fmt::format("the vocabulary in the file has no token for a part of '{}', and none for what is "
                                    "unknown (tokenizer.ggml.unknown_token_id): the file is damaged",
                                    printable(text)));
    add_token(draft, vocab, token, static_cast<std::int32_t>(number), false);
  }
  draft.set_sequence(number);
  return draft;
}

/// What stands before, between and after texts.
struct Framing {
  explicit Framing(const llama_vocab& vocab) {
    const bool is_bert = llama_vocab_type(&vocab) == LLAMA_VOCAB_TYPE_WPM;
    const auto sep = llama_vocab_sep(&vocab);
    const auto eos = llama_vocab_eos(&vocab) == LLAMA_TOKEN_NULL ? sep : llama_vocab_eos(&vocab);
    const bool ends = llama_vocab_get_add_eos(&vocab);
    if (is_bert || llama_vocab_get_add_bos(&vocab)) add(before, vocab, llama_vocab_bos(&vocab), 0);
    if (ends && !is_bert) add(between, vocab, eos, 0);
    if (is_bert || llama_vocab_get_add_sep(&vocab)) add(between, vocab, sep, 0);
    if (is_bert || ends) add(after, vocab, is_bert ? sep : eos, 0);
  }

  Draft before, between, after;

 private:
  static void add(Draft& draft, const llama_vocab& vocab, llama_token token, std::int32_t type) {
    if (token != LLAMA_TOKEN_NULL) add_token(draft, vocab, token, type, true);
  }
};

Truncation truncation_of_texts(Truncation truncation, std::size_t added) {
  if (truncation.max_length <= added)
    throw std::invalid_argument(
        fmt::format("A text cannot be cut to {} tokens: the model adds {} to each", truncation.max_length, added));
  truncation.max_length -= added;
  return truncation;
}

Encoding framed_tokens(const llama_vocab& vocab, const EncodeInput& input, const Truncation& truncation) {
  Framing framing(vocab);
  auto first = draft_of(vocab, input.text, 0);
  auto second = input.pair ? draft_of(vocab, *input.pair, 1) : Draft();
  const auto added = framing.before.size() + (input.pair ? framing.between.size() : 0) + framing.after.size();
  tokenizing::truncate(first, input.pair ? &second : nullptr, truncation_of_texts(truncation, added));
  auto all = std::move(framing.before);
  all.append(std::move(first));
  if (input.pair) {
    all.append(std::move(framing.between));
    all.append(std::move(second));
    framing.after.set_type_ids(1);
  }
  all.append(std::move(framing.after));
  return std::move(all).finish();
}

/// The template up to its document, and behind that, with the query in its places.
std::pair<std::string, std::string> around_document(std::string_view source, std::string_view query) {
  std::pair<std::string, std::string> parts;
  auto* part = &parts.first;
  while (!source.empty()) {
    if (source.starts_with(query_mark)) {
      *part += query;
      source.remove_prefix(query_mark.size());
    } else if (part == &parts.first && source.starts_with(document_mark)) {
      part = &parts.second;
      source.remove_prefix(document_mark.size());
    } else {
      *part += source.front();
      source.remove_prefix(1);
    }
  }
  return parts;
}

Encoding templated_tokens(const llama_vocab& vocab, std::string_view source, const EncodeInput& input,
                          const Truncation& truncation) {
  const auto [head, tail] = around_document(source, input.text);
  auto whole = draft_of(vocab, head + *input.pair + tail, 0);
  if (whole.size() <= truncation.max_length) return std::move(whole).finish();
  auto all = draft_of(vocab, head, 0);
  auto document = draft_of(vocab, *input.pair, 1);
  auto end = draft_of(vocab, tail, 0);
  tokenizing::truncate(document, nullptr, truncation_of_texts(truncation, all.size() + end.size()));
  all.append(std::move(document));
  all.append(std::move(end));
  return std::move(all).finish();
}

}  // namespace

std::vector<llama_token> tokenize_text(const llama_vocab& vocab, std::string_view text, bool special, bool parse) {
  const auto length = static_cast<std::int32_t>(text.size());
  std::vector<llama_token> tokens(text.size() + 2);  // a token is at least one byte; begin and end may be added
  auto n = llama_tokenize(&vocab, text.data(), length, tokens.data(), static_cast<std::int32_t>(tokens.size()), special,
                          parse);
  if (n < 0) {
    tokens.resize(static_cast<std::size_t>(-n));
    n = llama_tokenize(&vocab, text.data(), length, tokens.data(), -n, special, parse);
  }
  tokens.resize(static_cast<std::size_t>(std::max(n, 0)));
  return tokens;
}

Encoding encoder_tokens(const llama_model& model, const EncodeInput& input, const Truncation& truncation) {
  check_encoded_text(input.text);
  if (input.pair) check_encoded_text(*input.pair);
  const auto& vocab = *llama_model_get_vocab(&model);
  const char* source = input.pair ? llama_model_chat_template(&model, "rerank") : nullptr;
  return source == nullptr ? framed_tokens(vocab, input, truncation)
                           : templated_tokens(vocab, source, input, truncation);
}

}  // namespace berth::llama
