#include "plan/placement/host_index.h"

#include <fmt/format.h>

#include <stdexcept>

namespace berth::plan {

Device without_host_index(const Device& device) {
  if (device.type() == DeviceType::disk) return Device::disk();
  if (device.type() != DeviceType::cpu) return device;
  if (device.id().value_or(0) != 0)
    throw std::invalid_argument(
        fmt::format("There is one CPU for a model, and no '{}': write 'cpu' for all of its cores", device.str()));
  return Device::cpu();
}

Placement without_host_index(Placement placement) {
  for (auto& run : placement.layers) run.device = without_host_index(run.device);
  placement.input = without_host_index(placement.input);
  placement.output = without_host_index(placement.output);
  OrderedMap<Device> tensors;
  for (const auto& [name, device] : placement.tensors) tensors.set(name, without_host_index(device));
  placement.tensors = std::move(tensors);
  return placement;
}

}  // namespace berth::plan
