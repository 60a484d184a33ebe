#include "engine/text_stream.h"

#include <algorithm>
#include <cstddef>

#include "text/utf8.h"

namespace berth {
namespace {

/// How many bytes at the end of `text` are the start of a character that is not complete.
std::size_t cut_character(std::string_view text) {
  for (std::size_t n = 1; n <= std::min<std::size_t>(3, text.size()); ++n) {
    const auto tail = text.substr(text.size() - n);
    if ((static_cast<unsigned char>(tail[0]) & 0xC0) == 0x80) continue;
    return first_character(tail).state == Utf8Character::cut ? n : 0;
  }
  return 0;
}

}  // namespace

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
