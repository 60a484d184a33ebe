#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "tokenizer/class_settings.h"
#include "tokenizer/fields.h"
#include "tokenizer/read_tokenizer.h"
#include "tokenizer/special_tokens.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

constexpr double longest_length = 1e9;  // beyond it, "model_max_length" only says that there is none

/// "added_tokens_decoder": {"0": {"content": "[PAD]", ...}}, in the order of their ids.
std::vector<AddedToken> configured_tokens(const Value& config, const Place& root) {
  std::map<std::uint64_t, AddedToken> by_id;
  const auto* list = optional_entry(config, root, "added_tokens_decoder");
  if (list == nullptr) return {};
  const Place here(root, "added_tokens_decoder");
  expect_object(*list, here);
  for (const auto& [name, value] : list->as_object()) {
    const Place at(here, name);
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc() || end != name.data() + name.size()) at.fail("is not under an id");
    by_id[id] = read_added_token(value, at);
  }
  std::vector<AddedToken> tokens;
  for (auto& [id, token] : by_id) tokens.push_back(std::move(token));
  return tokens;
}

}  // namespace

void apply_config(const Value& config, Parts& parts) {
  if (config.is_null()) return;
  const Place root;
  expect_object(config, root);
  parts.clean_up_spaces = bool_or(config, root, "clean_up_tokenization_spaces", parts.clean_up_spaces);
  for (const auto* name : {"max_len", "model_max_length"}) {  // the first one is of older files
    const auto* length = config.find(name);
    const double count = length != nullptr && length->is_number() ? length->as_double() : 0;
    if (count >= 1 && count < longest_length) parts.max_length = static_cast<std::size_t>(count);
  }
  if (optional_entry(config, root, "truncation_side") != nullptr) {
    const std::pair<std::string_view, TokenSide> sides[] = {{"left", TokenSide::left}, {"right", TokenSide::right}};
    const Place here(root, "truncation_side");
    parts.truncation_side = one_of(need_text(config, root, "truncation_side"), here, sides);
  }
  parts.gives_token_types = gives_token_types(config);
  auto tokens = configured_tokens(config, root);
  for (auto& token : older_added_tokens(config, parts.added)) tokens.push_back(std::move(token));
  const auto specials = special_tokens(config);
  for (auto& token : tokens)
    if (std::ranges::find(specials, token.content, &AddedToken::content) != specials.end()) token.special = true;
  std::erase_if(tokens, [&](const AddedToken& token) {
    const auto known = parts.added.ids().find(token.content);
    return known != parts.added.ids().end() && *parts.added.find(known->second) == token;
  });
  for (const auto& token : specials) {
    const bool is_known = parts.added.ids().contains(token.content) ||
                          std::ranges::find(tokens, token.content, &AddedToken::content) != tokens.end();
    if (!is_known) tokens.push_back(token);
  }
  parts.added.add(tokens, *parts.model);
}

}  // namespace berth::tokenizing
