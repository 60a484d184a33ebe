#include "model/gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "model/gguf_fields.h"
#include "model/gguf_tensors.h"
#include "model/guess_format.h"

namespace berth::model {
namespace {

// The fewest bytes that an entry takes: key length, key, type, value; name length, name, dimension count, type, offset.
constexpr std::uint64_t min_metadata_bytes = 8 + 1 + 4 + 1;
constexpr std::uint64_t min_tensor_bytes = 8 + 1 + 4 + 4 + 8;

void check_magic_and_version(ByteReader& reader) {
  if (reader.size() == 0)
    reader.fail(0, "an empty file", "a GGUF file: its download did not begin, or the disk was full");
  constexpr std::string_view magic = "GGUF";
  const auto start = reader.peek(32);
  if (start.substr(0, magic.size()) != magic.substr(0, start.size()))
    reader.fail(0, guess_format(start), "a GGUF file, which begins with the letters GGUF");
  reader.skip(std::min(start.size(), magic.size()));
  const auto offset = reader.offset();
  const auto version = reader.read<std::uint32_t>();
  if (version != 0 && (version & 0xffff) == 0)
    reader.fail(offset, "a big-endian GGUF", "a little-endian one: convert the model for this kind of machine");
  if (version != 2 && version != 3)
    reader.fail(offset, fmt::format("GGUF version {}", version), "version 2 or 3: convert the model again");
}

}  // namespace

GgufHeader read_gguf(ByteReader& reader) {
  check_magic_and_version(reader);
  const auto counts_offset = reader.offset();
  const auto tensor_count = reader.read<std::uint64_t>();
  const auto metadata_count = reader.read<std::uint64_t>();
  require_entries(reader, counts_offset, tensor_count, min_tensor_bytes, "tensors");
  require_entries(reader, counts_offset + 8, metadata_count, min_metadata_bytes, "metadata entries");
  GgufHeader header;
  header.metadata = read_gguf_metadata(reader, metadata_count);
  require_entries(reader, counts_offset, tensor_count, min_tensor_bytes, "tensors");
  header.tensors = read_gguf_tensors(reader, tensor_count, gguf_alignment(reader, header.metadata));
  return header;
}

}  // namespace berth::model
