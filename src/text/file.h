/// Whole files of text.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace berth {

/// What stands in a regular file. Throws FormatError, which says that `expected` was expected, where there is none or it
/// cannot be read.
std::string read_file(const std::filesystem::path& path, std::string_view expected);

/// Puts `text` in the place of what stands there, in one step: whoever reads has the old or the new, whatever happens.
/// Throws std::filesystem::filesystem_error.
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace berth
