// Any text at all: a machine that may be saved, or an error with the column.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "berth/inventory.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("hwloc:")) return 0;  // hwloc's own parser
  try {
    const auto machine = berth::simulate(text);
    require(machine.find(berth::Device::cpu()) == &machine.devices.front());
    require(berth::Inventory::from_dict(machine.to_dict()) == machine);
  } catch (const std::invalid_argument& error) {
    require(std::string_view(error.what()).starts_with("column "));
  }
  return 0;
}
