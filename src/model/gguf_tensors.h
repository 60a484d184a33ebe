/// The list of tensors of a GGUF header.
#pragma once

#include <cstdint>
#include <vector>

#include "berth/model.h"
#include "model/byte_reader.h"

namespace berth::model {

/// Reads `count` entries. Throws FormatError. What it returns holds: names are unique, no tensor is empty, and their
/// data are aligned, lie inside the file and do not overlap.
std::vector<TensorInfo> read_gguf_tensors(ByteReader& reader, std::uint64_t count, std::uint64_t alignment);

}  // namespace berth::model
