#include "tokenizer/read_tokenizer.h"

#include "tokenizer/bert_normalizer.h"
#include "tokenizer/fields.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

TokenSide read_side(const Value& value, const Place& place, TokenSide otherwise) {
  if (optional_entry(value, place, "direction") == nullptr) return otherwise;
  const std::pair<std::string_view, TokenSide> names[] = {{"Left", TokenSide::left}, {"Right", TokenSide::right}};
  return one_of(need_text(value, place, "direction"), Place(place, "direction"), names);
}

Truncation read_truncation(const Value& value, const Place& place) {
  Truncation truncation;
  truncation.max_length = need_count(value, place, "max_length");
  truncation.stride = need_count(value, place, "stride");
  truncation.side = read_side(value, place, TokenSide::right);
  const std::pair<std::string_view, TruncationStrategy> names[] = {{"LongestFirst", TruncationStrategy::longest_first},
                                                                   {"OnlyFirst", TruncationStrategy::only_first},
                                                                   {"OnlySecond", TruncationStrategy::only_second}};
  truncation.strategy = one_of(need_text(value, place, "strategy"), Place(place, "strategy"), names);
  return truncation;
}

Padding read_padding(const Value& value, const Place& place) {
  Padding padding;
  const auto& strategy = need(value, place, "strategy");
  const Place here(place, "strategy");
  if (strategy.is_object())
    padding.length = need_count(strategy, here, "Fixed");
  else if (as_text(strategy, here) != "BatchLongest")
    here.fail("is neither \"BatchLongest\" nor {\"Fixed\": length}");
  padding.side = read_side(value, place, TokenSide::right);
  if (optional_entry(value, place, "pad_to_multiple_of") != nullptr)
    padding.multiple_of = need_count(value, place, "pad_to_multiple_of");
  padding.id = static_cast<std::int32_t>(as_id(need(value, place, "pad_id"), Place(place, "pad_id")));
  padding.type_id = static_cast<std::int32_t>(as_id(need(value, place, "pad_type_id"), Place(place, "pad_type_id")));
  padding.token = need_text(value, place, "pad_token");
  return padding;
}

/// BERT's tokenizers obey the configuration where the two contradict each other (transformers' BertTokenizerFast).
Value normalizer_by_config(Value normalizer, const Value& config) {
  if (!normalizer.is_object() || !config.is_object()) return normalizer;
  const auto* type = normalizer.find("type");
  const auto* of_class = config.find("tokenizer_class");
  if (type == nullptr || *type != Value("BertNormalizer") || of_class == nullptr ||
      *of_class == Value("PreTrainedTokenizerFast"))
    return normalizer;
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"do_lower_case", "lowercase"},
      {"strip_accents", "strip_accents"},
      {"tokenize_chinese_chars", "handle_chinese_chars"}};
  for (const auto& [ours, theirs] : names) {
    const auto* said = config.find(ours);
    if (said != nullptr && (said->is_bool() || ours == "strip_accents"))
      normalizer.as_object().set(std::string(theirs), *said);
  }
  return normalizer;
}

/// transformers adds the space before a text only where the configuration says so (PreTrainedTokenizerFast).
Value pre_tokenizer_by_config(Value pre_tokenizer, const Value& config) {
  if (!pre_tokenizer.is_object() || !config.is_object()) return pre_tokenizer;
  if (pre_tokenizer.find("add_prefix_space") != nullptr && pre_tokenizer.find("prepend_scheme") == nullptr)
    pre_tokenizer.as_object().set("add_prefix_space", bool_or(config, Place(), "add_prefix_space", false));
  return pre_tokenizer;
}

}  // namespace

Parts read_tokenizer(const Value& value, const Value& config) {
  const Place root;
  expect_object(value, root);
  if (const auto* version = optional_entry(value, root, "version"); version != nullptr && *version != Value("1.0"))
    Place(root, "version").fail("is not \"1.0\", the only one that is known");
  Parts parts;
  parts.model = read_model(need(value, root, "model"), Place(root, "model"));
  if (const auto* normalizer = optional_entry(value, root, "normalizer"))
    parts.normalizer = read_normalizer(normalizer_by_config(*normalizer, config), Place(root, "normalizer"));
  if (const auto* pre_tokenizer = optional_entry(value, root, "pre_tokenizer"))
    parts.pre_tokenizer =
        read_pre_tokenizer(pre_tokenizer_by_config(*pre_tokenizer, config), Place(root, "pre_tokenizer"));
  if (const auto* post_processor = optional_entry(value, root, "post_processor"))
    parts.post_processor = read_post_processor(*post_processor, Place(root, "post_processor"));
  if (const auto* decoder = optional_entry(value, root, "decoder"))
    parts.decoder = read_decoder(*decoder, Place(root, "decoder"));
  if (const auto* truncation = optional_entry(value, root, "truncation"))
    parts.truncation = read_truncation(*truncation, Place(root, "truncation"));
  if (const auto* padding = optional_entry(value, root, "padding"))
    parts.padding = read_padding(*padding, Place(root, "padding"));
  if (const auto* added = optional_entry(value, root, "added_tokens"))
    parts.added.add(read_added_tokens(*added, Place(root, "added_tokens")), *parts.model);
  return parts;
}

}  // namespace berth::tokenizing
