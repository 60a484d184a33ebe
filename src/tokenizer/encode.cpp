#include "tokenizer/encode.h"

#include <fmt/format.h>

#include <stdexcept>

#include "text/utf8.h"

namespace berth::tokenizing {
namespace {

void check_text(std::string_view text) {
  if (text.size() > most_text_bytes)
    throw std::invalid_argument(
        fmt::format("A text of {} bytes is too long; at most 1 GiB can be made tokens of at once", text.size()));
  if (is_ascii(text)) return;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = first_character(text.substr(at));
    if (character.state != Utf8Character::whole)
      throw std::invalid_argument(
          fmt::format("The text is not UTF-8 at byte {}; decode it first, lone surrogates included", at));
    at += character.length;
  }
}

/// From bytes of a text to its code points.
class OffsetConverter {
 public:
  OffsetConverter(std::string_view text, OffsetUnit unit) : size_(text.size()) {
    if (unit == OffsetUnit::bytes) return;
    is_wanted_ = true;
    if (is_ascii(text)) return;
    points_.reserve(text.size());
    std::uint32_t point = 0;
    for (std::size_t at = 0; at < text.size(); ++point) {
      const auto length = character_length(text[at]);
      points_.insert(points_.end(), length, point);
      at += length;
    }
  }

  TextSpan convert(Range range) const {
    if (!is_wanted_ || range.begin >= size_) return {range.begin, range.end};
    const auto begin = point(range.begin);
    if (range.end < size_) return {begin, point(range.end)};
    const auto last = range.end - 1 < size_ && range.end > 0 ? point(range.end - 1) : begin + 1;
    return {begin, last + 1};
  }

 private:
  std::size_t point(std::size_t byte) const { return points_.empty() ? byte : points_[byte]; }

  std::size_t size_;
  bool is_wanted_ = false;
  std::vector<std::uint32_t> points_;
};

}  // namespace

void add_tokens(const Parts& parts, std::string_view text, std::int32_t type_id, OffsetUnit unit,
                std::optional<std::uint32_t> word, Draft& draft) {
  check_text(text);
  auto buffer = TextBuffer::of(text);
  parts.added.extract(buffer, parts.normalizer.get());
  if (parts.pre_tokenizer) parts.pre_tokenizer->run(buffer);
  const OffsetConverter converter(text, unit);
  draft.reserve(draft.size() + buffer.pieces.size() + buffer.pieces.size() / 2 + 2);
  std::vector<ModelToken> tokens;
  std::uint32_t number = 0;
  for (const auto& piece : buffer.pieces) {
    const auto view = buffer.view(piece);
    tokens.clear();
    if (piece.added_token >= 0)
      tokens.push_back({static_cast<std::uint32_t>(piece.added_token), view, 0, view.size()});
    else
      parts.model->tokenize(view, tokens);
    for (const auto& token : tokens) {
      auto origin = buffer.origin_of(piece, token.begin, token.end);
      if (token.end > view.size())
        origin = {static_cast<std::uint32_t>(token.begin), static_cast<std::uint32_t>(token.end)};
      draft.add(static_cast<std::int32_t>(token.id), token.text, converter.convert(origin), type_id,
                word ? *word : number, false);
    }
    ++number;
  }
}

Draft put_together(const Parts& parts, std::vector<Draft> texts, const EncodeOptions& options) {
  const bool is_pair = texts.size() == 2;
  if (options.truncation) {
    auto truncation = *options.truncation;
    const auto added =
        options.add_special_tokens && parts.post_processor ? parts.post_processor->added_count(is_pair) : 0;
    if (truncation.max_length < added)
      throw std::invalid_argument(
          fmt::format("At most {} tokens are allowed, but {} are added around the text; allow more, or add none "
                      "(add_special_tokens)",
                      truncation.max_length, added));
    truncation.max_length -= added;
    truncate(texts[0], is_pair ? &texts[1] : nullptr, truncation);
  }
  if (!parts.post_processor && !is_pair) return std::move(texts[0]);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i].set_sequence(i);
    if (!parts.post_processor) continue;
    for (auto& each : texts[i].overflowing) each.set_sequence(i);
    texts[i].set_type_ids(static_cast<std::int32_t>(i));
  }
  if (parts.post_processor) parts.post_processor->run(texts, options.add_special_tokens);
  Draft whole;
  for (auto& each : texts) {
    if (whole.size() == 0 && whole.overflowing.empty() && whole.sequences.empty())
      whole = std::move(each);
    else
      whole.append(std::move(each));
  }
  return whole;
}

}  // namespace berth::tokenizing
