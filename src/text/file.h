/// Whole files of text.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace berth {

/// What is left of an open file or pipe, at most its first `most` bytes. Throws std::system_error.
std::string read_all(int file, std::size_t most = std::string::npos);

/// What a file or pipe holds. Throws std::filesystem::filesystem_error where it cannot be read, FormatError where it
/// holds more than `most` bytes; no more than that is read.
std::string read_text_file(const std::filesystem::path& path, std::size_t most = std::string::npos);

/// What stands in a regular file. Throws FormatError, which says that `expected` was expected, where there is none or it
/// cannot be read.
std::string read_file(const std::filesystem::path& path, std::string_view expected);

/// Puts `text` in the place of what stands there, in one step: whoever reads has the old or the new, whatever happens.
/// Throws std::filesystem::filesystem_error.
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace berth
