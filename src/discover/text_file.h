/// Files and pipes that are read as a whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace berth::discovery {

/// What a file or pipe holds. Throws std::filesystem::filesystem_error where it cannot be read, FormatError where it
/// holds more than `most` bytes; no more than that is read.
std::string read_text_file(const std::filesystem::path& path, std::size_t most);

}  // namespace berth::discovery
