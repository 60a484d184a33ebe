/// What plans and their parts are called in JSON.
#pragma once

#include "berth/context_spec.h"
#include "berth/placement.h"
#include "inventory/device_key_fields.h"
#include "value/structs.h"

namespace berth::structs {

template <>
struct NamesOf<FlashAttention> {
  static constexpr std::array<std::string_view, 3> all = {"automatic", "on", "off"};
};

template <>
struct FieldsOf<ContextSpec> {
  static constexpr std::tuple all = {required("n_ctx", &ContextSpec::n_ctx),
                                     field("n_seq", &ContextSpec::n_seq, 1),
                                     field("n_batch", &ContextSpec::n_batch, 1),
                                     field("n_ubatch", &ContextSpec::n_ubatch, 1),
                                     field("type_k", &ContextSpec::type_k),
                                     field("type_v", &ContextSpec::type_v),
                                     field("flash_attention", &ContextSpec::flash_attention),
                                     field("unified", &ContextSpec::unified),
                                     field("offload_cache", &ContextSpec::offload_cache)};
};

template <>
struct FieldsOf<LayerRun> {
  static constexpr std::tuple all = {required("first", &LayerRun::first), required("count", &LayerRun::count, 1),
                                     required("device", &LayerRun::device)};
};

template <>
struct FieldsOf<Placement> {
  static constexpr std::tuple all = {required("layers", &Placement::layers), required("input", &Placement::input),
                                     required("output", &Placement::output), field("tensors", &Placement::tensors)};
};

template <>
struct FieldsOf<DeviceUse> {
  static constexpr std::tuple all = {
      required("device", &DeviceUse::device),    field("key", &DeviceUse::key),
      field("pool", &DeviceUse::pool),           required("weights", &DeviceUse::weights),
      required("cache", &DeviceUse::cache),      required("compute", &DeviceUse::compute),
      required("overhead", &DeviceUse::overhead)};
};

}  // namespace berth::structs
