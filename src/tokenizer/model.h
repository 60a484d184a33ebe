/// What makes tokens of words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "berth/value.h"
#include "value/place.h"

namespace berth::tokenizing {

/// One token of a word. `text` belongs to the word or to the model.
struct ModelToken {
  std::uint32_t id;
  std::string_view text;
  std::size_t begin;  ///< in bytes of the word
  std::size_t end;
};

/// Immutable, safe to use from several threads.
class Model {
 public:
  virtual ~Model() = default;

  /// Adds the tokens of a word, which is not empty. Throws FormatError where the model has no token for it, nor one for
  /// what it does not know.
  virtual void tokenize(std::string_view word, std::vector<ModelToken>& tokens) const = 0;

  virtual std::optional<std::uint32_t> id(std::string_view token) const = 0;
  virtual std::optional<std::string_view> token(std::uint32_t id) const = 0;
  virtual std::size_t size() const = 0;  ///< of the vocabulary
};

/// The model of a tokenizer.json. Throws std::invalid_argument naming the place.
std::unique_ptr<Model> read_model(const Value& value, const structs::Place& place);

std::unique_ptr<Model> read_bpe(const Value& value, const structs::Place& place);
std::unique_ptr<Model> read_unigram(const Value& value, const structs::Place& place);
std::unique_ptr<Model> read_word_level(const Value& value, const structs::Place& place);
std::unique_ptr<Model> read_word_piece(const Value& value, const structs::Place& place);

/// Throws FormatError: `word` needs a token for what is unknown, and the vocabulary has none.
[[noreturn]] void fail_unknown(std::string_view word, std::string_view unknown_token);

}  // namespace berth::tokenizing
