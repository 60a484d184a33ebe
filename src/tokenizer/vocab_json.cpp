#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "berth/error.h"
#include "tokenizer/class_settings.h"
#include "tokenizer/fields.h"
#include "tokenizer/read_tokenizer.h"
#include "tokenizer/special_tokens.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

/// "a b" of each line but the first, which tells the version.
Value::Array merges_of(std::string_view text) {
  Value::Array merges;
  for (bool is_first = true; !text.empty(); is_first = false) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_first && !line.empty()) merges.push_back(line);
  }
  return merges;
}

struct UsualTokens {
  std::string_view cls, sep, pad, unk, mask;
};

constexpr UsualTokens tokens_of_roberta = {"<s>", "</s>", "<pad>", "<unk>", "<mask>"};
constexpr UsualTokens tokens_of_deberta = {"[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"};

/// Of a pair of token and id.
Border border_of(const Value& pair) {
  return {pair.as_array()[0].as_string(), static_cast<std::int32_t>(pair.as_array()[1].as_int())};
}

}  // namespace

Parts read_vocab_json(std::string_view vocab, std::string_view merges, const Value& config) {
  const auto class_name = class_of(config);
  const bool is_deberta = class_name == "DebertaTokenizer";
  if (!is_deberta && class_name != "RobertaTokenizer")
    throw std::invalid_argument(
        fmt::format("is of the class '{}'; without a tokenizer.json only those of RobertaTokenizer and "
                    "DebertaTokenizer can be read",
                    class_name));
  const auto& usual = is_deberta ? tokens_of_deberta : tokens_of_roberta;
  const Place root;
  const auto words = Value::from_json(vocab);
  expect_object(words, root);
  Value::Array specials;
  const auto special = [&](std::string_view name, std::string_view otherwise) {
    auto token = special_token(config, name, otherwise).content;
    specials.push_back(
        Value::Object{{"content", token}, {"lstrip", name == "mask_token"}, {"special", true}, {"normalized", false}});
    return token;
  };
  const auto border = [&](std::string_view name, std::string_view otherwise) -> Value {
    auto token = special(name, otherwise);
    const auto id = as_id(need(words, root, token), Place(root, token));
    return Value::Array{std::move(token), static_cast<std::int64_t>(id)};
  };
  const auto cls = border("cls_token", usual.cls);
  const auto sep = border("sep_token", usual.sep);
  // Those that are not in it get the next ids, in this order.
  special("unk_token", usual.unk);
  special("pad_token", usual.pad);
  special("mask_token", usual.mask);
  const bool prefix = bool_or(config, root, "add_prefix_space", false);
  const Value bytes = Value::Object{{"type", "ByteLevel"}, {"add_prefix_space", prefix}, {"trim_offsets", true}};
  const Value roberta = Value::Object{
      {"type", "RobertaProcessing"}, {"cls", cls}, {"sep", sep}, {"trim_offsets", true}, {"add_prefix_space", prefix}};
  auto parts = read_tokenizer(
      Value::Object{{"model", Value::Object{{"type", "BPE"}, {"vocab", words}, {"merges", merges_of(merges)}}},
                    {"pre_tokenizer", bytes},
                    {"post_processor", is_deberta ? Value() : roberta},
                    {"decoder", bytes},
                    {"added_tokens", std::move(specials)}},
      config);
  if (is_deberta) parts.post_processor = bert_template(border_of(cls), border_of(sep), 1);
  return parts;
}

}  // namespace berth::tokenizing
