/// Tokenizers of every kind over random texts of Unicode, against the package `tokenizers`.
#include <gtest/gtest.h>

#include <exception>

#include "tokenizer/recorded_tokenizers.h"

namespace berth::test {
namespace {

Value encode_case(const Tokenizer& tokenizer, const Value& each) {
  EncodeOptions options{.truncation = tokenizer.truncation(), .padding = tokenizer.padding()};
  if (const auto* special = each.find("special")) options.add_special_tokens = special->as_bool();
  if (const auto* list = each.find("words")) {
    std::vector<std::string> words;
    for (const auto& word : list->as_array()) words.push_back(word.as_string());
    return recorded_form(tokenizer, tokenizer.encode_words(words, options));
  }
  const auto& text = each.find("text")->as_string();
  const auto* pair = each.find("pair");
  return recorded_form(tokenizer, pair == nullptr ? tokenizer.encode(text, options)
                                                  : tokenizer.encode(text, pair->as_string(), options));
}

Value decode_case(const Tokenizer& tokenizer, const Value& each) {
  std::vector<std::int32_t> ids;
  for (const auto& id : each.find("decode")->as_array()) ids.push_back(static_cast<std::int32_t>(id.as_int()));
  return tokenizer.decode(ids, {.skip_special_tokens = each.find("skip")->as_bool()});
}

TEST(RecordedTokenizers, AreEqualInIdsTokensOffsetsAndTexts) {
  std::size_t count = 0;
  for (const auto& recorded : recorded_tokenizers()) {
    const auto tokenizer = Tokenizer::from_json(recorded.definition.to_json());
    for (const auto& each : recorded.cases) {
      ++count;
      const bool decodes = each.find("decode") != nullptr;
      const auto& expected = *each.find(decodes ? "text" : "expected");
      Value got;
      try {
        got = decodes ? decode_case(tokenizer, each) : encode_case(tokenizer, each);
      } catch (const std::exception& problem) {
        got = expected == Value("error") ? "error" : problem.what();
      }
      EXPECT_EQ(got, expected) << recorded.name << ": " << each.to_json();
    }
  }
  EXPECT_GT(count, 400U);
}

TEST(RecordedTokenizers, CountBytesWhereAsked) {
  for (const auto& recorded : recorded_tokenizers()) {
    const auto tokenizer = Tokenizer::from_json(recorded.definition.to_json());
    if (tokenizer.truncation()) continue;
    for (const auto& each : recorded.cases) {
      const auto* text = each.find("text");
      if (each.find("decode") != nullptr || each.find("words") != nullptr || *each.find("expected") == Value("error"))
        continue;
      const auto in_points = tokenizer.encode(text->as_string());
      const auto in_bytes = tokenizer.encode(text->as_string(), {.offsets = OffsetUnit::bytes});
      EXPECT_EQ(in_points.ids, in_bytes.ids);
      for (std::size_t i = 0; i < in_bytes.size(); ++i) {
        EXPECT_LE(in_points.offsets[i].begin, in_bytes.offsets[i].begin);
        EXPECT_LE(in_bytes.offsets[i].end, text->as_string().size());
      }
    }
  }
}

}  // namespace
}  // namespace berth::test
