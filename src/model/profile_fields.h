/// What the parts of a ModelProfile are called in JSON.
#pragma once

#include "berth/model.h"
#include "value/structs.h"

namespace berth::structs {

template <>
struct FieldsOf<TensorInfo> {
  static constexpr std::tuple all = {required("name", &TensorInfo::name),   required("type", &TensorInfo::type),
                                     required("shape", &TensorInfo::shape), required("bytes", &TensorInfo::bytes),
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
                                     field("indexer_length", &LayerProfile::indexer_length),
                                     field("cache_of", &LayerProfile::cache_of),
                                     field("convolution_state", &LayerProfile::convolution_state),
                                     field("recurrent_state", &LayerProfile::recurrent_state),
                                     field("feed_forward_length", &LayerProfile::feed_forward_length),
                                     field("experts_used", &LayerProfile::experts_used),
                                     field("weights_of", &LayerProfile::weights_of)};
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
                                     field("tensor_bytes", &ModelProfile::tensor_bytes),
                                     field("notes", &ModelProfile::notes)};
};

}  // namespace berth::structs
