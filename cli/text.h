/// Text and numbers made fit for a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::cli {

/// `text` in exactly `width` characters: cut with "...", or filled up with blanks. Counts code points.
std::string fitted(std::string_view text, std::size_t width);

/// "23.4 GiB", or "-" for 0.
std::string in_units(std::uint64_t bytes);

}  // namespace berth::cli
