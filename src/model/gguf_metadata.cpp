#include "model/gguf_metadata.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <limits>

#include "model/gguf_fields.h"
#include "text/printable.h"

namespace berth::model {
namespace {

constexpr std::uint64_t max_key_bytes = 65535;  // the specification
constexpr std::uint64_t max_length = 1 << 30;   // of a string in bytes and an array in elements, as in gguf.cpp

// A sparse file of no size on disk can claim any number of strings, each of which takes time to skip. The largest true
// metadata (a vocabulary of 256k tokens, its merges, and a tokenizer.json beside them) have some 40 MiB.
constexpr std::uint64_t max_metadata_bytes = 256 << 20;

// What is longer is not kept.
constexpr std::uint64_t kept_string_bytes = 1 << 20;
constexpr std::uint64_t kept_elements = 512;

struct TypeTraits {
  std::string_view name;
  std::uint32_t bytes;  // 0: varies
};
constexpr std::array<TypeTraits, 13> type_traits{{
    {"uint8", 1},
    {"int8", 1},
    {"uint16", 2},
    {"int16", 2},
    {"uint32", 4},
    {"int32", 4},
    {"float32", 4},
    {"bool", 1},
    {"string", 0},
    {"array", 0},
    {"uint64", 8},
    {"int64", 8},
    {"float64", 8},
}};
const TypeTraits& traits(GgufType type) { return type_traits[static_cast<std::size_t>(type)]; }

GgufType read_type(ByteReader& reader) {
  const auto offset = reader.offset();
  const auto number = reader.read<std::uint32_t>();
  if (number >= type_traits.size()) reader.fail(offset, fmt::format("value type {}", number), "a type from 0 to 12");
  return static_cast<GgufType>(number);
}

std::uint64_t read_length(ByteReader& reader, std::string_view what) {
  const auto offset = reader.offset();
  const auto length = reader.read<std::uint64_t>();
  if (length > max_length)
    reader.fail(offset, fmt::format("{} of length {}", what, length), fmt::format("at most {}", max_length));
  return length;
}

Value left_out(std::string type, std::uint64_t length) {
  return Value::Object{{"type", std::move(type)}, {"length", length}};
}

Value read_string(ByteReader& reader) {
  const auto length = read_length(reader, "a string");
  if (length <= kept_string_bytes) return reader.read_bytes(length);
  reader.skip(length);
  return left_out("string", length);
}

Value read_unsigned(std::uint64_t number) {
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return static_cast<double>(number);
  return number;
}

Value read_bool(ByteReader& reader) {
  const auto offset = reader.offset();
  const auto byte = reader.read<std::uint8_t>();
  if (byte > 1) reader.fail(offset, fmt::format("a boolean of {}", byte), "0 or 1");
  return byte == 1;
}

Value read_scalar(ByteReader& reader, GgufType type) {
  switch (type) {
    case GgufType::uint8:
      return reader.read<std::uint8_t>();
    case GgufType::int8:
      return reader.read<std::int8_t>();
    case GgufType::uint16:
      return reader.read<std::uint16_t>();
    case GgufType::int16:
      return reader.read<std::int16_t>();
    case GgufType::uint32:
      return reader.read<std::uint32_t>();
    case GgufType::int32:
      return reader.read<std::int32_t>();
    case GgufType::float32:
      return double{reader.read<float>()};
    case GgufType::boolean:
      return read_bool(reader);
    case GgufType::string:
      return read_string(reader);
    case GgufType::uint64:
      return read_unsigned(reader.read<std::uint64_t>());
    case GgufType::int64:
      return reader.read<std::int64_t>();
    case GgufType::float64:
      return reader.read<double>();
    case GgufType::array:
      break;
  }
  return nullptr;  // not reached: the caller handles arrays
}

void check_extent(const ByteReader& reader) {
  if (reader.offset() > max_metadata_bytes)
    reader.fail(reader.offset(), "metadata of more than 256 MiB", "the metadata of a model");
}

void skip_strings(ByteReader& reader, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    reader.skip(read_length(reader, "a string"));
    check_extent(reader);
  }
}

Value read_array(ByteReader& reader, GgufValueInfo& info) {
  const auto type_offset = reader.offset();
  info.element_type = read_type(reader);
  if (info.element_type == GgufType::array)
    reader.fail(type_offset, "an array of arrays", "an array of numbers, booleans or strings");
  const auto length_offset = reader.offset();
  info.length = read_length(reader, "an array");
  const std::uint64_t element_bytes = info.element_type == GgufType::string ? 8 : traits(info.element_type).bytes;
  require_entries(reader, length_offset, info.length, element_bytes, "elements");
  if (info.length > kept_elements) {
    if (info.element_type == GgufType::string) {
      skip_strings(reader, info.length);
    } else {
      reader.skip(info.length * element_bytes);
    }
    return left_out(fmt::format("array[{}]", traits(info.element_type).name), info.length);
  }
  Value::Array elements;
  elements.reserve(static_cast<std::size_t>(info.length));
  for (std::uint64_t i = 0; i < info.length; ++i) elements.push_back(read_scalar(reader, info.element_type));
  return elements;
}

}  // namespace

std::string_view to_string(GgufType type) { return traits(type).name; }

GgufMetadata read_gguf_metadata(ByteReader& reader, std::uint64_t count) {
  GgufMetadata metadata;
  for (std::uint64_t i = 0; i < count; ++i) {
    reader.reading(fmt::format("metadata entry {}", i));
    const auto key_offset = reader.offset();
    auto key = read_name(reader, "a key", max_key_bytes);
    reader.reading("metadata " + in_quotes(key));
    if (metadata.values.contains(key)) reader.fail(key_offset, "the key a second time", "each key once");
    GgufValueInfo info;
    info.type = read_type(reader);
    info.offset = reader.offset();
    auto value = info.type == GgufType::array ? read_array(reader, info) : read_scalar(reader, info.type);
    check_extent(reader);
    metadata.infos.set(key, info);
    metadata.values.set(std::move(key), std::move(value));
  }
  return metadata;
}

std::uint64_t gguf_alignment(const ByteReader& reader, const GgufMetadata& metadata) {
  const Value* value = metadata.values.find("general.alignment");
  if (value == nullptr) return 32;  // GGUF_DEFAULT_ALIGNMENT
  const auto& info = metadata.infos.at("general.alignment");
  if (info.type != GgufType::uint32)
    reader.fail(info.offset, fmt::format("general.alignment of type {}", to_string(info.type)), "type uint32");
  const auto alignment = static_cast<std::uint64_t>(value->as_int());
  if (!std::has_single_bit(alignment))
    reader.fail(info.offset, fmt::format("an alignment of {}", alignment), "a power of two");
  return alignment;
}

}  // namespace berth::model
