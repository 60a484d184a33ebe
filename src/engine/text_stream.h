/// From the bytes of tokens to text that may be shown: whole characters, stop words held back.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace berth {

/// Collects the bytes of one completion. What it lets out never changes later: a character that is not complete and
/// text that may become a stop word are held back.
class TextStream {
 public:
  /// `stop_words` must outlive the stream.
  explicit TextStream(std::span<const std::string> stop_words) : stop_words_(stop_words) {}

  /// Adds bytes and answers the text that became certain. After a stop word nothing is added any more.
  std::string push(std::string_view bytes);

  /// No more bytes will come: answers what was held back. Bytes that are no UTF-8 become U+FFFD.
  std::string finish();

  bool stopped() const { return stopped_; }  ///< a stop word was found

 private:
  std::span<const std::string> stop_words_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace berth
