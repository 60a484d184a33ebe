#include "engine/text_stream.h"

#include <algorithm>
#include <cstddef>

namespace berth {
namespace {

struct Utf8Step {
  std::size_t length;  // bytes to go on by
  enum { whole, cut, broken } state;
};

/// The character at the start of `bytes` (not empty), by the table of well-formed sequences, Unicode 15.0, 3.9.
Utf8Step utf8_step(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, Utf8Step::whole};
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
  if (length == 0) return {1, Utf8Step::broken};
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {i, Utf8Step::cut};
    const unsigned char low = i > 1 ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = i > 1 ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(i) < low || byte(i) > high) return {i, Utf8Step::broken};
  }
  return {length, Utf8Step::whole};
}

/// How many bytes at the end of `text` are the start of a character that is not complete.
std::size_t cut_character(std::string_view text) {
  for (std::size_t n = 1; n <= std::min<std::size_t>(3, text.size()); ++n) {
    const auto tail = text.substr(text.size() - n);
    if ((static_cast<unsigned char>(tail[0]) & 0xC0) == 0x80) continue;
    return utf8_step(tail).state == Utf8Step::cut ? n : 0;
  }
  return 0;
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto step = utf8_step(bytes);
    text += step.state == Utf8Step::whole ? bytes.substr(0, step.length) : std::string_view("\uFFFD");
    bytes.remove_prefix(step.length);
  }
  return text;
}

std::string TextStream::push(std::string_view bytes) {
  if (stopped_) return {};
  held_ += bytes;

  std::size_t first_stop = std::string::npos;
  for (const auto& word : stop_words_) first_stop = std::min(first_stop, held_.find(word));
  if (first_stop != std::string::npos) {
    stopped_ = true;
    held_.resize(first_stop);
    return finish();
  }

  std::size_t keep = cut_character(held_);
  for (const auto& word : stop_words_)
    for (std::size_t n = std::min(word.size() - 1, held_.size()); n > keep; --n)
      if (held_.ends_with(std::string_view(word).substr(0, n))) keep = n;

  // A stop word may begin inside a character of several bytes only where it is not UTF-8 itself.
  std::string text = valid_utf8(std::string_view(held_).substr(0, held_.size() - keep));
  held_.erase(0, held_.size() - keep);
  return text;
}

std::string TextStream::finish() {
  std::string text = valid_utf8(held_);
  held_.clear();
  return text;
}

}  // namespace berth
