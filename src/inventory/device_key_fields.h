/// What a DeviceKey is called in JSON.
#pragma once

#include "berth/device_key.h"
#include "value/structs.h"

namespace berth::structs {

template <>
struct FieldsOf<DeviceName> {
  static constexpr std::tuple all = {required("in", &DeviceName::in), required("name", &DeviceName::name)};
};

template <>
struct FieldsOf<DeviceKey> {
  static constexpr std::tuple all = {field("pci_id", &DeviceKey::pci_id),     field("uuid", &DeviceKey::uuid),
                                     field("endpoint", &DeviceKey::endpoint), field("number", &DeviceKey::number),
                                     field("engines", &DeviceKey::engines),   field("pool", &DeviceKey::pool)};
};

}  // namespace berth::structs
