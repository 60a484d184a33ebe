#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "text/printable.h"
#include "tokenizer/fields.h"
#include "tokenizer/merges.h"
#include "tokenizer/model.h"
#include "tokenizer/text_buffer.h"
#include "tokenizer/vocabulary.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

struct BpeOptions {
  std::optional<std::string> unknown_token;
  std::string continuing_prefix;  ///< of the characters of a word but the first
  std::string end_suffix;         ///< of its last character
  bool fuse_unknown = false;
  bool byte_fallback = false;
  bool ignore_merges = false;  ///< a word that is a token is that token
};

/// Byte pair encoding: the characters of a word, joined in the order of the merges.
class Bpe final : public Model {
 public:
  Bpe(Vocabulary vocabulary, Merges merges, BpeOptions options)
      : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), options_(std::move(options)) {
    if (options_.unknown_token) unknown_ = vocabulary_.id(*options_.unknown_token);
    if (options_.byte_fallback)
      for (unsigned byte = 0; byte < 256; ++byte) bytes_[byte] = vocabulary_.id(fmt::format("<0x{:02X}>", byte));
  }

  void tokenize(std::string_view word, std::vector<ModelToken>& tokens) const override {
    if (options_.ignore_merges) {
      if (const auto whole = vocabulary_.id(word)) return tokens.push_back({*whole, word, 0, word.size()});
    }
    thread_local std::vector<Symbol> symbols;
    symbols.clear();
    split(word, symbols);
    merges_.apply(symbols);
    std::size_t at = 0;
    for (const auto& symbol : symbols) {
      if (symbol.length == 0) continue;
      tokens.push_back({symbol.id, vocabulary_.token(symbol.id).value_or(""), at, at + symbol.length});
      at += symbol.length;
    }
  }

  std::optional<std::uint32_t> id(std::string_view token) const override { return vocabulary_.id(token); }
  std::optional<std::string_view> token(std::uint32_t id) const override { return vocabulary_.token(id); }
  std::size_t size() const override { return vocabulary_.size(); }

 private:
  /// What is unknown so far and was not added yet.
  struct Unknown {
    bool is_there = false;
    std::uint32_t length = 0;
  };

  /// A symbol for each character; where there is none, for its bytes or for what is unknown.
  void split(std::string_view word, std::vector<Symbol>& symbols) const {
    Unknown unknown;
    const auto flush = [&] {
      if (unknown.is_there) symbols.push_back({*unknown_, unknown.length});
      unknown = {};
    };
    std::string decorated;
    for (std::size_t at = 0; at < word.size();) {
      const auto length = character_length(word[at]);
      auto character = word.substr(at, length);
      const bool has_prefix = at > 0 && !options_.continuing_prefix.empty();
      const bool has_suffix = at + length == word.size() && !options_.end_suffix.empty();
      if (has_prefix || has_suffix) {
        decorated.assign(has_prefix ? options_.continuing_prefix : "");
        character = (decorated += character) += has_suffix ? std::string_view(options_.end_suffix) : "";
      }
      at += length;
      if (const auto known = vocabulary_.id(character)) {
        flush();
        symbols.push_back({*known, length});
      } else if (options_.byte_fallback && add_bytes(character, symbols)) {
        continue;
      } else if (options_.unknown_token) {
        if (!unknown_) fail_unknown(character, *options_.unknown_token);
        if (!options_.fuse_unknown) flush();
        unknown = {true, unknown.length + length};
      }
    }
    flush();
  }

  bool add_bytes(std::string_view character, std::vector<Symbol>& symbols) const {
    const auto has_token = [&](char c) { return bytes_[static_cast<unsigned char>(c)].has_value(); };
    if (!std::ranges::all_of(character, has_token)) return false;
    for (const char c : character) symbols.push_back({*bytes_[static_cast<unsigned char>(c)], 1});
    return true;
  }

  Vocabulary vocabulary_;
  Merges merges_;
  BpeOptions options_;
  std::optional<std::uint32_t> unknown_;
  std::array<std::optional<std::uint32_t>, 256> bytes_;
};

/// "a b" or ["a", "b"].
std::pair<std::string_view, std::string_view> read_merge(const Value& value, const Place& place) {
  if (value.is_array()) {
    const auto& both = value.as_array();
    if (both.size() != 2) place.fail("is no pair of tokens");
    return {as_text(both[0], Place(place, std::size_t{0})), as_text(both[1], Place(place, std::size_t{1}))};
  }
  const std::string_view text = as_text(value, place);
  const auto space = text.find(' ');
  if (space == text.npos || text.find(' ', space + 1) != text.npos) place.fail("is not two tokens and a space between");
  return {text.substr(0, space), text.substr(space + 1)};
}

Merges read_merges(const Value& model, const Place& place, const Vocabulary& vocabulary, const BpeOptions& options) {
  const auto& list = need_array(model, place, "merges");
  const Place here(place, "merges");
  Merges merges(list.size());
  std::string joined;
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Place at(here, i);
    if (list[i].is_string() && list[i].as_string().starts_with("#version")) continue;
    const auto [left, right] = read_merge(list[i], at);
    const auto id_of = [&](std::string_view token) {
      const auto id = vocabulary.id(token);
      if (!id)
        at.fail(fmt::format("needs the token {}, which is not in the vocabulary", in_quotes(token.substr(0, 64))));
      return *id;
    };
    if (right.size() < options.continuing_prefix.size())
      at.fail("has a second token without the prefix of such tokens");
    joined.assign(left).append(right.substr(options.continuing_prefix.size()));
    const auto left_id = id_of(left);
    const auto right_id = id_of(right);
    merges.add(left_id, right_id, rank++, id_of(joined));
  }
  return merges;
}

}  // namespace

std::unique_ptr<Model> read_bpe(const Value& value, const Place& place) {
  BpeOptions options;
  if (optional_entry(value, place, "unk_token") != nullptr)
    options.unknown_token = need_text(value, place, "unk_token");
  options.continuing_prefix = text_or(value, place, "continuing_subword_prefix", "");
  options.end_suffix = text_or(value, place, "end_of_word_suffix", "");
  options.fuse_unknown = bool_or(value, place, "fuse_unk", false);
  options.byte_fallback = bool_or(value, place, "byte_fallback", false);
  options.ignore_merges = bool_or(value, place, "ignore_merges", false);
  if (const auto* dropout = optional_entry(value, place, "dropout")) {
    const bool is_none =
        (dropout->is_int() && dropout->as_int() == 0) || (dropout->is_double() && dropout->as_double() == 0);
    if (!is_none) Place(place, "dropout").fail("is set, which makes tokens by chance; set it to null");
  }
  auto vocabulary = read_vocabulary(value, place);
  auto merges = read_merges(value, place, vocabulary, options);
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(merges), std::move(options));
}

}  // namespace berth::tokenizing
