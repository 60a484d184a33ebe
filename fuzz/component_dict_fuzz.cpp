// Any JSON: a component whose dictionary makes the same one again, or one of the documented errors.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "berth/component.h"
#include "berth/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::unique_ptr<berth::Component> component;
  berth::Value dict;
  try {
    const auto given = berth::Value::from_json({reinterpret_cast<const char*>(data), size});
    component = berth::component_from_dict(given);
    dict = component->to_dict();
  } catch (const berth::FormatError&) {
    return 0;
  } catch (const std::invalid_argument&) {
    return 0;
  }
  if (berth::component_from_dict(dict)->to_dict() != dict) std::abort();
  return 0;
}
