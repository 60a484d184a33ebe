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
    const auto& cpu = machine.devices.front();
    require(machine.find(berth::Device::cpu()) == &cpu);
    std::uint64_t bytes = 0;
    for (const auto& node : cpu.cpu.value().numa_nodes) {
      require(node.total_bytes <= cpu.total_bytes - bytes);
      bytes += node.total_bytes;
    }
    require(bytes == cpu.total_bytes);
    require(berth::Inventory::from_dict(machine.to_dict()) == machine);
  } catch (const std::invalid_argument& error) {
    require(std::string_view(error.what()).starts_with("column "));
  }
  return 0;
}
