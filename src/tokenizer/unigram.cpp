#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "tokenizer/fields.h"
#include "tokenizer/model.h"
#include "tokenizer/text_buffer.h"
#include "tokenizer/trie.h"
#include "tokenizer/vocabulary.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

constexpr double unknown_penalty = 10;  // SentencePiece's kUnkPenalty

/// SentencePiece's unigram model: of all ways to cut a text into tokens the one with the highest sum of scores
/// (src/unigram_model.cc, EncodeOptimized).
class Unigram final : public Model {
 public:
  Unigram(Vocabulary vocabulary, std::vector<std::string> tokens, std::vector<double> scores,
          std::optional<std::uint32_t> unknown, bool byte_fallback)
      : vocabulary_(std::move(vocabulary)),
        tokens_(std::move(tokens)),
        scores_(std::move(scores)),
        unknown_(unknown),
        byte_fallback_(byte_fallback) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) trie_.add(tokens_[i], static_cast<std::uint32_t>(i));
    least_score_ = scores_.empty() ? std::numeric_limits<double>::infinity() : *std::ranges::min_element(scores_);
    for (unsigned byte = 0; byte < 256; ++byte) bytes_[byte] = vocabulary_.id(fmt::format("<0x{:02X}>", byte));
  }

  void tokenize(std::string_view word, std::vector<ModelToken>& tokens) const override {
    thread_local std::vector<Step> best;
    find_best(word, best);
    thread_local std::vector<std::pair<std::size_t, std::size_t>> parts;  // from right to left
    parts.clear();
    bool fused = false;  // the part before was unknown
    for (auto end = word.size(); end > 0; end = best[end].start) {
      const bool is_unknown = best[end].token == unknown_;
      if (is_unknown && fused)
        parts.back().first = best[end].start;
      else
        parts.emplace_back(best[end].start, end);
      fused = is_unknown;
    }
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) add(word, part->first, part->second, tokens);
  }

  std::optional<std::uint32_t> id(std::string_view token) const override { return vocabulary_.id(token); }
  std::optional<std::string_view> token(std::uint32_t id) const override {
    if (id >= tokens_.size()) return std::nullopt;
    return tokens_[id];
  }
  std::size_t size() const override { return tokens_.size(); }

 private:
  /// The best way to an end of a token.
  struct Step {
    double score = 0;
    std::size_t start = 0;
    std::uint32_t token = 0;
    bool is_reached = false;
  };

  void find_best(std::string_view word, std::vector<Step>& best) const {
    best.assign(word.size() + 1, {});
    for (std::size_t start = 0; start < word.size();) {
      const auto length = character_length(word[start]);
      bool has_single = false;
      const auto reach = [&](std::size_t end, double score, std::uint32_t token) {
        score += best[start].score;
        if (best[end].is_reached && !(score > best[end].score)) return;
        best[end] = {score, start, token, true};
      };
      trie_.prefixes(word.substr(start), [&](std::size_t size, std::uint32_t token) {
        reach(start + size, scores_[token], token);
        has_single = has_single || size == length;
      });
      if (!has_single) {
        const auto end = start + length;
        const auto score = least_score_ - unknown_penalty;
        if (!best[end].is_reached || score + best[start].score > best[end].score) {
          if (!unknown_) fail_unknown(word.substr(start, length), "<unk>");
          reach(end, score, *unknown_);
        }
      }
      start += length;
    }
  }

  void add(std::string_view word, std::size_t begin, std::size_t end, std::vector<ModelToken>& tokens) const {
    const auto text = word.substr(begin, end - begin);
    if (const auto known = vocabulary_.id(text)) return tokens.push_back({*known, text, begin, end});
    const auto byte_token = [&](char c) { return bytes_[static_cast<unsigned char>(c)]; };
    if (byte_fallback_ && std::ranges::all_of(text, [&](char c) { return byte_token(c).has_value(); })) {
      for (const char c : text) tokens.push_back({*byte_token(c), *vocabulary_.token(*byte_token(c)), begin, end});
      return;
    }
    if (!unknown_) fail_unknown(text, "<unk>");
    tokens.push_back({*unknown_, text, begin, end});
  }

  Vocabulary vocabulary_;  // the last of equal tokens counts
  std::vector<std::string> tokens_;
  std::vector<double> scores_;
  std::optional<std::uint32_t> unknown_;
  bool byte_fallback_;
  double least_score_ = 0;
  Trie trie_;
  std::array<std::optional<std::uint32_t>, 256> bytes_;
};

double as_score(const Value& value, const Place& place) {
  if (value.is_int()) return static_cast<double>(value.as_int());
  if (!value.is_double()) place.fail("is no score, a number");
  return value.as_double();
}

}  // namespace

std::unique_ptr<Model> read_unigram(const Value& value, const Place& place) {
  const auto& list = need_array(value, place, "vocab");
  const Place here(place, "vocab");
  Vocabulary vocabulary;
  vocabulary.reserve(list.size(), 8 * list.size());
  std::vector<std::string> tokens;
  std::vector<double> scores;
  tokens.reserve(list.size());
  scores.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Place at(here, i);
    const auto& entry = as_array(list[i], at);
    if (entry.size() != 2) at.fail("is no pair of token and score");
    const auto& token = as_text(entry[0], Place(at, std::size_t{0}));
    if (token.size() > most_token_bytes) at.fail("is a token of more than 16 KiB");
    vocabulary.add(token, static_cast<std::uint32_t>(i));
    tokens.push_back(token);
    scores.push_back(as_score(entry[1], Place(at, std::size_t{1})));
  }
  vocabulary.finish();
  std::optional<std::uint32_t> unknown;
  if (optional_entry(value, place, "unk_id") != nullptr) {
    unknown = as_id(need(value, place, "unk_id"), Place(place, "unk_id"));
    if (*unknown >= tokens.size()) Place(place, "unk_id").fail("is beyond the vocabulary");
  }
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(tokens), std::move(scores), unknown,
                                   bool_or(value, place, "byte_fallback", false));
}

}  // namespace berth::tokenizing
