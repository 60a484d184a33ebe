/// The header of one GGUF file.
#pragma once

#include <vector>

#include "berth/model.h"
#include "model/byte_reader.h"
#include "model/gguf_metadata.h"

namespace berth::model {

struct GgufHeader {
  GgufMetadata metadata;
  std::vector<TensorInfo> tensors;  ///< as read_gguf_tensors gives them
};

/// Reads the header that `reader` stands before. Throws FormatError.
///
/// The format: docs/gguf.md in the ggml repository (version 3; version 2 has the same layout and knows no big endian),
/// and the limits of ggml's own reader, gguf.cpp of ggml 0.25.3.
GgufHeader read_gguf(ByteReader& reader);

}  // namespace berth::model
