/// Texts wrapped to a width, as Python's textwrap does it.
#pragma once

#include "jinja/text.h"

namespace berth::jinja {

struct WordWrap {
  std::int64_t width = 79;
  bool break_long_words = true;
  bool break_on_hyphens = true;
};

/// Each line of `text` wrapped, with `line_end` between the lines.
Any word_wrapped(Run& run, const Str& text, const WordWrap& options, const Str& line_end);

}  // namespace berth::jinja
