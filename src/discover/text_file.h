/// Files that are read and written as a whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace berth::discovery {

/// What a file or pipe holds. Throws std::filesystem::filesystem_error where it cannot be read, FormatError where it
/// holds more than `most` bytes; no more than that is read.
std::string read_text_file(const std::filesystem::path& path, std::size_t most);

/// Written beside, flushed to the disk and renamed: `path` holds the old text or the new one, whatever happens. Through
/// a link to a file, that file is replaced. Throws std::filesystem::filesystem_error, also where `path` is there and no
/// regular file.
void write_text_file(const std::filesystem::path& path, std::string_view text);

}  // namespace berth::discovery
