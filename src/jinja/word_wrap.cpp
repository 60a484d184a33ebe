#include "jinja/word_wrap.h"

#include <fmt/format.h>

#include <algorithm>

#include "jinja/operators.h"
#include "jinja/text_search.h"
#include "text/regex.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

/// A part of a line that is not divided unless it must be.
struct Chunk {
  std::size_t begin;
  std::size_t end;
  std::size_t characters;
  std::size_t text_end;  ///< behind it there are only blanks

  bool is_blank() const { return begin >= text_end; }
};

class Wrapper {
 public:
  Wrapper(Run& run, const WordWrap& options, const Str& line) : run_(run), options_(options), line_(line) {}

  /// Adds the lines that the line becomes.
  void wrap(List& lines) {
    split();
    while (at_ < chunks_.size()) {
      run_.count_steps(1);
      if (chunks_[at_].is_blank() && has_lines_ && ++at_ == chunks_.size()) break;
      std::vector<Chunk> current;
      std::size_t length = 0;
      const auto width = static_cast<std::size_t>(options_.width);
      while (at_ < chunks_.size() && length + chunks_[at_].characters <= width) {
        length += chunks_[at_].characters;
        current.push_back(chunks_[at_++]);
      }
      if (at_ < chunks_.size() && chunks_[at_].characters > width) divide(current, width - length);
      if (!current.empty() && current.back().is_blank()) current.pop_back();
      if (current.empty()) continue;
      lines.items.push_back(part(run_, line_, current.front().begin, current.back().end));
      has_lines_ = true;
    }
  }

 private:
  Chunk chunk(std::size_t begin, std::size_t end, std::size_t characters) const {
    const auto text = without_space(line_.bytes.substr(begin, end - begin), false, true);
    return {begin, end, characters, begin + text.size()};
  }

  void add(std::size_t begin, std::size_t end) {
    if (begin == end) return;
    run_.count_steps(1);
    chunks_.push_back(chunk(begin, end, count_characters(line_.bytes.substr(begin, end - begin))));
  }

  void split() {
    // The blanks, a dash between words, or a word, which may be divided after its hyphens.
    static const Regex with_hyphens(
        R"([\t\n\x0b\x0c\r ]+|(?<=[\w!"'&.,?])-{2,}(?=\w)|[^\t\n\x0b\x0c\r ]+?(?:-(?:(?<=[^\d\W]{2}-)|)"
        R"((?<=[^\d\W]-[\w!"'&.,?]-))(?=[^\d\W]-?[^\d\W])|(?=[\t\n\x0b\x0c\r ]|\Z)|(?<=[\w!"'&.,?])(?=-{2,}\w)))");
    static const Regex blanks(R"([\t\n\x0b\x0c\r ]+)");
    std::size_t from = 0;
    (options_.break_on_hyphens ? with_hyphens : blanks).for_each_match(line_.bytes, [&](const RegexMatch& match) {
      add(from, match.begin);
      add(match.begin, match.end);
      from = match.end;
    });
    add(from, line_.bytes.size());
  }

  /// Takes as much of the next chunk, which is too long for any line, as has room.
  void divide(std::vector<Chunk>& current, std::size_t room) {
    auto& whole = chunks_[at_];
    if (!options_.break_long_words) {
      if (current.empty()) current.push_back(chunks_[at_++]);
      return;
    }
    const auto text = line_.bytes.substr(whole.begin, whole.end - whole.begin);
    auto taken = room;
    auto bytes = byte_of_character(text, room);
    if (options_.break_on_hyphens) {
      const auto hyphen = text.substr(0, bytes).rfind('-');
      if (hyphen != text.npos && hyphen > 0 && text.substr(0, hyphen).find_first_not_of('-') != text.npos) {
        bytes = hyphen + 1;
        taken = count_characters(text.substr(0, bytes));
      }
    }
    // Also where there is no room: then this empty part, and not a blank before it, is what the line loses at its end.
    current.push_back(chunk(whole.begin, whole.begin + bytes, taken));
    whole.begin += bytes;
    whole.characters -= taken;
    run_.count_steps(1);
  }

  Run& run_;
  const WordWrap& options_;
  const Str& line_;
  std::vector<Chunk> chunks_;
  std::size_t at_ = 0;
  bool has_lines_ = false;
};

}  // namespace

Any word_wrapped(Run& run, const Str& text, const WordWrap& options, const Str& line_end) {
  auto* lines = run.list();
  const auto* given = split_lines(run, text, false);
  if (options.width <= 0 && !given->items.empty())
    value_error(fmt::format("invalid width {} (must be > 0)", options.width));
  for (const auto& line : given->items) {
    const auto before = lines->items.size();
    Wrapper(run, options, line.string()).wrap(*lines);
    if (lines->items.size() == before) lines->items.push_back(run.view(""));
  }
  return joined(run, line_end, Any::list(lines));
}

}  // namespace berth::jinja
