/// The metadata of a GGUF header.
#pragma once

#include <cstdint>
#include <string_view>

#include "berth/value.h"
#include "model/byte_reader.h"

namespace berth::model {

/// The types of metadata values, with their numbers in the file.
enum class GgufType : std::uint32_t {
  uint8 = 0,
  int8,
  uint16,
  int16,
  uint32,
  int32,
  float32,
  boolean,
  string,
  array,
  uint64,
  int64,
  float64
};

/// "uint8", ..., as the specification names them.
std::string_view to_string(GgufType type);

/// Where a metadata value stands in the file and what it is there.
struct GgufValueInfo {
  std::uint64_t offset = 0;
  GgufType type = GgufType::uint8;
  GgufType element_type = GgufType::uint8;  ///< of an array
  std::uint64_t length = 0;                 ///< of an array, in elements
};

struct GgufMetadata {
  Value::Object values;             ///< as ModelProfile::metadata
  OrderedMap<GgufValueInfo> infos;  ///< of the same names, in the same order
};

/// Reads `count` entries. Throws FormatError.
GgufMetadata read_gguf_metadata(ByteReader& reader, std::uint64_t count);

/// The alignment of tensor data, which the metadata may set. Throws FormatError.
std::uint64_t gguf_alignment(const ByteReader& reader, const GgufMetadata& metadata);

}  // namespace berth::model
