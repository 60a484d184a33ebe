/// Tokenizers of Hugging Face models: from a text to ids, with the place of each token in the text, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/value.h"

namespace berth {

namespace tokenizing {
struct Parts;
}

/// A part of a text, [begin, end).
struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool operator==(const TextSpan&) const = default;
};

/// A text, or two, as tokens. The lists have one entry for each token.
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<std::string> tokens;
  std::vector<TextSpan> offsets;                       ///< in the text that the token comes from; 0, 0: none
  std::vector<std::int32_t> type_ids;                  ///< "segments": mostly 0 for the first text, 1 for the second
  std::vector<std::int32_t> attention_mask;            ///< 0 for padding, else 1
  std::vector<std::int32_t> special_tokens_mask;       ///< 1 for tokens that were added around the texts
  std::vector<std::optional<std::uint32_t>> word_ids;  ///< which word of its text; absent for added ones
  std::vector<std::optional<std::uint32_t>> sequence_ids;  ///< 0: first text, 1: second; absent for added ones
  std::vector<Encoding> overflowing;  ///< what was cut off, in pieces that fit; their own list is empty

  std::size_t size() const { return ids.size(); }
  bool operator==(const Encoding&) const = default;
};

enum class TruncationStrategy {
  longest_first,  ///< the longer text, then both alike
  only_first,     ///< only the first text
  only_second     ///< only the second
};

enum class TokenSide { left, right };

/// How to cut what has too many tokens.
struct Truncation {
  std::size_t max_length = 512;  ///< with the tokens that are added
  TruncationStrategy strategy = TruncationStrategy::longest_first;
  std::size_t stride = 0;             ///< tokens that each piece of `overflowing` shares with the one before
  TokenSide side = TokenSide::right;  ///< where it is cut

  bool operator==(const Truncation&) const = default;
};

/// How to fill up what has too few tokens.
struct Padding {
  std::optional<std::size_t> length = {};  ///< absent: as long as the longest of the batch
  std::optional<std::size_t> multiple_of = {};
  std::int32_t id = 0;
  std::int32_t type_id = 0;
  std::string token = "[PAD]";
  TokenSide side = TokenSide::right;

  bool operator==(const Padding&) const = default;
};

enum class OffsetUnit { code_points, bytes };

struct EncodeOptions {
  bool add_special_tokens = true;  ///< [CLS], [SEP] and the like
  std::optional<Truncation> truncation =
      {};                               ///< absent: nothing is cut. Tokenizer::truncation() is what the file says.
  std::optional<Padding> padding = {};  ///< absent: nothing is added. Tokenizer::padding() is what the file says.
  OffsetUnit offsets = OffsetUnit::code_points;
};

struct DecodeOptions {
  bool skip_special_tokens = true;
  /// No spaces before punctuation and English contractions; absent: as tokenizer_config.json says, else not.
  std::optional<bool> clean_up_spaces = {};
};

/// One text of a batch, or two that belong together, such as a question and a passage.
struct EncodeInput {
  std::string text;
  std::optional<std::string> pair = {};
};

/// The tokenizer of a model of Hugging Face, read from its tokenizer.json: ids, tokens and offsets are those of the
/// package `tokenizers` (0.22).
///
///     const auto tokenizer = Tokenizer::load("all-MiniLM-L6-v2");
///     tokenizer.encode("Two ships").ids;  // 101, 2048, 3719, 102
///
/// Immutable, cheap to copy, safe to use from several threads at once. Texts are UTF-8: encoding throws
/// std::invalid_argument where one is not, where it is longer than 1 GiB, and where the options contradict each other or the
/// text; FormatError where the vocabulary lacks what a text needs.
class Tokenizer {
 public:
  /// `path` is a tokenizer.json, a vocab.txt of BERT's kind, a vocab.json of RoBERTa's with its merges.txt, or a folder with
  /// one of them; a tokenizer_config.json beside it tells what tokenizer.json leaves out. `settings` stand in place of
  /// entries of tokenizer_config.json, as arguments of AutoTokenizer.from_pretrained() do. Throws FormatError with the file,
  /// the place in it and what is wrong.
  static Tokenizer load(const std::filesystem::path& path, const Value::Object& settings = {});

  /// The text of a tokenizer.json. Throws FormatError.
  static Tokenizer from_json(std::string_view text);

  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode(std::string_view text, std::string_view pair, const EncodeOptions& options = {}) const;
  /// A text that was cut into words before; word_ids count them, offsets are those in each word.
  Encoding encode_words(std::span<const std::string> words, const EncodeOptions& options = {}) const;
  std::vector<Encoding> encode_batch(std::span<const EncodeInput> inputs, const EncodeOptions& options = {}) const;

  /// The text of ids. Those that no token has are left out.
  std::string decode(std::span<const std::int32_t> ids, const DecodeOptions& options = {}) const;

  std::optional<std::int32_t> id(std::string_view token) const;
  std::optional<std::string> token(std::int32_t id) const;
  std::size_t vocabulary_size() const;            ///< with added tokens
  std::size_t added_count(bool is_pair) const;    ///< tokens that add_special_tokens adds
  bool is_special(std::string_view token) const;  ///< left out by skip_special_tokens

  const std::optional<Truncation>& truncation() const;  ///< of the file
  const std::optional<Padding>& padding() const;        ///< of the file
  /// "model_max_length" of tokenizer_config.json, where it is a length.
  std::optional<std::size_t> max_length() const;
  /// Where transformers cuts a text: "truncation_side" of tokenizer_config.json, else that of the file.
  TokenSide truncation_side() const;

  /// Whether transformers gives a model the type_ids: "model_input_names" of tokenizer_config.json, else the class of the
  /// tokenizer says. RoBERTa's and DistilBERT's do not, whatever model they are used with.
  bool gives_token_types() const;

 private:
  explicit Tokenizer(std::shared_ptr<const tokenizing::Parts> parts) : parts_(std::move(parts)) {}

  std::shared_ptr<const tokenizing::Parts> parts_;
};

}  // namespace berth
