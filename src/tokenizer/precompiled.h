/// The rules of replacement that SentencePiece puts into its models.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/rewrite.h"

namespace berth::tokenizing {

/// SentencePiece's "precompiled_charsmap" (its src/normalizer.cc): the size of a trie, the trie as a double array of
/// Darts-clone, and the texts that it leads to, each ended by NUL. Immutable.
class PrecompiledMap {
 public:
  /// Of the bytes as they stand in a model. Throws std::invalid_argument where they are cut, or the texts are not UTF-8.
  explicit PrecompiledMap(std::string_view bytes);

  /// What stands for the shortest part of `text`, from its start, that has a rule.
  std::optional<std::string_view> find(std::string_view text) const;

  /// Rewrites `text` by grapheme clusters of less than six bytes, and by single characters otherwise.
  void write(std::string_view text, Rewrite& rewrite) const;

 private:
  std::vector<std::uint32_t> trie_;
  std::string texts_;
};

}  // namespace berth::tokenizing
