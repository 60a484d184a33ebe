#include "tokenizer/model.h"

#include <fmt/format.h>

#include "berth/error.h"
#include "text/printable.h"
#include "tokenizer/fields.h"

namespace berth::tokenizing {

std::unique_ptr<Model> read_model(const Value& value, const structs::Place& place) {
  expect_object(value, place);
  if (optional_entry(value, place, "type") == nullptr) {  // files of old: what they hold tells
    if (value.find("merges") != nullptr) return read_bpe(value, place);
    if (value.find("continuing_subword_prefix") != nullptr) return read_word_piece(value, place);
    if (value.find("unk_token") != nullptr) return read_word_level(value, place);
    return read_unigram(value, place);
  }
  const auto& type = type_of(value, place);
  if (type == "WordPiece") return read_word_piece(value, place);
  if (type == "BPE") return read_bpe(value, place);
  if (type == "Unigram") return read_unigram(value, place);
  if (type == "WordLevel") return read_word_level(value, place);
  fail_type(type, place, "BPE, Unigram, WordLevel, WordPiece");
}

void fail_unknown(std::string_view word, std::string_view unknown_token) {
  throw FormatError(
      {},
      fmt::format("model: there is no token for {}, and {}, which stands for what is unknown, is not in the "
                  "vocabulary; add it there",
                  in_quotes(word.substr(0, 64)), in_quotes(unknown_token.substr(0, 64))),
      "a token for what is unknown");
}

}  // namespace berth::tokenizing
