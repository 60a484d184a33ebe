#include "model/gguf_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "model/ggml_type.h"
#include "model/gguf_fields.h"
#include "text/printable.h"

namespace berth::model {
namespace {

constexpr std::uint32_t max_dimensions = 4;          // GGML_MAX_DIMS
constexpr std::uint64_t max_tensor_name_bytes = 63;  // GGML_MAX_NAME - 1

/// The bytes of the tensor whose shape and type were read. Throws where they overflow.
std::uint64_t data_bytes(const ByteReader& reader, std::uint64_t offset, const TensorInfo& tensor,
                         const GgmlType& type) {
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());  // ggml counts in int64
  std::uint64_t elements = 1;
  for (const auto extent : tensor.shape) {
    if (elements > max / extent)
      reader.fail(offset, fmt::format("the shape {}", fmt::join(tensor.shape, " x ")), "at most 2^63 - 1 elements");
    elements *= extent;
  }
  const std::uint64_t row = tensor.shape.empty() ? 1 : tensor.shape.front();
  if (row % type.block_elements != 0) {
    reader.fail(offset, fmt::format("rows of {} elements", row),
                fmt::format("a multiple of {}, the block of {}", type.block_elements, type.name));
  }
  const auto blocks = elements / type.block_elements;
  if (blocks > max / type.block_bytes)
    reader.fail(offset, fmt::format("the shape {}", fmt::join(tensor.shape, " x ")), "at most 2^63 - 1 bytes");
  return blocks * type.block_bytes;
}

TensorInfo read_tensor(ByteReader& reader, std::uint64_t alignment) {
  TensorInfo tensor;
  tensor.name = read_name(reader, "a name", max_tensor_name_bytes);
  reader.reading("tensor " + in_quotes(tensor.name));
  const auto shape_offset = reader.offset();
  const auto dimensions = reader.read<std::uint32_t>();
  if (dimensions > max_dimensions)
    reader.fail(shape_offset, fmt::format("{} dimensions", dimensions), fmt::format("at most {}", max_dimensions));
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    tensor.shape.push_back(reader.read<std::uint64_t>());
    if (tensor.shape.back() == 0) reader.fail(reader.offset() - 8, "a dimension of zero", "at least 1");
  }
  const auto type_offset = reader.offset();
  const auto number = reader.read<std::uint32_t>();
  const GgmlType* type = ggml_type(number);
  if (type == nullptr) {
    reader.fail(type_offset, fmt::format("tensor type {}", number),
                "a type that ggml has; a newer Berth or a new conversion of the model may help");
  }
  tensor.type = type->name;
  tensor.bytes = data_bytes(reader, shape_offset, tensor, *type);
  tensor.offset = reader.read<std::uint64_t>();  // from the start of the data, for now
  if (tensor.offset % alignment != 0) {
    reader.fail(reader.offset() - 8, fmt::format("data at {}", tensor.offset),
                fmt::format("a multiple of {}, the alignment", alignment));
  }
  return tensor;
}

/// Makes offsets count from the start of the file, and checks that the data are all there.
void place_tensors(const ByteReader& reader, std::vector<TensorInfo>& tensors, std::uint64_t alignment) {
  if (tensors.empty()) return;
  const auto data_offset = (reader.offset() + alignment - 1) & ~(alignment - 1);
  const TensorInfo* first_cut = nullptr;
  std::uint64_t needed = 0;
  for (auto& tensor : tensors) {
    if (tensor.offset > std::numeric_limits<std::uint64_t>::max() - data_offset - tensor.bytes) {
      reader.fail(reader.offset(), fmt::format("data of {} at {}", in_quotes(tensor.name), tensor.offset),
                  "an offset inside the file");
    }
    tensor.offset += data_offset;
    const auto end = tensor.offset + tensor.bytes;
    if (end > reader.size() && first_cut == nullptr) first_cut = &tensor;
    needed = std::max(needed, end);
  }
  if (first_cut != nullptr) {
    reader.fail(
        reader.size(), "the end of the file",
        fmt::format("bytes up to {} for {} and up to {} for all tensors: the download is incomplete, or the file "
                    "is damaged",
                    first_cut->offset + first_cut->bytes, in_quotes(first_cut->name), needed));
  }
}

void check_overlaps(const ByteReader& reader, const std::vector<TensorInfo>& tensors) {
  std::vector<const TensorInfo*> by_offset(tensors.size());
  std::transform(tensors.begin(), tensors.end(), by_offset.begin(), [](const auto& tensor) { return &tensor; });
  std::sort(by_offset.begin(), by_offset.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const auto& before = *by_offset[i - 1];
    const auto& after = *by_offset[i];
    if (before.offset + before.bytes > after.offset) {
      reader.fail(after.offset,
                  fmt::format("data of {} inside those of {}", in_quotes(after.name), in_quotes(before.name)),
                  "each byte in one tensor");
    }
  }
}

}  // namespace

std::vector<TensorInfo> read_gguf_tensors(ByteReader& reader, std::uint64_t count, std::uint64_t alignment) {
  std::vector<TensorInfo> tensors;
  std::unordered_set<std::string> names;
  for (std::uint64_t i = 0; i < count; ++i) {
    reader.reading(fmt::format("tensor entry {}", i));
    const auto offset = reader.offset();
    tensors.push_back(read_tensor(reader, alignment));
    if (!names.insert(tensors.back().name).second) reader.fail(offset, "the name a second time", "each name once");
  }
  reader.reading("");
  place_tensors(reader, tensors, alignment);
  check_overlaps(reader, tensors);
  return tensors;
}

}  // namespace berth::model
