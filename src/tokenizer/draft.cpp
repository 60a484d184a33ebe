#include "tokenizer/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace berth::tokenizing {
namespace {

constexpr std::size_t most_combinations = 65'536;
constexpr std::size_t most_padded_length = std::size_t{1} << 20U;

/// Calls `change` for each column of two encodings.
template <class F>
void each_column(Encoding& to, const Encoding& from, F change) {
  change(to.ids, from.ids);
  change(to.tokens, from.tokens);
  change(to.offsets, from.offsets);
  change(to.type_ids, from.type_ids);
  change(to.attention_mask, from.attention_mask);
  change(to.special_tokens_mask, from.special_tokens_mask);
  change(to.word_ids, from.word_ids);
}

/// Without its overflowing.
Draft alone(const Draft& draft) { return {draft.columns, {}, draft.sequences}; }

TextSpan moved(TextSpan span, std::size_t by) { return {span.begin + by, span.end + by}; }

}  // namespace

void Draft::reserve(std::size_t count) {
  each_column(columns, columns, [&](auto& column, const auto&) { column.reserve(count); });
}

void Draft::add(std::int32_t id, std::string_view token, TextSpan offsets, std::int32_t type_id,
                std::optional<std::uint32_t> word, bool is_special) {
  columns.ids.push_back(id);
  columns.tokens.emplace_back(token);
  columns.offsets.push_back(offsets);
  columns.type_ids.push_back(type_id);
  columns.attention_mask.push_back(1);
  columns.special_tokens_mask.push_back(is_special ? 1 : 0);
  columns.word_ids.push_back(word);
}

void Draft::set_sequence(std::size_t number, TextSpan tokens) {
  if (sequences.size() <= number) sequences.resize(number + 1);
  sequences[number] = tokens;
}

Draft slice(const Draft& draft, std::size_t begin, std::size_t end) {
  Draft part;
  each_column(part.columns, draft.columns, [&](auto& to, const auto& from) {
    to.assign(from.begin() + static_cast<std::ptrdiff_t>(begin), from.begin() + static_cast<std::ptrdiff_t>(end));
  });
  return part;
}

void Draft::append(Draft other) {
  const auto combinations = (overflowing.size() + 1) * (other.overflowing.size() + 1);
  if (!overflowing.empty() && !other.overflowing.empty() && combinations > most_combinations)
    throw std::invalid_argument(
        fmt::format("Both texts are cut, into {} and {} pieces, which makes more than {} pairs; cut only one of them "
                    "(only_first or "
                    "only_second)",
                    overflowing.size() + 1, other.overflowing.size() + 1, most_combinations));
  if (other.overflowing.empty()) {
    for (auto& left : overflowing) left.append(alone(other));
  } else {
    std::vector<Draft> combined;
    const auto combine = [&](const Draft& left, const Draft& right) {
      combined.push_back(alone(left));
      combined.back().append(alone(right));
    };
    for (const auto& left : overflowing) {
      combine(left, other);
      for (const auto& right : other.overflowing) combine(left, right);
    }
    for (const auto& right : other.overflowing) combine(*this, right);
    overflowing = std::move(combined);
  }
  for (std::size_t i = 0; i < other.sequences.size(); ++i)
    if (other.sequences[i]) set_sequence(i, moved(*other.sequences[i], size()));
  if (size() == 0) {
    columns = std::move(other.columns);
  } else {
    each_column(columns, other.columns,
                [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); });
  }
}

void Draft::truncate(std::size_t max_length, std::size_t stride, TokenSide side) {
  const auto count = size();
  if (max_length >= count) return;
  if (max_length == 0) {
    Draft all = std::move(*this);
    *this = {};
    overflowing.push_back(std::move(all));
    return;
  }
  if (stride >= max_length)
    throw std::invalid_argument(fmt::format(
        "The stride of {} leaves nothing of the {} tokens that fit; make it smaller, or the greatest length larger",
        stride, max_length));
  std::vector<Draft> parts;
  const auto step = max_length - stride;
  if (side == TokenSide::right) {
    for (std::size_t begin = 0, end = 0; end < count; begin += step) {
      end = std::min(begin + max_length, count);
      parts.push_back(slice(*this, begin, end));
    }
  } else {
    for (std::size_t end = count, begin = count; begin > 0; end -= step) {
      begin = end - std::min(end, max_length);
      parts.push_back(slice(*this, begin, end));
    }
  }
  *this = std::move(parts.front());
  overflowing.assign(std::make_move_iterator(parts.begin() + 1), std::make_move_iterator(parts.end()));
}

void Draft::pad(std::size_t length, const Padding& padding) {
  for (auto& each : overflowing) each.pad(length, padding);
  if (size() >= length) return;
  const auto missing = length - size();
  const bool left = padding.side == TokenSide::left;
  const auto fill = [&](auto& column, const auto& value) {
    column.insert(left ? column.begin() : column.end(), missing, value);
  };
  fill(columns.ids, padding.id);
  fill(columns.tokens, padding.token);
  fill(columns.offsets, TextSpan());
  fill(columns.type_ids, padding.type_id);
  fill(columns.attention_mask, 0);
  fill(columns.special_tokens_mask, 1);
  fill(columns.word_ids, std::optional<std::uint32_t>());
  if (!left) return;
  for (auto& sequence : sequences)
    if (sequence) sequence = moved(*sequence, missing);
}

Encoding Draft::finish() && {
  const auto count = size();
  Encoding encoding = std::move(columns);
  // As in `tokenizers`: so many texts are told as are known, the first ones, and one that is not known is everything.
  const auto known = static_cast<std::size_t>(std::ranges::count_if(sequences, &std::optional<TextSpan>::has_value));
  encoding.sequence_ids.assign(count, std::nullopt);
  for (std::uint32_t i = 0; i < std::max<std::size_t>(known, 1); ++i) {
    const auto span = i < sequences.size() && sequences[i] ? *sequences[i] : TextSpan{0, count};
    for (auto at = span.begin; at < std::min(span.end, count); ++at) encoding.sequence_ids[at] = i;
  }
  encoding.overflowing.reserve(overflowing.size());
  for (auto& each : overflowing) encoding.overflowing.push_back(std::move(each).finish());
  return encoding;
}

namespace {

/// How many tokens of two texts stay under "longest first".
std::pair<std::size_t, std::size_t> shared_lengths(std::size_t first, std::size_t second, std::size_t max_length) {
  auto shorter = std::min(first, second);
  auto longer = shorter > max_length ? shorter : std::max(shorter, max_length - shorter);
  if (shorter + longer > max_length) {
    shorter = max_length / 2;
    longer = shorter + max_length % 2;
  }
  return first > second ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

}  // namespace

void truncate(Draft& first, Draft* second, const Truncation& truncation) {
  const auto max_length = truncation.max_length;
  const auto total = first.size() + (second == nullptr ? 0 : second->size());
  if (max_length > 0 && total <= max_length) return;
  if (max_length == 0 || (truncation.strategy == TruncationStrategy::longest_first && second == nullptr)) {
    first.truncate(max_length, truncation.stride, truncation.side);
    if (second != nullptr) second->truncate(max_length, truncation.stride, truncation.side);
    return;
  }
  if (truncation.strategy == TruncationStrategy::longest_first) {
    const auto [of_first, of_second] = shared_lengths(first.size(), second->size(), max_length);
    first.truncate(of_first, truncation.stride, truncation.side);
    second->truncate(of_second, truncation.stride, truncation.side);
    return;
  }
  const bool of_first = truncation.strategy == TruncationStrategy::only_first;
  if (!of_first && second == nullptr)
    throw std::invalid_argument("Only the second text may be cut, but there is none; use only_first or longest_first");
  auto& target = of_first ? first : *second;
  const auto excess = total - max_length;
  if (target.size() <= excess)
    throw std::invalid_argument(
        fmt::format("The {} text has {} tokens, but {} of both have to go to leave {}; cut the other text too "
                    "(longest_first) or allow "
                    "more tokens",
                    of_first ? "first" : "second", target.size(), excess, max_length));
  target.truncate(target.size() - excess, truncation.stride, truncation.side);
}

void pad(std::span<Draft> drafts, const Padding& padding) {
  std::size_t length = padding.length.value_or(0);
  if (!padding.length)
    for (const auto& draft : drafts) length = std::max(length, draft.size());
  const auto multiple = padding.multiple_of.value_or(0);
  if (length > most_padded_length || multiple > most_padded_length)
    throw std::invalid_argument(
        fmt::format("Padding to {} tokens, or a multiple of {}, is more than the {} that are possible", length,
                    multiple, most_padded_length));
  if (multiple > 0 && length % multiple > 0) length += multiple - length % multiple;
  for (auto& draft : drafts) draft.pad(length, padding);
}

}  // namespace berth::tokenizing
