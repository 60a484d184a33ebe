/// Tokens that are looked for before a text is cut into words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/text_buffer.h"
#include "tokenizer/trie.h"

namespace berth::tokenizing {

struct AddedToken {
  std::string content;
  bool single_word = false;  ///< only where no other letter stands beside it
  bool lstrip = false;       ///< takes the white space before it along
  bool rstrip = false;       ///< takes the white space behind it along
  bool normalized = true;    ///< is looked for in the normalized text, in its normalized form
  bool special = false;

  bool operator==(const AddedToken&) const = default;
};

/// The added tokens of a tokenizer. Immutable once filled.
class AddedTokens {
 public:
  /// Adds tokens: those that the model or this has get its id, others the next one. Empty ones are passed over.
  void add(const std::vector<AddedToken>& tokens, const Model& model);

  /// To be called once all are there.
  void finish(const Normalizer* normalizer);

  /// Cuts the text at the tokens, and normalizes what is between them.
  void extract(TextBuffer& buffer, const Normalizer* normalizer) const;

  const std::unordered_map<std::string, std::uint32_t>& ids() const { return ids_; }
  const AddedToken* find(std::uint32_t id) const;
  bool is_special(std::string_view token) const { return special_.contains(std::string(token)); }

 private:
  void cut(TextBuffer& buffer, const Trie& trie) const;

  std::vector<AddedToken> order_;  // special ones first
  std::size_t special_count_ = 0;
  std::unordered_map<std::string, std::uint32_t> ids_;
  std::unordered_map<std::uint32_t, AddedToken> by_id_;
  std::unordered_set<std::string> special_;
  Trie plain_;  // leads to ids
  Trie normalized_;
};

/// "added_tokens" of a tokenizer.json. Throws std::invalid_argument naming the place.
std::vector<AddedToken> read_added_tokens(const Value& list, const structs::Place& place);
AddedToken read_added_token(const Value& value, const structs::Place& place);

}  // namespace berth::tokenizing
