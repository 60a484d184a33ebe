/// Text from elsewhere, made fit to stand in a message or on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth {

/// `text` as it is where it is ordinary. Control characters, and those that change the direction of writing, become
/// \n, \t, \r or \x1b and \u202e; a byte that is not UTF-8 becomes \xff; what is beyond `limit` bytes becomes "...".
std::string printable(std::string_view text, std::size_t limit = 200);

/// printable() without a limit; with `keep_lines`, ends of lines and tabs stay.
std::string escaped(std::string_view text, bool keep_lines = false);

/// escaped() for HTML, XML and quoted labels of Mermaid.
std::string in_markup(std::string_view text);

/// printable() in single quotes.
std::string in_quotes(std::string_view text);

}  // namespace berth
