/// Searching and splitting texts; what str's methods and some filters share.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "jinja/text.h"

namespace berth::jinja {

/// `text` without white space, or without the characters of `set`, at its ends.
Any stripped(Run& run, const Str& text, const Any* set, bool left = true, bool right = true);

/// `text` with each `old` (or the first `count` where that is not negative) replaced.
Any replaced(Run& run, const Str& text, const Str& old, const Str& by, std::int64_t count);

/// The parts between `separator`, or between runs of white space where that is nullptr; cut `count` times at most where
/// that is not negative.
List* split(Run& run, const Str& text, const Str* separator, std::int64_t count);
List* split_from_right(Run& run, const Str& text, const Str* separator, std::int64_t count);

/// The lines, with what ends them if `keep_ends`.
List* split_lines(Run& run, const Str& text, bool keep_ends);

/// The texts of `items` with `separator` between them; what is no text is a TypeError.
Any joined(Run& run, const Str& separator, const Any& items);

}  // namespace berth::jinja
