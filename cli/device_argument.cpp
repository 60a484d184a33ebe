#include "device_argument.h"

#include "berth/convert.h"
#include "berth/error.h"

namespace berth::cli {
namespace {

bool is_device(const Value& value) {
  if (value.is_int()) return true;
  if (!value.is_string()) return false;
  try {
    Device::from_str(value.as_string());
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

/// A map may have an entry that is called "type".
bool is_serialized(const Value& value) {
  const Value* type = value.find("type");
  return type != nullptr &&
         (value.find("device") != nullptr || value.find("device_map") != nullptr || !is_device(*type));
}

Value parse_json(std::string_view text) {
  try {
    return Value::from_json(text);
  } catch (const FormatError& problem) {
    throw std::invalid_argument(std::string("The device starts as JSON, but is none: ") + problem.what());
  }
}

}  // namespace

ComponentDevice parse_device_argument(std::string_view text) {
  if (const auto start = text.find_first_not_of(" \t\r\n"); start == text.npos || text[start] != '{')
    return ComponentDevice::from_str(text);
  const auto value = parse_json(text);
  return is_serialized(value) ? ComponentDevice::from_dict(value) : ComponentDevice(device_map_from_hf(value));
}

ResolveRequest parse_request_argument(std::string_view text) {
  try {
    return parse_device_argument(text);
  } catch (const UnknownDeviceType&) {
    if (text.find('{') != text.npos) throw;
  } catch (const std::invalid_argument&) {
    if (text.find('{') != text.npos || text.find_first_of(" ,") == text.npos) throw;
  }
  return Wish::from_str(text);
}

Value plain_value(const ComponentDevice& device) {
  return device.single() != nullptr ? Value(device.single()->str()) : device.multiple()->to_dict();
}

}  // namespace berth::cli
