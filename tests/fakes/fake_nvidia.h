/// The GPUs of a machine under "nvidia": {"driver", "cuda", "gpus": [...]}. Of a GPU there can be
///     name, uuid, pci, compute ("9.0"), total, free, bar1, power, power_limit (milliwatts), temperature, throttle (bits),
///     integrated, cores, clock, pcie ([generation, lanes]), nvlinks (["switch", "0000:1b:00.0", null, ...]),
///     nvlink_speed (MB/s), far (GPUs that are not below the same CPU), mig ([{"profile", "uuid", "gi", "ci", "total", "free"}])
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fake_machine.h"

namespace berth::fakes {

inline const Json& nvidia() {
  static const Json none = {{"gpus", Json::array()}};
  return machine().contains("nvidia") ? machine().at("nvidia") : none;
}

inline const Json& gpus() { return nvidia().at("gpus"); }

/// "0000:65:00.0" as domain, bus and device.
inline std::array<unsigned, 3> place(const std::string& pci) {
  std::array<unsigned, 3> parts{};
  std::sscanf(pci.c_str(), "%x:%x:%x", &parts[0], &parts[1], &parts[2]);
  return parts;
}

inline std::string name_of(const Json& gpu, const Json* instance) {
  const auto name = gpu.at("name").get<std::string>();
  return instance == nullptr ? name : name + " MIG " + instance->at("profile").get<std::string>();
}

}  // namespace berth::fakes
