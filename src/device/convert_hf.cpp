#include <limits>

#include "berth/convert.h"
#include "device/convert_error.h"
#include "value/python_text.h"

namespace berth {
namespace {

Device cuda_from_int(std::int64_t id) {
  // Through the text, so that what is out of range is told in the same words.
  if (id < 0 || id > std::numeric_limits<int>::max()) return Device::from_str("cuda:" + std::to_string(id));
  return Device::gpu(static_cast<int>(id));
}

}  // namespace

Value to_hf(const ComponentDevice& device) {
  if (!device.has_multiple_devices()) return device.single()->str();
  return device.multiple()->entries().map_values([](const std::string&, const Device& entry) {
    return entry.type() == DeviceType::cuda ? Value(entry.id().value_or(0)) : Value(entry.str());
  });
}

ComponentDevice from_hf(const Value& device) {
  if (device.is_string()) return ComponentDevice::from_str(device.as_string());
  if (device.is_int()) return device.as_int() == -1 ? Device::cpu() : cuda_from_int(device.as_int());
  if (device.is_object()) return device_map_from_hf(device);
  throw std::invalid_argument("A HuggingFace device must be a string, an integer or a device map, got " +
                              std::string(device.type_name()));
}

DeviceMap device_map_from_hf(const Value& device_map) {
  if (!device_map.is_object())
    throw std::invalid_argument("A HuggingFace device map must be an object of names and devices, got " +
                                std::string(device_map.type_name()));
  return DeviceMap(device_map.as_object().map_values([](const std::string& name, const Value& device) {
    if (device.is_int()) return cuda_from_int(device.as_int());
    if (device.is_string()) return Device::from_str(device.as_string());
    throw std::invalid_argument("Couldn't convert HuggingFace device map - unexpected device '" +
                                printable(python_str(device)) + "' for '" + printable(name) + "'");
  }));
}

void update_hf_kwargs(const ComponentDevice& device, Value::Object& kwargs, bool overwrite) {
  if (!overwrite && (kwargs.contains("device") || kwargs.contains("device_map"))) return;
  kwargs.set(device.has_multiple_devices() ? "device_map" : "device", to_hf(device));
}

}  // namespace berth
