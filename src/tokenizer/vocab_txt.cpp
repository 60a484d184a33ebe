#include <fmt/format.h>

#include "text/printable.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/fields.h"
#include "tokenizer/read_tokenizer.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/vocabulary.h"
#include "tokenizer/word_piece.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

Vocabulary read_lines(std::string_view text) {
  Vocabulary vocabulary;
  std::uint32_t id = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > most_token_bytes || !is_utf8(line))
      throw std::invalid_argument(fmt::format("line {}: is no token, at most 16 KiB of UTF-8", id + 1));
    vocabulary.add(line, id++);
  }
  vocabulary.finish();
  return vocabulary;
}

/// MPNet's takes the space before it along where it is only named.
AddedToken mask_token(const Value& config, bool is_mpnet) {
  auto token = special_token(config, "mask_token", is_mpnet ? "<mask>" : "[MASK]");
  const auto* named = config.find("mask_token");
  if (is_mpnet && (named == nullptr || !named->is_object())) token.lstrip = true;
  return token;
}

Value object_of(std::string_view type) { return Value::Object{{"type", type}}; }

}  // namespace

Parts read_vocab_txt(std::string_view text, const Value& config) {
  const Place root;
  const Value nothing = Value::Object{};
  const auto& said = config.is_null() ? nothing : config;
  const bool is_mpnet = text_or(said, root, "tokenizer_class", "").starts_with("MPNet");
  const auto cls = special_token(said, "cls_token", is_mpnet ? "<s>" : "[CLS]");
  const auto sep = special_token(said, "sep_token", is_mpnet ? "</s>" : "[SEP]");
  const auto unknown = special_token(said, "unk_token", "[UNK]");
  WordPieceOptions word_piece_options;
  word_piece_options.unknown_token = unknown.content;
  BertNormalizerOptions normalizer;
  normalizer.lowercase = bool_or(said, root, "do_lower_case", true);
  normalizer.handle_chinese_chars = bool_or(said, root, "tokenize_chinese_chars", true);
  if (optional_entry(said, root, "strip_accents") != nullptr)
    normalizer.strip_accents = need_bool(said, root, "strip_accents");

  Parts parts;
  parts.model = word_piece(read_lines(text), word_piece_options);
  const auto id_of = [&](const std::string& token) {
    const auto id = parts.model->id(token);
    if (!id) throw std::invalid_argument(fmt::format("the token {} is not in it", in_quotes(token)));
    return static_cast<std::int32_t>(*id);
  };
  parts.normalizer = bert_normalizer(normalizer);
  parts.pre_tokenizer = read_pre_tokenizer(object_of("BertPreTokenizer"), root);
  parts.post_processor =
      bert_template({cls.content, id_of(cls.content)}, {sep.content, id_of(sep.content)}, is_mpnet ? 2 : 1);
  parts.decoder = read_decoder(Value::Object{{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}, root);
  const auto padding = special_token(said, "pad_token", is_mpnet ? "<pad>" : "[PAD]");
  parts.added.add({unknown, sep, padding, cls, mask_token(said, is_mpnet)}, *parts.model);
  parts.clean_up_spaces = true;  // the default of transformers' classes in Python, which read this file
  return parts;
}

}  // namespace berth::tokenizing
