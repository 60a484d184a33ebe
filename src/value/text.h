/// Text from elsewhere, made fit to stand in a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth {

/// The length in bytes of the UTF-8 character that `text` starts with, or 0 where it starts with none (RFC 3629).
std::size_t utf8_length(std::string_view text);

/// `text` as it is where it is ordinary. Control characters, and those that change the direction of writing, become
/// \n, \t, \r or \x1b and \u202e; a byte that is not UTF-8 becomes \xff; what is beyond `limit` bytes becomes "...".
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace berth
