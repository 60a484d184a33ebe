/// Driver probes in their real processes.
#pragma once

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "discover/driver_probes.h"

namespace berth::test {

inline const discovery::Probe& driver_probe(std::string_view name) {
  for (const auto& probe : discovery::driver_probes())
    if (probe.name == name) return probe;
  throw std::invalid_argument("There is no probe " + std::string(name));
}

inline constexpr std::chrono::milliseconds long_enough = std::chrono::minutes(1);

inline std::vector<discovery::Findings> run_probes(std::initializer_list<std::string_view> names,
                                                   const discovery::Machine& machine,
                                                   std::chrono::milliseconds timeout = long_enough) {
  std::vector<const discovery::Probe*> probes;
  for (const auto name : names) probes.push_back(&driver_probe(name));
  return discovery::run_in_children(probes, machine, timeout);
}

inline discovery::Findings run_probe(std::string_view name, const discovery::Machine& machine,
                                     std::chrono::milliseconds timeout = long_enough) {
  return run_probes({name}, machine, timeout).front();
}

/// "cuda:0 GPU-4f1c" of each device.
inline std::vector<std::string> names_of(const discovery::Findings& found) {
  std::vector<std::string> names;
  for (const auto& device : found.devices) names.push_back(device.device.str() + " " + device.uuid);
  return names;
}

}  // namespace berth::test
