#include "tokenizer/word_piece.h"

#include "text/unicode.h"
#include "tokenizer/fields.h"
#include "tokenizer/trie.h"

namespace berth::tokenizing {
namespace {

/// The longest token that a word starts with, and so on with the rest; a word that has none somewhere is unknown.
class WordPiece final : public Model {
 public:
  WordPiece(Vocabulary vocabulary, WordPieceOptions options)
      : vocabulary_(std::move(vocabulary)),
        options_(std::move(options)),
        unknown_(vocabulary_.id(options_.unknown_token)) {
    for (std::size_t i = 0; i < vocabulary_.size(); ++i) trie_.add(vocabulary_.text(i), static_cast<std::uint32_t>(i));
    inside_ = trie_.node_of(options_.continuing_prefix);
  }

  void tokenize(std::string_view word, std::vector<ModelToken>& tokens) const override {
    const auto first = tokens.size();
    if (word.size() > options_.max_characters && count_characters(word) > options_.max_characters)
      return add_unknown(word, tokens);
    for (std::size_t at = 0; at < word.size();) {
      const auto node = at == 0 ? Trie::root : inside_;
      const auto match = node == Trie::none ? Trie::Match() : trie_.longest(word.substr(at), node);
      if (match.number == Trie::none) {
        tokens.resize(first);
        return add_unknown(word, tokens);
      }
      tokens.push_back({vocabulary_.id_at(match.number), vocabulary_.text(match.number), at, at + match.length});
      at += match.length;
    }
  }

  std::optional<std::uint32_t> id(std::string_view token) const override { return vocabulary_.id(token); }
  std::optional<std::string_view> token(std::uint32_t id) const override { return vocabulary_.token(id); }
  std::size_t size() const override { return vocabulary_.size(); }

 private:
  void add_unknown(std::string_view word, std::vector<ModelToken>& tokens) const {
    if (!unknown_) fail_unknown(word, options_.unknown_token);
    tokens.push_back({*unknown_, options_.unknown_token, 0, word.size()});
  }

  Vocabulary vocabulary_;
  WordPieceOptions options_;
  std::optional<std::uint32_t> unknown_;
  Trie trie_;
  std::uint32_t inside_ = Trie::none;  // where tokens that do not start a word go on
};

/// A token for each word.
class WordLevel final : public Model {
 public:
  WordLevel(Vocabulary vocabulary, std::string unknown_token)
      : vocabulary_(std::move(vocabulary)),
        unknown_token_(std::move(unknown_token)),
        unknown_(vocabulary_.id(unknown_token_)) {}

  void tokenize(std::string_view word, std::vector<ModelToken>& tokens) const override {
    if (const auto known = vocabulary_.id(word)) return tokens.push_back({*known, word, 0, word.size()});
    if (!unknown_) fail_unknown(word, unknown_token_);
    tokens.push_back({*unknown_, unknown_token_, 0, word.size()});
  }

  std::optional<std::uint32_t> id(std::string_view token) const override { return vocabulary_.id(token); }
  std::optional<std::string_view> token(std::uint32_t id) const override { return vocabulary_.token(id); }
  std::size_t size() const override { return vocabulary_.size(); }

 private:
  Vocabulary vocabulary_;
  std::string unknown_token_;
  std::optional<std::uint32_t> unknown_;
};

}  // namespace

std::unique_ptr<Model> word_piece(Vocabulary vocabulary, WordPieceOptions options) {
  return std::make_unique<WordPiece>(std::move(vocabulary), std::move(options));
}

std::unique_ptr<Model> read_word_piece(const Value& value, const structs::Place& place) {
  WordPieceOptions options;
  options.unknown_token = need_text(value, place, "unk_token");
  options.continuing_prefix = need_text(value, place, "continuing_subword_prefix");
  options.max_characters = need_count(value, place, "max_input_chars_per_word");
  return word_piece(read_vocabulary(value, place), std::move(options));
}

std::unique_ptr<Model> read_word_level(const Value& value, const structs::Place& place) {
  return std::make_unique<WordLevel>(read_vocabulary(value, place), need_text(value, place, "unk_token"));
}

}  // namespace berth::tokenizing
