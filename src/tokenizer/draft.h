/// An encoding while it is made.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "berth/tokenizer.h"

namespace berth::tokenizing {

/// The columns of an encoding, and which of its tokens belong to which text. Port of Encoding of `tokenizers`.
struct Draft {
  Encoding columns;  ///< without sequence_ids and overflowing
  std::vector<Draft> overflowing;
  std::vector<std::optional<TextSpan>> sequences;  ///< tokens of the first and the second text

  std::size_t size() const { return columns.ids.size(); }
  void reserve(std::size_t count);
  void add(std::int32_t id, std::string_view token, TextSpan offsets, std::int32_t type_id,
           std::optional<std::uint32_t> word, bool is_special);
  void set_sequence(std::size_t number) { set_sequence(number, {0, size()}); }
  void set_sequence(std::size_t number, TextSpan tokens);
  void set_type_ids(std::int32_t type_id) { columns.type_ids.assign(size(), type_id); }
  void append(
      Draft other);  ///< with all ways to go on: the overflowing of both. Throws std::invalid_argument if too many
  void truncate(std::size_t max_length, std::size_t stride, TokenSide side);
  void pad(std::size_t length, const Padding& padding);
  Encoding finish() &&;
};

/// The tokens [begin, end).
Draft slice(const Draft& draft, std::size_t begin, std::size_t end);

/// Cuts both as `truncation` says; its max_length is for the two alone. Throws std::invalid_argument where it cannot.
void truncate(Draft& first, Draft* second, const Truncation& truncation);

/// To the length of the longest, or as `padding` says.
void pad(std::span<Draft> drafts, const Padding& padding);

}  // namespace berth::tokenizing
