// Any text as a literal and as a type of Python's: a value or a type that is read again as the same, or the documented error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "component/python_type.h"
#include "value/python_literal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto value = berth::python_literal(text)) (void)value->to_json();
  try {
    const auto type = berth::python_type(text);
    if (berth::python_type(type.text).text != type.text) std::abort();
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
