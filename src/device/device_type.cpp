#include <algorithm>
#include <array>
#include <ostream>

#include "berth/device.h"
#include "value/text.h"

namespace berth {
namespace {

constexpr auto names = [] {
  std::array<std::string_view, all_device_types.size()> all;
  std::ranges::transform(all_device_types, all.begin(), to_string);
  return all;
}();

}  // namespace

UnknownDeviceType::UnknownDeviceType(std::string_view text)
    : std::invalid_argument("Unknown device type string '" + printable(text) + "'") {}

std::string UnknownDeviceType::accepted() {
  std::string all;
  for (const std::string_view name : names) all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

DeviceType device_type_from_str(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text) return all_device_types[i];
  throw UnknownDeviceType(text);
}

std::ostream& operator<<(std::ostream& out, DeviceType type) { return out << to_string(type); }

}  // namespace berth
