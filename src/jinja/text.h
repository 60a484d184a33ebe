/// Texts that keep track of what came from outside.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/any.h"
#include "jinja/run.h"

namespace berth::jinja {

/// Puts a text together, and counts it.
class TextBuilder {
 public:
  explicit TextBuilder(Run& counts) : run(counts) {}

  void append(std::string_view trusted) {
    run.count_text(trusted.size());
    bytes_ += trusted;
  }
  void append(char trusted) {
    run.count_text(1);
    bytes_ += trusted;
  }
  void append(const Str& text);
  /// A part of `text`, in bytes.
  void append(const Str& text, std::size_t begin, std::size_t end);
  void append_untrusted(std::string_view text);
  void append_repeated(std::string_view trusted, std::size_t times);

  std::string_view bytes() const { return bytes_; }
  const std::vector<TextRange>& untrusted() const { return untrusted_; }
  std::string take_bytes() { return std::move(bytes_); }

  /// The text as a value.
  Any finish(bool markup = false);

  Run& run;
  std::vector<const void*> open;  ///< the containers that are being written, from the outermost

 private:
  void mark(std::size_t begin, std::size_t end);

  std::string bytes_;
  std::vector<TextRange> untrusted_;
};

/// The part of `text` from byte `begin` to before `end`, which shares its bytes.
Any part(Run& run, const Str& text, std::size_t begin, std::size_t end);

/// Which bytes are characters number `begin` to before `end`.
TextRange bytes_of(Run& run, const Str& text, std::size_t begin, std::size_t end);

/// `text` changed by `change`. What is trusted in it and what is not are changed apart.
template <class Change>
Any changed(Run& run, const Str& text, Change change) {
  TextBuilder out(run);
  std::size_t at = 0;
  for (const auto& range : text.untrusted) {
    if (range.begin > at) out.append(change(text.bytes.substr(at, range.begin - at)));
    out.append_untrusted(change(text.bytes.substr(range.begin, range.end - range.begin)));
    at = range.end;
  }
  if (at < text.bytes.size()) out.append(change(text.bytes.substr(at)));
  return out.finish(text.markup);
}

/// The same for what changes a word by where it stands: the text is changed as a whole. Where characters may have become
/// longer or shorter, nothing of it is trusted any more.
Any changed_by_words(Run& run, const Str& text, std::string (*change)(std::string_view));

/// With &, <, >, ' and " as entities.
void append_escaped(TextBuilder& out, const Str& text);
Any escaped_text(Run& run, const Any& value);  ///< Python's markupsafe.escape()

}  // namespace berth::jinja
