/// Text made fit for a table.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::cli {

/// `text` in exactly `width` characters: cut with "...", or filled up with blanks. Counts code points.
std::string fitted(std::string_view text, std::size_t width);

/// The words of `text` in lines that end before column 80, for output that stands at column `indent` already; each
/// further line starts there too.
std::string wrapped(std::string_view text, std::size_t indent);

}  // namespace berth::cli
