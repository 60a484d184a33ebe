/// Oniguruma's regular expressions in the words of PCRE2.
#pragma once

#include <string_view>

#include "text/python_pattern.h"

namespace berth {

/// The pattern, in Oniguruma's own syntax, with what PCRE2 writes in another way: \h, \O, \v, \uXXXX, \w, \s, \b and
/// POSIX brackets as Oniguruma knows them in Unicode, properties by script instead of its extensions, classes with "&&" or
/// other classes inside, (?m) for a dot that matches newlines, "{,n}", and "{n,m}+", which is not possessive there.
/// Wants PCRE2_MULTILINE, since ^ and $ match at each line. Callouts, calls of groups, absence operators, conditions and
/// text segments are refused. Throws std::invalid_argument with the position of the mistake.
Pcre2Pattern from_oniguruma_pattern(std::string_view pattern);

}  // namespace berth
