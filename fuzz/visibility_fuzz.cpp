// Any text in a visibility variable: devices that exist, each once, and notes of bounded size.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "discover/drivers/visibility.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// "VARIABLE=value".
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth::discovery;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto equals = std::min(text.find('='), size);
  const auto variable = text.substr(0, equals);
  const auto value = text.substr(std::min(equals + 1, size));
  const std::vector<PhysicalDevice> machine{
      {.name = "A", .uuid = "GPU-11aa0000-0000", .pci_id = "0000:01:00.0", .speed = 1},
      {.name = "B", .uuid = "GPU-11bb0000-0000", .pci_id = "0000:02:00.0", .speed = 3},
      {.name = "C",
       .uuid = "GPU-22cc0000-0000",
       .pci_id = "0000:03:00.0",
       .parts = {{.uuid = "MIG-33dd0000-0001", .legacy_id = "MIG-GPU-22cc0000-0000/7/0"}, {.uuid = "MIG-44"}}}};
  auto result = visible(machine, variable, value);
  for (const auto& device : result.devices) {
    require(device.index < machine.size());
    require(!device.part || *device.part < machine[device.index].parts.size());
  }
  std::sort(result.devices.begin(), result.devices.end());
  const bool once = std::adjacent_find(result.devices.begin(), result.devices.end()) == result.devices.end();
  require(once || variable == "GGML_VK_VISIBLE_DEVICES");
  require(result.notes.size() <= 32);
  for (const auto& note : result.notes) require(note.size() < 2000);
  require(cuda_order(machine, value).size() == machine.size());
  return 0;
}
