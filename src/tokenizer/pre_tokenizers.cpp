#include <vector>

#include "tokenizer/byte_alphabet.h"
#include "tokenizer/characters.h"
#include "tokenizer/fields.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/replace.h"
#include "tokenizer/split_pieces.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

constexpr std::pair<std::string_view, SplitBehavior> behaviors[] = {
    {"Removed", SplitBehavior::removed},
    {"Isolated", SplitBehavior::isolated},
    {"MergedWithPrevious", SplitBehavior::merged_with_previous},
    {"MergedWithNext", SplitBehavior::merged_with_next},
    {"Contiguous", SplitBehavior::contiguous}};

/// Cuts by a pattern.
class PatternSplit final : public PreTokenizer {
 public:
  PatternSplit(Pattern pattern, SplitBehavior behavior, bool invert = false)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void run(TextBuffer& buffer) const override { split_pieces(buffer, pattern_, behavior_, invert_); }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps) : steps_(std::move(steps)) {}
  void run(TextBuffer& buffer) const override {
    for (const auto& step : steps_) step->run(buffer);
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

class ByteLevelPreTokenizer final : public PreTokenizer {
 public:
  ByteLevelPreTokenizer(bool add_prefix_space, bool use_regex)
      : add_prefix_space_(add_prefix_space), use_regex_(use_regex) {}

  void run(TextBuffer& buffer) const override {
    // GPT-2's, of its encoder.py.
    static const auto words =
        Pattern::regex(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)");
    if (add_prefix_space_)
      prepend(buffer, " ", [](const Piece&, std::string_view text) { return !text.starts_with(' '); });
    if (use_regex_) split_pieces(buffer, words, SplitBehavior::isolated);
    rewrite_pieces(buffer, write_byte_level);
  }

 private:
  bool add_prefix_space_;
  bool use_regex_;
};

/// Words, and runs of what is neither word nor white space: \w+|[^\w\s]+.
void cut_words(std::string_view text, std::vector<Span>& parts) {
  const auto kind_of = [](std::uint32_t code) { return is_word_character(code) ? 2 : is_white_space(code) ? 0 : 1; };
  int last = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = character_at(text, at);
    const int kind = kind_of(character.code);
    if (kind != 0 && kind == last)
      parts.back().end += character.length;
    else if (kind != 0)
      parts.push_back({at, at + character.length, false});
    last = kind;
    at += character.length;
  }
}

/// Where the script changes. What stands before the first character that has one is left out, as in `tokenizers`.
void cut_scripts(std::string_view text, std::vector<Span>& parts) {
  int last = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = character_at(text, at);
    const int script = script_of(character.code);
    if (script != 0 && script != last) parts.push_back({at, at, false});
    if (script != 0) last = script;
    at += character.length;
    if (!parts.empty()) parts.back().end = at;
  }
}

void cut_lengths(std::string_view text, std::size_t length, std::vector<Span>& parts) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    if (count % length == 0) parts.push_back({at, at, false});
    at += character_length(text[at]);
    parts.back().end = at;
  }
}

/// A pre-tokenizer that is one function over each piece.
template <class F>
class CutPieces final : public PreTokenizer {
 public:
  explicit CutPieces(F cut) : cut_(std::move(cut)) {}
  void run(TextBuffer& buffer) const override { split_pieces(buffer, cut_); }

 private:
  F cut_;
};

template <class F>
std::unique_ptr<PreTokenizer> cut_pieces(F cut) {
  return std::make_unique<CutPieces<F>>(std::move(cut));
}

std::unique_ptr<PreTokenizer> split(Pattern pattern, SplitBehavior behavior, bool invert = false) {
  return std::make_unique<PatternSplit>(std::move(pattern), behavior, invert);
}

std::unique_ptr<PreTokenizer> in_sequence(std::unique_ptr<PreTokenizer> first, std::unique_ptr<PreTokenizer> second) {
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  steps.push_back(std::move(first));
  steps.push_back(std::move(second));
  return std::make_unique<PreTokenizerSequence>(std::move(steps));
}

SplitBehavior need_behavior(const Value& value, const Place& place) {
  return one_of(need_text(value, place, "behavior"), Place(place, "behavior"), behaviors);
}

std::unique_ptr<PreTokenizer> read_delimiter(const Value& value, const Place& place) {
  need_character(value, place, "delimiter");
  return split(Pattern::literal(need_text(value, place, "delimiter")), SplitBehavior::removed);
}

std::unique_ptr<PreTokenizer> read_fixed_length(const Value& value, const Place& place) {
  const auto length = count_or(value, place, "length", 5);
  if (length == 0) Place(place, "length").fail("is 0; it must be 1 at least");
  return cut_pieces([length](std::string_view text, std::vector<Span>& parts) { cut_lengths(text, length, parts); });
}

std::unique_ptr<PreTokenizer> read_pre_tokenizer_step(const Value& value, const Place& place, std::size_t depth) {
  const auto& type = type_of(value, place);
  if (type == "Sequence") {
    if (depth == most_nested_sequences) place.fail("has too many sequences within sequences");
    std::vector<std::unique_ptr<PreTokenizer>> steps;
    const auto& list = need_array(value, place, "pretokenizers");
    const Place here(place, "pretokenizers");
    for (std::size_t i = 0; i < list.size(); ++i)
      steps.push_back(read_pre_tokenizer_step(list[i], Place(here, i), depth + 1));
    return std::make_unique<PreTokenizerSequence>(std::move(steps));
  }
  const auto spaces = [] { return split(Pattern::characters(is_white_space), SplitBehavior::removed); };
  const auto punctuation = [](auto behavior) { return split(Pattern::characters(is_punctuation), behavior); };
  if (type == "BertPreTokenizer") return in_sequence(spaces(), punctuation(SplitBehavior::isolated));
  if (type == "WhitespaceSplit") return spaces();
  if (type == "Whitespace") return cut_pieces(cut_words);
  if (type == "UnicodeScripts") return cut_pieces(cut_scripts);
  if (type == "Metaspace") return read_metaspace(value, place);
  if (type == "CharDelimiterSplit" || type == "Delimiter") return read_delimiter(value, place);
  if (type == "FixedLength") return read_fixed_length(value, place);
  if (type == "Punctuation")
    return punctuation(optional_entry(value, place, "behavior") == nullptr ? SplitBehavior::isolated
                                                                           : need_behavior(value, place));
  if (type == "Digits")
    return split(Pattern::characters(is_numeric),
                 need_bool(value, place, "individual_digits") ? SplitBehavior::isolated : SplitBehavior::contiguous);
  if (type == "Split")
    return split(need_pattern(value, place), need_behavior(value, place), need_bool(value, place, "invert"));
  if (type == "ByteLevel") {
    need_bool(value, place, "trim_offsets");
    return std::make_unique<ByteLevelPreTokenizer>(need_bool(value, place, "add_prefix_space"),
                                                   bool_or(value, place, "use_regex", true));
  }
  fail_type(type, place,
            "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence, "
            "Split, UnicodeScripts, Whitespace, WhitespaceSplit");
}

}  // namespace

std::unique_ptr<PreTokenizer> read_pre_tokenizer(const Value& value, const Place& place) {
  return read_pre_tokenizer_step(value, place, 0);
}

}  // namespace berth::tokenizing
