#include "berth/device_key.h"

#include <fmt/format.h>

#include "berth/error.h"
#include "berth/inventory.h"
#include "inventory/device_key_fields.h"

namespace berth {

Value DeviceKey::to_dict() const { return structs::write(*this); }
DeviceKey DeviceKey::from_dict(const Value& dict) { return structs::read<DeviceKey>(dict, {}); }

DeviceKey DeviceInfo::key() const {
  DeviceKey key{.pci_id = pci_id, .uuid = uuid};
  if (remote) {
    key.endpoint = remote->endpoint;
    key.number = remote->number;
  }
  key.engines = engines;
  key.pool = pool;
  return key;
}

OrderedMap<DeviceKey> Inventory::keys(const ComponentDevice& device) const {
  OrderedMap<DeviceKey> keys;
  const auto add = [&](const Device& each) {
    if (const auto* info = find(each)) keys.set(each.str(), info->key());
  };
  if (const Device* single = device.single())
    add(*single);
  else
    for (const auto& [name, each] : *device.multiple()) add(each);
  return keys;
}

}  // namespace berth
