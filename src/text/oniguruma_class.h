/// Sets of characters as Oniguruma names them, in the words of PCRE2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth {

// What \s, \w and \h match there, as it stands between brackets: white space, and letters with their marks.
inline constexpr std::string_view oniguruma_space =
    "\\x09-\\x0d\\x20\\x85\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
inline constexpr std::string_view oniguruma_word = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{363}-\\x{36f}";
inline constexpr std::string_view oniguruma_latin_word =
    "\\xb2\\xb3\\xb9\\xbc-\\xbe";  ///< of \w too, outside of classes
inline constexpr std::string_view oniguruma_hex = "0-9A-Fa-f";

/// What stands in \p{...} or [:...:], as it stands between brackets: general categories with short and long names,
/// POSIX names, scripts, and the binary properties of Unicode. None for an empty name, or one with other characters than
/// letters, digits, spaces, '-' and '_'.
std::optional<std::string> oniguruma_property(std::string_view name);

}  // namespace berth
