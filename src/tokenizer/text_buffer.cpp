#include "tokenizer/text_buffer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace berth::tokenizing {
namespace {

constexpr std::size_t most_growth = 64;  // the longest character that Unicode knows becomes 33 bytes

}  // namespace

TextBuffer TextBuffer::of(std::string_view text) {
  TextBuffer buffer;
  buffer.text = text;
  buffer.most_bytes = most_growth * text.size() + (std::size_t{1} << 16U);
  buffer.origins.resize(text.size());
  for (std::uint32_t at = 0; at < text.size();) {
    const auto length = character_length(text[at]);
    for (std::uint32_t i = 0; i < length; ++i) buffer.origins[at + i] = {at, at + length};
    at += length;
  }
  const Range whole{0, static_cast<std::uint32_t>(text.size())};
  buffer.pieces.push_back({whole, whole});
  return buffer;
}

void TextBuffer::check_size() const {
  if (text.size() > most_bytes)
    throw std::invalid_argument(fmt::format(
        "The normalizer makes a text of more than {} times its size; the tokenizer is damaged", most_growth));
}

Piece TextBuffer::part_of(const Piece& piece, std::size_t begin, std::size_t end) const {
  Piece part;
  part.text = {piece.text.begin + static_cast<std::uint32_t>(begin),
               piece.text.begin + static_cast<std::uint32_t>(end)};
  part.original = origin_of(piece, begin, end);
  return part;
}

Range TextBuffer::origin_of(const Piece& piece, std::size_t begin, std::size_t end) const {
  if (begin == end || end > piece.text.end - piece.text.begin)
    return {piece.original.begin + static_cast<std::uint32_t>(begin),
            piece.original.begin + static_cast<std::uint32_t>(end)};
  return {origins[piece.text.begin + begin].begin, origins[piece.text.begin + end - 1].end};
}

bool is_ascii(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080U) != 0) return false;
  }
  return std::ranges::all_of(text.substr(at), [](char c) { return static_cast<signed char>(c) >= 0; });
}

}  // namespace berth::tokenizing
