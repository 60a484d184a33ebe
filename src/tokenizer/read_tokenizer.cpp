#include "tokenizer/read_tokenizer.h"

#include "tokenizer/bert_normalizer.h"
#include "tokenizer/class_settings.h"
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

/// The id of a token of a tokenizer.json: of an added one, else that of the model.
std::optional<std::int64_t> id_in(const Value& tokenizer, const Model& model, std::string_view token) {
  if (const auto* added = tokenizer.find("added_tokens"); added != nullptr && added->is_array())
    for (const auto& each : added->as_array()) {
      const auto* content = each.find("content");
      const auto* id = each.find("id");
      if (content != nullptr && *content == Value(token) && id != nullptr && id->is_int()) return id->as_int();
    }
  return model.id(token);
}

}  // namespace

Parts read_tokenizer(const Value& value, const Value& config) {
  const Place root;
  expect_object(value, root);
  if (const auto* version = optional_entry(value, root, "version"); version != nullptr && *version != Value("1.0"))
    Place(root, "version").fail("is not \"1.0\", the only one that is known");
  Parts parts;
  parts.model = read_model(need(value, root, "model"), Place(root, "model"));
  if (const auto* normalizer = optional_entry(value, root, "normalizer")) {
    const Place here(root, "normalizer");
    const auto of_class = normalizer_of_class(*normalizer, config);
    parts.normalizer = read_normalizer(of_class, here);
    if (of_class != *normalizer) parts.normalizer_of_added = read_normalizer(*normalizer, here);
  }
  if (const auto* pre_tokenizer = optional_entry(value, root, "pre_tokenizer"))
    parts.pre_tokenizer =
        read_pre_tokenizer(pre_tokenizer_of_class(*pre_tokenizer, config), Place(root, "pre_tokenizer"));
  const auto* given = optional_entry(value, root, "post_processor");
  const auto post_processor = post_processor_of_class(given == nullptr ? Value() : *given, config,
                                                      [&](auto token) { return id_in(value, *parts.model, token); });
  if (!post_processor.is_null())
    parts.post_processor = read_post_processor(post_processor, Place(root, "post_processor"));
  if (const auto* decoder = optional_entry(value, root, "decoder"))
    parts.decoder = read_decoder(*decoder, Place(root, "decoder"));
  if (const auto* truncation = optional_entry(value, root, "truncation"))
    parts.truncation = read_truncation(*truncation, Place(root, "truncation"));
  if (parts.truncation) parts.truncation_side = parts.truncation->side;
  if (const auto* padding = optional_entry(value, root, "padding"))
    parts.padding = read_padding(*padding, Place(root, "padding"));
  if (const auto* added = optional_entry(value, root, "added_tokens"))
    parts.added.add(read_added_tokens(*added, Place(root, "added_tokens")), *parts.model);
  return parts;
}

}  // namespace berth::tokenizing
