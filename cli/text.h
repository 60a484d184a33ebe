/// Text made fit for a table.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

/// Code points.
std::size_t characters(std::string_view text);

/// `text` in exactly `width` characters: cut with "...", or filled up with blanks. Counts code points.
std::string fitted(std::string_view text, std::size_t width);

/// Rows of texts in columns, each as wide as it needs; where they are wider than `width` together, the widest is cut.
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width = 80);

/// The words of `text` in lines that end before column 80, for output that stands at column `indent` already; each
/// further line starts there too.
std::string wrapped(std::string_view text, std::size_t indent);

/// A name of up to 28 characters and what it is, the latter in lines of its own column, within 80 columns.
std::string entry(std::string name, std::string_view description);

}  // namespace berth::cli
