#include "tokenizer/special_tokens.h"

#include <algorithm>
#include <map>
#include <utility>

#include "tokenizer/fields.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

constexpr std::string_view special_names[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                              "pad_token", "cls_token", "mask_token"};
constexpr std::string_view older_file = "added_tokens.json";

AddedToken read_special_token(const Value& value, const Place& place) {
  if (!value.is_object()) return {.content = as_text(value, place), .normalized = false, .special = true};
  auto token = read_added_token(value, place);
  token.special = true;
  return token;
}

void add(std::vector<AddedToken>& tokens, AddedToken token) {
  if (!token.content.empty() && std::ranges::find(tokens, token.content, &AddedToken::content) == tokens.end())
    tokens.push_back(std::move(token));
}

/// A list of tokens, or an object with names for them.
void add_entries(std::vector<AddedToken>& tokens, const Value& config, std::string_view name) {
  const Place root;
  const auto* value = optional_entry(config, root, name);
  if (value == nullptr) return;
  const Place here(root, name);
  if (value->is_object()) {
    for (const auto& [key, token] : value->as_object()) add(tokens, read_special_token(token, Place(here, key)));
    return;
  }
  const auto& list = as_array(*value, here);
  for (std::size_t i = 0; i < list.size(); ++i) add(tokens, read_special_token(list[i], Place(here, i)));
}

/// Those of `config` that `more` has not, and then `more`, as transformers joins the two lists.
Value joined(const Value& config, const Value& more) {
  const auto* own = config.find("additional_special_tokens");
  Value::Array tokens = own != nullptr && own->is_array() ? own->as_array() : Value::Array{};
  const Place root;
  for (const auto& each : as_array(more, Place(root, "additional_special_tokens")))
    if (std::ranges::find(tokens, each) == tokens.end()) tokens.push_back(each);
  return tokens;
}

}  // namespace

AddedToken special_token(const Value& config, std::string_view name, std::string_view otherwise) {
  const Place root;
  const auto* value = config.is_object() ? optional_entry(config, root, name) : nullptr;
  if (value == nullptr) return {.content = std::string(otherwise), .normalized = false, .special = true};
  return read_special_token(*value, Place(root, name));
}

std::vector<AddedToken> special_tokens(const Value& config) {
  std::vector<AddedToken> tokens;
  for (const auto name : special_names) add(tokens, special_token(config, name, ""));
  for (const auto* name : {"additional_special_tokens", "extra_special_tokens"}) add_entries(tokens, config, name);
  return tokens;
}

Value with_older_files(Value config, const Value& special_tokens_map, const Value& added_tokens,
                       const Value::Object& settings) {
  if (!config.is_object() || config.find("added_tokens_decoder") != nullptr) return config;
  auto& entries = config.as_object();
  if (special_tokens_map.is_object())
    for (const auto& [name, value] : special_tokens_map.as_object())
      if (!settings.contains(name))
        entries.set(name, name == "additional_special_tokens" ? joined(config, value) : value);
  if (!added_tokens.is_null()) entries.set(std::string(older_file), added_tokens);
  return config;
}

std::vector<AddedToken> older_added_tokens(const Value& config, const AddedTokens& known) {
  const Place root;
  const auto* list = optional_entry(config, root, older_file);
  if (list == nullptr) return {};
  const Place here(root, older_file);
  expect_object(*list, here);
  const auto specials = special_tokens(config);
  std::map<std::uint32_t, AddedToken> by_id;
  for (const auto& [content, id] : list->as_object()) {
    if (content.size() > most_token_bytes) here.fail("has a token of more than 16 KiB");
    const bool special = std::ranges::find(specials, content, &AddedToken::content) != specials.end();
    by_id[as_id(id, Place(here, content))] = {.content = content, .normalized = !special, .special = special};
  }
  std::vector<AddedToken> tokens;
  for (auto& [id, token] : by_id)
    if (known.find(id) == nullptr) tokens.push_back(std::move(token));
  return tokens;
}

}  // namespace berth::tokenizing
