/// Text made fit for a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::cli {

/// `text` with control characters, those that change the direction of writing, and bytes that are not UTF-8 as
/// \n, \x1b, \u202e. With `keep_lines`, ends of lines and tabs stay.
std::string escaped(std::string_view text, bool keep_lines = false);

/// `text` in exactly `width` characters: cut with "...", or filled up with blanks. Counts code points.
std::string fitted(std::string_view text, std::size_t width);

/// "23.4 GiB", or "-" for 0.
std::string in_units(std::uint64_t bytes);

}  // namespace berth::cli
