#include "dataclasses/serialization.h"

#include <fmt/format.h>

#include <stdexcept>

#include "berth/value_traits.h"
#include "value/python_compare.h"

namespace berth {
bool is_serialized_device(const Value& value) {
  const Value* type = value.find("type");
  if (type == nullptr) return false;
  const Value* device = value.find("device");
  const Value* map = value.find("device_map");
  return (*type == Value("single") && device != nullptr && device->is_string()) ||
         (*type == Value("multiple") && map != nullptr && map->is_object());
}

Value::Object init_parameters(const Value& data, std::string_view type) {
  const Value* actual = data.find("type");
  if (actual == nullptr) throw std::invalid_argument("Missing 'type' in serialization data");
  if (*actual != Value(type))
    throw std::invalid_argument(fmt::format("Class '{}' can't be deserialized as '{}'",
                                            actual->is_string() ? actual->as_string() : actual->to_json(),
                                            type.substr(type.rfind('.') + 1)));
  const Value* parameters = data.find("init_parameters");
  return parameters == nullptr ? Value::Object{} : parameters->as_object();
}

ComponentDevice ValueTraits<ComponentDevice>::from_value(const Value& value) {
  if (is_serialized_device(value)) return ComponentDevice::from_dict(value);
  throw std::invalid_argument(fmt::format("Invalid component device type '{}'. Must either be None or ComponentDevice.",
                                          python_type_name(value)));
}

std::optional<ComponentDevice> ValueTraits<std::optional<ComponentDevice>>::from_value(const Value& value) {
  const Value* type = value.find("type");
  const Value* device = type != nullptr && *type == Value("single") ? value.find("device") : &value;
  if (value.is_null() || (device != nullptr && *device == Value("auto"))) return std::nullopt;
  return berth::from_value<ComponentDevice>(value);
}

Value plain(const Value& value) {
  if (value.is_instance()) return value.as_instance().to_dict();
  if (value.is_object())
    return value.as_object().map_values([](const std::string&, const Value& each) { return plain(each); });
  if (!value.is_array()) return value;
  Value::Array array;
  for (const auto& each : value.as_array()) array.push_back(plain(each));
  return array;
}

}  // namespace berth
