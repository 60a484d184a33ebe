#include "tokenizer/rewrite.h"

#include <algorithm>

#include "text/unicode.h"

namespace berth::tokenizing {

Rewrite::Rewrite(const TextBuffer& from, const Piece& piece, TextBuffer& to)
    : Rewrite(from, piece, to, 0, piece.text.end - piece.text.begin) {}

Rewrite::Rewrite(const TextBuffer& from, const Piece& piece, TextBuffer& to, std::size_t begin, std::size_t end)
    : from_(from), piece_(piece), to_(to), start_(to.text.size()), at_(begin), end_(end) {
  copy(0, begin);
}

void Rewrite::copy(std::size_t begin, std::size_t end) {
  if (begin >= end) return;
  const auto base = from_.origins.begin() + piece_.text.begin;
  to_.text.append(from_.text, piece_.text.begin + begin, end - begin);
  to_.origins.insert(to_.origins.end(), base + static_cast<std::ptrdiff_t>(begin),
                     base + static_cast<std::ptrdiff_t>(end));
}

Range Rewrite::origin_before(std::size_t at) const {
  const std::size_t size = piece_.text.end - piece_.text.begin;
  if (at == 0 || size == 0) return {piece_.original.begin, piece_.original.begin};
  return from_.origins[piece_.text.begin + std::min(at, size) - 1];
}

void Rewrite::drop(std::size_t count) {
  for (; count > 0 && at_ < end_; --count) at_ += character_length(from_.text[piece_.text.begin + at_]);
}

void Rewrite::keep_bytes(std::size_t count) {
  copy(at_, std::min(at_ + count, end_));
  at_ += count;
}

void Rewrite::put(std::uint32_t code, int change) {
  const std::size_t size = piece_.text.end - piece_.text.begin;
  const auto origin = change > 0 || at_ >= size ? origin_before(at_) : from_.origins[piece_.text.begin + at_];
  append_utf8(to_.text, code);
  to_.origins.resize(to_.text.size(), origin);
  if (change <= 0) drop(static_cast<std::size_t>(1 - change));
}

void Rewrite::insert(std::string_view text) {
  to_.text += text;
  to_.check_size();
  to_.origins.resize(to_.text.size(), origin_before(at_));
}

Piece Rewrite::finish() {
  to_.check_size();
  copy(end_, piece_.text.end - piece_.text.begin);
  Piece piece = piece_;
  piece.text = {static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(to_.text.size())};
  return piece;
}

}  // namespace berth::tokenizing
