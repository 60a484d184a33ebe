/// What both lists of a GGUF header, metadata and tensors, are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/byte_reader.h"

namespace berth::model {

/// A name after its length. Throws FormatError where it is empty, longer than `max_bytes` or not readable.
std::string read_name(ByteReader& reader, std::string_view what, std::uint64_t max_bytes);

/// Throws FormatError unless `count` entries of at least `min_bytes` each fit into the bytes left. `offset` is that of
/// the count.
void require_entries(const ByteReader& reader, std::uint64_t offset, std::uint64_t count, std::uint64_t min_bytes,
                     std::string_view what);

}  // namespace berth::model
