#include <algorithm>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "berth/device.h"
#include "device/device_text.h"
#include "text/printable.h"

namespace berth {

std::optional<Device> DeviceMap::first_device() const {
  if (empty()) return std::nullopt;
  return entries_.front().second;
}

Value DeviceMap::to_dict() const {
  return entries_.map_values([](const std::string&, const Device& device) { return Value(DeviceText(device).view()); });
}

DeviceMap DeviceMap::from_dict(const Value& dict) {
  if (!dict.is_object())
    throw std::invalid_argument("A device map must be an object of names and devices, got " +
                                std::string(dict.type_name()));
  return DeviceMap(dict.as_object().map_values([](const std::string& name, const Value& device) {
    if (!device.is_string())
      throw std::invalid_argument("The device of '" + printable(name) + "' must be a string such as \"cuda:0\", got " +
                                  std::string(device.type_name()));
    return Device::from_str(device.as_string());
  }));
}

std::string DeviceMap::str() const { return to_dict().to_json(); }

std::weak_ordering DeviceMap::operator<=>(const DeviceMap& other) const {
  const auto sorted = [](const DeviceMap& map) {
    std::vector<std::pair<std::string_view, Device>> entries(map.begin(), map.end());
    std::ranges::sort(entries);
    return entries;
  };
  return sorted(*this) <=> sorted(other);
}

std::ostream& operator<<(std::ostream& out, const DeviceMap& map) { return out << map.str(); }

}  // namespace berth

std::size_t std::hash<berth::DeviceMap>::operator()(const berth::DeviceMap& map) const {
  std::size_t sum = map.size();
  for (const auto& [name, device] : map) {
    // Multiplied so that two names that exchange their devices do not give the same sum.
    const auto of_name = std::hash<std::string>{}(name);
    const auto of_device = std::hash<berth::Device>{}(device)*0x9e3779b97f4a7c15U + 1;
    sum += std::hash<std::size_t>{}(of_name ^ (of_device + (of_name << 6) + (of_name >> 2)));
  }
  return sum;
}
