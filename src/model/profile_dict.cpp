#include <fmt/format.h>

#include "berth/model.h"
#include "model/ggml_type.h"
#include "text/printable.h"
#include "value/structs.h"

namespace berth::structs {

template <>
struct FieldsOf<TensorInfo> {
  static constexpr std::tuple all = {required("name", &TensorInfo::name),   required("type", &TensorInfo::type),
                                     required("shape", &TensorInfo::shape, 1), required("bytes", &TensorInfo::bytes),
                                     field("offset", &TensorInfo::offset),  field("part", &TensorInfo::part),
                                     field("layer", &TensorInfo::layer),    field("role", &TensorInfo::role)};
};

template <>
struct FieldsOf<LayerProfile> {
  static constexpr std::tuple all = {field("attention", &LayerProfile::attention),
                                     field("recurrent", &LayerProfile::recurrent),
                                     field("dense", &LayerProfile::dense),
                                     field("experts", &LayerProfile::experts),
                                     field("loaded", &LayerProfile::loaded),
                                     field("heads", &LayerProfile::heads),
                                     field("kv_heads", &LayerProfile::kv_heads),
                                     field("key_length", &LayerProfile::key_length),
                                     field("value_length", &LayerProfile::value_length),
                                     field("has_cache", &LayerProfile::has_cache),
                                     field("keys_only", &LayerProfile::keys_only),
                                     field("window", &LayerProfile::window),
                                     field("cache_of", &LayerProfile::cache_of),
                                     field("convolution_state", &LayerProfile::convolution_state),
                                     field("recurrent_state", &LayerProfile::recurrent_state),
                                     field("feed_forward_length", &LayerProfile::feed_forward_length),
                                     field("experts_used", &LayerProfile::experts_used)};
};

template <>
struct FieldsOf<ModelProfile> {
  static constexpr std::tuple all = {required("format", &ModelProfile::format),
                                     required("architecture", &ModelProfile::architecture),
                                     field("name", &ModelProfile::name),
                                     field("part_count", &ModelProfile::part_count, 1),
                                     field("file_bytes", &ModelProfile::file_bytes),
                                     field("context_length", &ModelProfile::context_length),
                                     field("block_count", &ModelProfile::block_count),
                                     field("vocabulary_size", &ModelProfile::vocabulary_size),
                                     field("embedding_length", &ModelProfile::embedding_length),
                                     field("experts", &ModelProfile::experts),
                                     field("key_rank", &ModelProfile::key_rank),
                                     field("query_rank", &ModelProfile::query_rank),
                                     field("has_chat_template", &ModelProfile::has_chat_template),
                                     field("layers", &ModelProfile::layers),
                                     required("tensors", &ModelProfile::tensors),
                                     field("tensor_bytes", &ModelProfile::tensor_bytes)};
};

}  // namespace berth::structs

namespace berth {
namespace {

/// Bytes of a tensor's elements; nothing where they are more than 2^62.
std::optional<std::uint64_t> element_bytes(const TensorInfo& tensor, const model::GgmlType& type) {
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

void check(const TensorInfo& tensor, const structs::Place& place) {
  const auto* type = model::ggml_type(std::string_view(tensor.type));
  if (type == nullptr)
    structs::Place(place, "type").fail(fmt::format("{} is no type of tensors", in_quotes(tensor.type)));
  if (tensor.shape.size() > 4) structs::Place(place, "shape").fail("has more than 4 dimensions");
  if (!tensor.shape.empty() && tensor.shape.front() % type->block_elements != 0) {
    structs::Place(place, "shape")
        .fail(fmt::format("has rows that are no multiple of {}, the block of {}", type->block_elements, tensor.type));
  }
  const auto bytes = element_bytes(tensor, *type);
  if (!bytes || (*bytes != tensor.bytes && !tensor.shape.empty()))
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
  for (std::size_t i = 0; i < profile.tensors.size(); ++i) check(profile.tensors[i], structs::Place(tensors, i));
  return profile;
}

}  // namespace berth
