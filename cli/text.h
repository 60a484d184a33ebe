/// Text and numbers made fit for a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

/// `text` in exactly `width` characters: cut with "...", or filled up with blanks. Counts code points.
std::string fitted(std::string_view text, std::size_t width);

/// Rows of texts in columns, each as wide as it needs; where they are wider than `width` together, the widest is cut.
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width = 80);

/// A name of up to 28 characters and what it is, the latter in lines of its own column, within 80 columns.
std::string entry(std::string name, std::string_view description);

/// "23.4 GiB", or "-" for 0.
std::string in_units(std::uint64_t bytes);

}  // namespace berth::cli
