/// The header of one safetensors file.
#pragma once

#include <vector>

#include "berth/model.h"
#include "model/byte_reader.h"

namespace berth::model {

struct SafetensorsHeader {
  Value::Object metadata;           ///< texts that the file says of itself (__metadata__)
  std::vector<TensorInfo> tensors;  ///< in the order of the header, without layers and roles
};

/// Reads the header that `reader` stands before. Throws FormatError. What it returns holds: names are unique, and the
/// data of the tensors have the length that type and shape say, follow each other without gaps, and end with the file.
///
/// The format: README of github.com/huggingface/safetensors, and what its own reader (0.8) refuses: a header of more than
/// 100 MB, gaps, overlaps and bytes after the last tensor.
SafetensorsHeader read_safetensors(ByteReader& reader);

}  // namespace berth::model
