/// From a GGUF header to what it says about the model.
#pragma once

#include "berth/model.h"
#include "model/byte_reader.h"
#include "model/gguf.h"

namespace berth::model {

/// The profile of a file on its own, without its layers (layers.h), which need the tensors of all parts. `reader` is the
/// one that `header` came from. Throws FormatError.
ModelProfile make_profile(const ByteReader& reader, GgufHeader header);

/// Which part of a split model a file is, as its metadata say: {0, 1} where it is whole. Throws FormatError.
struct SplitPlace {
  std::uint32_t part = 0;
  std::uint32_t count = 1;
};
SplitPlace split_place(const ByteReader& reader, const GgufMetadata& metadata);

/// The value of a metadata entry that counts something. Throws FormatError where it is no integer or negative.
std::optional<std::uint64_t> find_count(const ByteReader& reader, const GgufMetadata& metadata, std::string_view key);

}  // namespace berth::model
