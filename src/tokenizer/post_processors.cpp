#include <algorithm>

#include "tokenizer/characters.h"
#include "tokenizer/fields.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/text_buffer.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

constexpr std::string_view letter_of_space = "\u0120";

bool is_spacing(std::string_view token, std::size_t at) {
  return token.substr(at).starts_with(letter_of_space) || is_white_space(character_at(token, at).code);
}

std::size_t spaces_at_start(std::string_view token) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < token.size() && is_spacing(token, at); ++count) at += character_length(token[at]);
  return count;
}

std::size_t spaces_at_end(std::string_view token) {
  std::size_t count = 0;
  for (std::size_t end = token.size(); end > 0; ++count) {
    auto start = end - 1;
    while ((static_cast<unsigned char>(token[start]) & 0xC0U) == 0x80) --start;
    if (!is_spacing(token, start)) break;
    end = start;
  }
  return count;
}

void trim_columns(Encoding& columns, bool add_prefix_space) {
  for (std::size_t i = 0; i < columns.tokens.size(); ++i) {
    auto leading = spaces_at_start(columns.tokens[i]);
    const auto trailing = spaces_at_end(columns.tokens[i]);
    auto& span = columns.offsets[i];
    if (leading > 0) {
      // The space that was put before the text is no part of it.
      if ((i == 0 || span.begin == 0) && add_prefix_space && leading == 1) leading = 0;
      span.begin = std::min(span.begin + leading, span.end);
    }
    if (trailing > 0 && span.end >= trailing) span.end = std::max(span.end - trailing, span.begin);
  }
}

class ByteLevelProcessor final : public PostProcessor {
 public:
  ByteLevelProcessor(bool trim, bool add_prefix_space) : trim_(trim), add_prefix_space_(add_prefix_space) {}

  std::size_t added_count(bool) const override { return 0; }
  void run(std::vector<Draft>& parts, bool) const override {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (trim_) trim_offsets(parts[i], add_prefix_space_);
      parts[i].set_sequence(i);
    }
  }

 private:
  bool trim_;
  bool add_prefix_space_;
};

class PostProcessorSequence final : public PostProcessor {
 public:
  explicit PostProcessorSequence(std::vector<std::unique_ptr<PostProcessor>> steps) : steps_(std::move(steps)) {}

  std::size_t added_count(bool is_pair) const override {
    std::size_t count = 0;
    for (const auto& step : steps_) count += step->added_count(is_pair);
    return count;
  }
  void run(std::vector<Draft>& parts, bool add_special_tokens) const override {
    for (const auto& step : steps_) step->run(parts, add_special_tokens);
  }

 private:
  std::vector<std::unique_ptr<PostProcessor>> steps_;
};

/// Files of old do not tell the type; what they hold does.
std::string type_of_processor(const Value& value, const Place& place) {
  expect_object(value, place);
  if (optional_entry(value, place, "type") != nullptr) return type_of(value, place);
  if (value.find("sep") != nullptr)
    return value.find("trim_offsets") != nullptr ? "RobertaProcessing" : "BertProcessing";
  return value.find("single") != nullptr ? "TemplateProcessing" : type_of(value, place);
}

std::unique_ptr<PostProcessor> read_processor_step(const Value& value, const Place& place, std::size_t depth) {
  const auto type = type_of_processor(value, place);
  if (type == "Sequence") {
    if (depth == most_nested_sequences) place.fail("has too many sequences within sequences");
    std::vector<std::unique_ptr<PostProcessor>> steps;
    const auto& list = need_array(value, place, "processors");
    const Place here(place, "processors");
    bool joins = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Place at(here, i);
      const bool cuts = type_of_processor(list[i], at) == "TemplateProcessing";
      if (cuts && joins) at.fail("is a second template; only one can put texts together");
      joins = joins || cuts;
      steps.push_back(read_processor_step(list[i], at, depth + 1));
    }
    return std::make_unique<PostProcessorSequence>(std::move(steps));
  }
  if (type == "TemplateProcessing") return read_template(value, place);
  if (type == "BertProcessing") return read_bert_processing(value, place);
  if (type == "RobertaProcessing") return read_roberta_processing(value, place);
  if (type == "ByteLevel")
    return std::make_unique<ByteLevelProcessor>(need_bool(value, place, "trim_offsets"),
                                                need_bool(value, place, "add_prefix_space"));
  fail_type(type, place, "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing");
}

}  // namespace

void trim_offsets(Draft& draft, bool add_prefix_space) {
  trim_columns(draft.columns, add_prefix_space);
  for (auto& each : draft.overflowing) trim_columns(each.columns, add_prefix_space);
}

std::unique_ptr<PostProcessor> read_post_processor(const Value& value, const Place& place) {
  return read_processor_step(value, place, 0);
}

}  // namespace berth::tokenizing
