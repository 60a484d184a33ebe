/// Files that another file of a model names: shards, external data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "berth/value.h"

namespace berth::model {

/// The file that `named_by` calls `name`, at `offset` there. Throws FormatError where the name leads out of the folder of
/// `named_by`, by ".." or a link or since it is absolute; a link into the blobs of the Hugging Face cache does not count.
/// Throws ModelNotFound where the file is missing.
std::filesystem::path named_file(const std::filesystem::path& named_by, std::uint64_t offset, std::string_view name);

/// The JSON in a file of at most `most` bytes, as Python writes and reads it (value/lenient_json.h): Infinity is null. Throws
/// FormatError with the path, or ModelNotFound.
Value read_json(const std::filesystem::path& path, std::uint64_t most);

/// The same for JSON by its standard, with each name once.
Value read_strict_json(const std::filesystem::path& path, std::uint64_t most);

}  // namespace berth::model
