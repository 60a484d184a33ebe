#include <fmt/format.h>

#include <algorithm>

#include "berth/model.h"
#include "model/element_type.h"
#include "model/ggml_type.h"
#include "model/profile_fields.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Bytes of a tensor's elements; nothing where they are more than 2^62.
std::optional<std::uint64_t> ggml_bytes(const TensorInfo& tensor, const model::GgmlType& type) {
  constexpr std::uint64_t most = 1ULL << 62;
  std::uint64_t blocks = 1;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    const auto extent = i == 0 ? tensor.shape[i] / type.block_elements : tensor.shape[i];
    if (extent != 0 && blocks > most / extent) return std::nullopt;
    blocks *= extent;
  }
  if (blocks > most / type.block_bytes) return std::nullopt;
  return blocks * type.block_bytes;
}

void check_ggml(const TensorInfo& tensor, const structs::Place& place) {
  const auto* type = model::ggml_type(std::string_view(tensor.type));
  if (type == nullptr)
    structs::Place(place, "type").fail(fmt::format("{} is no type of tensors", in_quotes(tensor.type)));
  const structs::Place shape(place, "shape");
  if (tensor.shape.size() > 4) shape.fail("has more than 4 dimensions");
  if (std::ranges::find(tensor.shape, 0U) != tensor.shape.end()) shape.fail("has a dimension of zero");
  if (!tensor.shape.empty() && tensor.shape.front() % type->block_elements != 0)
    shape.fail(fmt::format("has rows that are no multiple of {}, the block of {}", type->block_elements, tensor.type));
  const auto bytes = ggml_bytes(tensor, *type);
  if (!bytes || (*bytes != tensor.bytes && !tensor.shape.empty()))
    structs::Place(place, "bytes").fail("is not what type and shape take");
}

/// Of a format that stores elements one by one.
void check_elements(const TensorInfo& tensor, const structs::Place& place) {
  const auto bits = model::element_bits(tensor.type);
  if (!bits) structs::Place(place, "type").fail(fmt::format("{} is no type of tensors", in_quotes(tensor.type)));
  if (tensor.shape.size() > 64) structs::Place(place, "shape").fail("has more than 64 dimensions");
  if (*bits != 0 && model::element_bytes(tensor.shape, *bits) != tensor.bytes)
    structs::Place(place, "bytes").fail("is not what type and shape take");
}

}  // namespace

Value ModelProfile::to_dict() const {
  Value::Object dict;
  dict.set("path", path.string());
  structs::write_fields(*this, dict);
  dict.set("metadata", metadata);
  return dict;
}

ModelProfile ModelProfile::from_dict(const Value& dict) {
  const structs::Place document;
  auto profile = structs::read<ModelProfile>(dict, document);
  if (const Value* path = dict.find("path"))
    profile.path = structs::read<std::string>(*path, structs::Place(document, "path"));
  if (const Value* metadata = dict.find("metadata")) {
    structs::detail::check_object(*metadata, structs::Place(document, "metadata"));
    profile.metadata = metadata->as_object();
  }
  const structs::Place tensors(document, "tensors");
  const bool by_element = profile.format == "safetensors" || profile.format == "onnx";
  for (std::size_t i = 0; i < profile.tensors.size(); ++i)
    (by_element ? check_elements : check_ggml)(profile.tensors[i], structs::Place(tensors, i));
  return profile;
}

}  // namespace berth
