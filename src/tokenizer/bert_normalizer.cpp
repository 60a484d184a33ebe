#include "tokenizer/bert_normalizer.h"

#include <algorithm>

#include "tokenizer/characters.h"
#include "tokenizer/fields.h"
#include "tokenizer/unicode_forms.h"

namespace berth::tokenizing {
namespace {

bool is_removed(std::uint32_t code) { return code == 0 || code == 0xFFFD || is_bert_control(code); }

void write_clean(std::string_view text, Rewrite& rewrite) {
  each_character(text, [&](std::uint32_t code) {
    if (is_removed(code))
      rewrite.drop(1);
    else
      rewrite.put(is_white_space(code) ? ' ' : code, 0);
  });
}

void write_chinese_apart(std::string_view text, Rewrite& rewrite) {
  each_character(text, [&](std::uint32_t code) {
    if (!is_chinese(code)) return rewrite.put(code, 0);
    rewrite.put(' ', 0);
    rewrite.put(code, 1);
    rewrite.put(' ', 1);
  });
}

void write_without_accents(std::string_view text, Rewrite& rewrite) {
  each_character(text, [&](std::uint32_t code) {
    if (is_nonspacing_mark(code))
      rewrite.drop(1);
    else
      rewrite.put(code, 0);
  });
}

class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(const BertNormalizerOptions& options) : options_(options) {}

  void run(TextBuffer& buffer) const override {
    if (is_ascii(buffer.text))
      return rewrite_pieces(buffer, [this](auto text, Rewrite& out) { write_ascii(text, out); });
    if (options_.clean_text) rewrite_pieces(buffer, write_clean);
    if (options_.handle_chinese_chars) rewrite_pieces(buffer, write_chinese_apart);
    if (options_.strip_accents.value_or(options_.lowercase)) {
      rewrite_pieces(buffer, [](auto text, Rewrite& out) { write_form(UnicodeForm::nfd, text, out); });
      rewrite_pieces(buffer, write_without_accents);
    }
    if (options_.lowercase) rewrite_pieces(buffer, write_lower_case);
  }

 private:
  void write_ascii(std::string_view text, Rewrite& rewrite) const {
    for (const char c : text) {
      auto code = static_cast<std::uint32_t>(c);
      if (options_.clean_text) {
        if (is_removed(code)) {
          rewrite.drop_bytes(1);
          continue;
        }
        if (is_white_space(code)) code = ' ';
      }
      rewrite.put(options_.lowercase ? lower_character(code) : code, 0);
    }
  }

  BertNormalizerOptions options_;
};

}  // namespace

void write_lower_case(std::string_view text, Rewrite& rewrite) {
  each_character(text, [&](std::uint32_t code) {
    if (code != 0x130) return rewrite.put(lower_character(code), 0);
    rewrite.put('i', 0);
    rewrite.put(0x307, 1);
  });
}

std::unique_ptr<Normalizer> bert_normalizer(const BertNormalizerOptions& options) {
  return std::make_unique<BertNormalizer>(options);
}

std::unique_ptr<Normalizer> read_bert_normalizer(const Value& value, const structs::Place& place) {
  BertNormalizerOptions options;
  options.clean_text = need_bool(value, place, "clean_text");
  options.handle_chinese_chars = need_bool(value, place, "handle_chinese_chars");
  if (optional_entry(value, place, "strip_accents") != nullptr)
    options.strip_accents = need_bool(value, place, "strip_accents");
  options.lowercase = need_bool(value, place, "lowercase");
  return bert_normalizer(options);
}

}  // namespace berth::tokenizing
