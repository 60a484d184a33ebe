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

}  // namespace

Parts read_vocab_json(std::string_view vocab, std::string_view merges, const Value& config) {
  if (const auto name = class_of(config); name != "RobertaTokenizer")
    throw std::invalid_argument(
        fmt::format("is of the class '{}'; without a tokenizer.json only RobertaTokenizer's can be read", name));
  const Place root;
  const auto words = Value::from_json(vocab);
  expect_object(words, root);
  Value::Array specials;
  const auto special = [&](std::string_view name, std::string_view otherwise) -> Value {
    auto token = special_token(config, name, otherwise).content;
    const auto id = as_id(need(words, root, token), Place(root, token));
    specials.push_back(
        Value::Object{{"content", token}, {"lstrip", name == "mask_token"}, {"special", true}, {"normalized", false}});
    return Value::Array{std::move(token), static_cast<std::int64_t>(id)};
  };
  const auto cls = special("cls_token", "<s>");
  const auto sep = special("sep_token", "</s>");
  for (const auto& [name, otherwise] :
       {std::pair("pad_token", "<pad>"), std::pair("unk_token", "<unk>"), std::pair("mask_token", "<mask>")})
    if (words.find(special_token(config, name, otherwise).content) != nullptr) special(name, otherwise);
  const bool prefix = bool_or(config, root, "add_prefix_space", false);
  const Value bytes = Value::Object{{"type", "ByteLevel"}, {"add_prefix_space", prefix}, {"trim_offsets", true}};
  return read_tokenizer(
      Value::Object{{"model", Value::Object{{"type", "BPE"}, {"vocab", words}, {"merges", merges_of(merges)}}},
                    {"pre_tokenizer", bytes},
                    {"post_processor", Value::Object{{"type", "RobertaProcessing"},
                                                     {"cls", cls},
                                                     {"sep", sep},
                                                     {"trim_offsets", true},
                                                     {"add_prefix_space", prefix}}},
                    {"decoder", bytes},
                    {"added_tokens", std::move(specials)}},
      config);
}

}  // namespace berth::tokenizing
