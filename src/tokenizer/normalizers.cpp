#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "system/base64.h"
#include "text/unicode.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/characters.h"
#include "tokenizer/fields.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/precompiled.h"
#include "tokenizer/replace.h"
#include "tokenizer/rewrite.h"
#include "tokenizer/unicode_forms.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

/// A normalizer that is one function over each piece.
template <class F>
class EachPiece final : public Normalizer {
 public:
  explicit EachPiece(F write) : write_(std::move(write)) {}
  void run(TextBuffer& buffer) const override { rewrite_pieces(buffer, write_); }

 private:
  F write_;
};

template <class F>
std::unique_ptr<Normalizer> each_piece(F write) {
  return std::make_unique<EachPiece<F>>(std::move(write));
}

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}
  void run(TextBuffer& buffer) const override {
    for (const auto& step : steps_) step->run(buffer);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

std::unique_ptr<Normalizer> form(UnicodeForm form) {
  return each_piece([form](std::string_view text, Rewrite& rewrite) { write_form(form, text, rewrite); });
}

void write_stripped_accents(std::string_view text, Rewrite& rewrite) {
  each_character(text, [&](std::uint32_t code) {
    if (is_combining_mark(code))
      rewrite.drop(1);
    else
      rewrite.put(code, 0);
  });
}

/// The rules of SentencePiece's "nmt_nfkc" that are no normalization.
void write_nmt(std::string_view text, Rewrite& rewrite) {
  each_character(text, [&](std::uint32_t code) {
    const bool is_control = (code >= 1 && code <= 8) || code == 0x0B || (code >= 0x0E && code <= 0x1F) ||
                            code == 0x7F || code == 0x8F || code == 0x9F;
    if (is_control) return rewrite.drop(1);
    const bool is_space = code == 9 || code == 0x0A || code == 0x0C || code == 0x0D || code == 0x1680 ||
                          (code >= 0x200B && code <= 0x200F) || code == 0x2028 || code == 0x2029 || code == 0x2581 ||
                          code == 0xFEFF || code == 0xFFFD;
    rewrite.put(is_space ? ' ' : code, 0);
  });
}

void write_stripped(std::string_view text, bool left, bool right, Rewrite& rewrite) {
  std::size_t begin = 0;
  while (left && begin < text.size()) {
    const auto character = character_at(text, begin);
    if (!is_white_space(character.code)) break;
    begin += character.length;
  }
  std::size_t end = text.size();
  while (right && end > begin) {
    auto start = end - 1;
    while ((static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80) --start;
    if (!is_white_space(character_at(text, start).code)) break;
    end = start;
  }
  rewrite.drop_bytes(begin);
  rewrite.keep_bytes(end - begin);
  rewrite.drop_bytes(text.size() - end);
}

std::unique_ptr<Normalizer> read_strip(const Value& value, const Place& place) {
  const bool left = need_bool(value, place, "strip_left");
  const bool right = need_bool(value, place, "strip_right");
  return each_piece([=](std::string_view text, Rewrite& rewrite) { write_stripped(text, left, right, rewrite); });
}

class PrependNormalizer final : public Normalizer {
 public:
  explicit PrependNormalizer(std::string text) : text_(std::move(text)) {}
  void run(TextBuffer& buffer) const override {
    prepend(buffer, text_, [](const Piece&, std::string_view) { return true; });
  }

 private:
  std::string text_;
};

std::unique_ptr<Normalizer> read_replace(const Value& value, const Place& place) {
  auto pattern = need_pattern(value, place);
  auto content = need_text(value, place, "content");
  return each_piece([pattern = std::move(pattern), content = std::move(content)](
                        std::string_view text, Rewrite& rewrite) { write_replaced(pattern, content, text, rewrite); });
}

std::unique_ptr<Normalizer> read_precompiled(const Value& value, const Place& place) {
  const Place here(place, "precompiled_charsmap");
  try {
    auto bytes = decode_base64(need_text(value, place, "precompiled_charsmap"));
    if (!bytes) here.fail("is not base64");
    auto map = PrecompiledMap(*bytes);
    return each_piece([map = std::move(map)](std::string_view text, Rewrite& rewrite) { map.write(text, rewrite); });
  } catch (const std::invalid_argument& problem) {
    if (std::string_view(problem.what()).starts_with("it")) here.fail(problem.what());
    throw;
  }
}

std::unique_ptr<Normalizer> read_step(const Value& value, const Place& place, std::size_t depth) {
  const auto& type = type_of(value, place);
  if (type == "Sequence") {
    if (depth == most_nested_sequences) place.fail("has too many sequences within sequences");
    std::vector<std::unique_ptr<Normalizer>> steps;
    const auto& list = need_array(value, place, "normalizers");
    const Place here(place, "normalizers");
    for (std::size_t i = 0; i < list.size(); ++i) steps.push_back(read_step(list[i], Place(here, i), depth + 1));
    return std::make_unique<NormalizerSequence>(std::move(steps));
  }
  if (type == "BertNormalizer" || type == "Bert") return read_bert_normalizer(value, place);
  if (type == "NFC") return form(UnicodeForm::nfc);
  if (type == "NFD") return form(UnicodeForm::nfd);
  if (type == "NFKC") return form(UnicodeForm::nfkc);
  if (type == "NFKD") return form(UnicodeForm::nfkd);
  if (type == "Lowercase") return each_piece(write_lower_case);
  if (type == "StripAccents") return each_piece(write_stripped_accents);
  if (type == "Nmt") return each_piece(write_nmt);
  if (type == "ByteLevel") return each_piece(write_byte_level);
  if (type == "Strip") return read_strip(value, place);
  if (type == "Prepend") return std::make_unique<PrependNormalizer>(need_text(value, place, "prepend"));
  if (type == "Replace") return read_replace(value, place);
  if (type == "Precompiled") return read_precompiled(value, place);
  fail_type(type, place,
            "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence, "
            "Strip, StripAccents");
}

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const Value& value, const Place& place) {
  return read_step(value, place, 0);
}

}  // namespace berth::tokenizing
