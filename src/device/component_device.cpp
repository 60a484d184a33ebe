#include <ostream>
#include <stdexcept>

#include "berth/device.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

const Value& entry(const Value& dict, std::string_view name) {
  if (const Value* value = dict.find(name)) return *value;
  throw std::invalid_argument(
      "A serialized component device must be {\"type\": \"single\", \"device\": ...} or {\"type\": \"multiple\", "
      "\"device_map\": {...}}; " +
      (dict.is_object() ? "\"" + std::string(name) + "\" is missing" : "got " + std::string(dict.type_name())));
}

std::variant<Device, DeviceMap> one_of(const std::optional<Device>& single, std::optional<DeviceMap>&& multiple) {
  if (single.has_value() == multiple.has_value())
    throw std::invalid_argument(
        "The component device can neither be empty nor contain both a single device and a device map");
  if (single) return *single;
  return std::move(*multiple);
}

}  // namespace

ComponentDevice::ComponentDevice(Device device) : device_(device) {
  if (device.type() == DeviceType::disk)
    throw std::invalid_argument("The disk device can only be used as a part of device maps");
}

ComponentDevice::ComponentDevice(DeviceMap map) : device_(std::move(map)) {}

ComponentDevice::ComponentDevice(std::optional<Device> single, std::optional<DeviceMap> multiple)
    : device_(one_of(single, std::move(multiple))) {
  if (const Device* device = this->single()) *this = ComponentDevice(*device);
}

ComponentDevice ComponentDevice::from_str(std::string_view text) { return ComponentDevice(Device::from_str(text)); }

const Device* ComponentDevice::single() const { return std::get_if<Device>(&device_); }
const DeviceMap* ComponentDevice::multiple() const { return std::get_if<DeviceMap>(&device_); }

std::optional<ComponentDevice> ComponentDevice::first_device() const {
  if (!has_multiple_devices()) return *this;
  const auto first = multiple()->first_device();
  if (!first) return std::nullopt;
  return ComponentDevice(*first);
}

Value ComponentDevice::to_dict() const {
  if (const Device* device = single()) return Value::Object{{"type", "single"}, {"device", device->str()}};
  return Value::Object{{"type", "multiple"}, {"device_map", multiple()->to_dict()}};
}

ComponentDevice ComponentDevice::from_dict(const Value& dict) {
  const Value& type = entry(dict, "type");
  if (type == Value("single")) {
    const Value& device = entry(dict, "device");
    if (!device.is_string())
      throw std::invalid_argument("The device must be a string such as \"cuda:0\", got " +
                                  std::string(device.type_name()));
    return from_str(device.as_string());
  }
  if (type == Value("multiple")) return DeviceMap::from_dict(entry(dict, "device_map"));
  throw std::invalid_argument("Unknown component device type '" + printable(python_str(type)) + "' in serialized data");
}

std::string ComponentDevice::str() const { return has_multiple_devices() ? multiple()->str() : single()->str(); }

std::ostream& operator<<(std::ostream& out, const ComponentDevice& device) { return out << device.str(); }

}  // namespace berth

std::size_t std::hash<berth::ComponentDevice>::operator()(const berth::ComponentDevice& device) const {
  if (const berth::Device* single = device.single()) return std::hash<berth::Device>{}(*single);
  return ~std::hash<berth::DeviceMap>{}(*device.multiple());
}
