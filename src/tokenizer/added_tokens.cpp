#include "tokenizer/added_tokens.h"

#include <algorithm>

#include "tokenizer/characters.h"
#include "tokenizer/fields.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

std::size_t start_of_last(std::string_view text) {
  auto start = text.size() - 1;
  while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80) --start;
  return start;
}

bool ends_with_word(std::string_view text) {
  return !text.empty() && is_word_character(character_at(text, start_of_last(text)).code);
}

bool starts_with_word(std::string_view text) { return !text.empty() && is_word_character(character_at(text, 0).code); }

/// Where the white space at the end of `text` starts.
std::size_t start_of_spaces(std::string_view text) {
  while (!text.empty()) {
    const auto start = start_of_last(text);
    if (!is_white_space(character_at(text, start).code)) break;
    text = text.substr(0, start);
  }
  return text.size();
}

/// Bytes of the white space that `text` starts with.
std::size_t bytes_of_spaces(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto character = character_at(text, at);
    if (!is_white_space(character.code)) break;
    at += character.length;
  }
  return at;
}

}  // namespace

void AddedTokens::add(const std::vector<AddedToken>& tokens, const Model& model) {
  for (const auto& token : tokens) {
    if (!token.special || token.content.empty() || !special_.insert(token.content).second) continue;
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(special_count_++), token);
  }
  const auto model_size = static_cast<std::uint32_t>(model.size());
  auto next = model_size;
  for (const auto& [id, token] : by_id_) next = std::max(next, id + 1);
  for (const auto& token : tokens) {
    if (token.content.empty()) continue;
    const auto here = ids_.find(token.content);
    if (here != ids_.end() && by_id_[here->second] == token) continue;
    auto id = here != ids_.end() ? std::optional(here->second) : model.id(token.content);
    if (!id) id = next++;
    ids_[token.content] = *id;
    by_id_[*id] = token;
    if (!special_.contains(token.content)) order_.push_back(token);
  }
}

void AddedTokens::finish(const Normalizer* normalizer) {
  // Of equal texts the first one counts.
  for (auto token = order_.rbegin(); token != order_.rend(); ++token) {
    const auto id = ids_.at(token->content);
    if (!token->normalized) {
      plain_.add(token->content, id);
      continue;
    }
    auto buffer = TextBuffer::of(token->content);
    if (normalizer != nullptr) normalizer->run(buffer);
    normalized_.add(buffer.text, id);
  }
}

const AddedToken* AddedTokens::find(std::uint32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

void AddedTokens::extract(TextBuffer& buffer, const Normalizer* normalizer) const {
  if (!plain_.empty()) cut(buffer, plain_);
  if (normalizer != nullptr) normalizer->run(buffer);
  if (!normalized_.empty()) cut(buffer, normalized_);
  std::erase_if(buffer.pieces, [](const Piece& piece) { return piece.text.begin == piece.text.end; });
}

/// Of the matches that start first the longest counts; the next one is looked for behind it.
void AddedTokens::cut(TextBuffer& buffer, const Trie& trie) const {
  std::vector<Piece> pieces;
  for (const auto& piece : buffer.pieces) {
    if (piece.added_token >= 0) {
      pieces.push_back(piece);
      continue;
    }
    const auto text = buffer.view(piece);
    std::size_t reached = 0;
    const auto add = [&](std::size_t begin, std::size_t end, std::int64_t id) {
      if (begin >= end) return;
      pieces.push_back(buffer.part_of(piece, begin, end));
      pieces.back().added_token = id;
    };
    for (std::size_t at = 0; at < text.size();) {
      const auto match = trie.can_start(text[at]) ? trie.longest(text.substr(at)) : Trie::Match();
      if (match.number == Trie::none) {
        ++at;
        continue;
      }
      const auto& token = by_id_.at(match.number);
      auto begin = at;
      auto end = at + match.length;
      at = end;
      if (token.single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) continue;
      if (token.lstrip)
        begin = reached >= begin ? reached : reached + start_of_spaces(text.substr(reached, begin - reached));
      if (token.rstrip) end += bytes_of_spaces(text.substr(end));
      add(reached, begin, -1);
      add(begin, end, match.number);
      reached = end;
    }
    add(reached, text.size(), -1);
  }
  buffer.pieces = std::move(pieces);
}

AddedToken read_added_token(const Value& value, const Place& place) {
  AddedToken token;
  token.content = need_text(value, place, "content");
  if (token.content.size() > most_token_bytes) Place(place, "content").fail("is a token of more than 16 KiB");
  token.single_word = bool_or(value, place, "single_word", false);
  token.lstrip = bool_or(value, place, "lstrip", false);
  token.rstrip = bool_or(value, place, "rstrip", false);
  token.special = bool_or(value, place, "special", false);
  token.normalized = bool_or(value, place, "normalized", !token.special);
  return token;
}

std::vector<AddedToken> read_added_tokens(const Value& list, const Place& place) {
  std::vector<AddedToken> tokens;
  const auto& entries = as_array(list, place);
  for (std::size_t i = 0; i < entries.size(); ++i) tokens.push_back(read_added_token(entries[i], Place(place, i)));
  return tokens;
}

}  // namespace berth::tokenizing
