/// What is told of a loaded model between two processes, as JSON.
#pragma once

#include "berth/engine.h"
#include "engine/request_fields.h"

namespace berth::structs {

template <>
struct FieldsOf<LoadedModelInfo> {
  using M = LoadedModelInfo;
  static constexpr std::tuple all = {required("path", &M::path),
                                     required("description", &M::description),
                                     required("architecture", &M::architecture),
                                     required("placement", &M::placement),
                                     required("devices", &M::devices),
                                     required("keys", &M::keys),
                                     required("notes", &M::notes),
                                     required("weight_bytes", &M::weight_bytes),
                                     required("parameters", &M::parameters),
                                     required("context_length", &M::context_length),
                                     required("has_chat_template", &M::has_chat_template),
                                     required("load_ms", &M::load_ms)};
};

template <>
struct FieldsOf<PlacedTensor> {
  static constexpr std::tuple all = {required("name", &PlacedTensor::name), required("device", &PlacedTensor::device),
                                     required("bytes", &PlacedTensor::bytes),
                                     required("mapped", &PlacedTensor::mapped)};
};

}  // namespace berth::structs
