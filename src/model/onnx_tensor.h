/// Tensors in ONNX files.
#pragma once

#include <optional>
#include <string>

#include "berth/model.h"
#include "model/protobuf.h"

namespace berth::model {

/// Where the data of a tensor lie, if in another file.
struct ExternalData {
  std::string location;               ///< as the file says, not checked
  std::uint64_t location_offset = 0;  ///< where it says so
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

struct OnnxTensor {
  TensorInfo info;  ///< the name as the tensor has it, empty where it has none; `offset` that of its data in this file
  std::optional<ExternalData> external;
};

/// Reads a TensorProto of `length` bytes, which `reader` stands before. Throws FormatError, also where its data are not of
/// the length that type and shape say.
OnnxTensor read_onnx_tensor(ByteReader& reader, std::uint64_t length);

}  // namespace berth::model
