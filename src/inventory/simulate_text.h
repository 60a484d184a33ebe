/// The text that describes a simulated machine. docs/inventory.md has its grammar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/inventory.h"

namespace berth::discovery {

inline constexpr int most_simulated_devices = 4096;
inline constexpr std::uint64_t most_simulated_bytes = std::uint64_t{1} << 60U;  ///< of one kind together: 1024 PiB

/// "cuda:2x24GiB-1GiB@1000GB/s;name=RTX 4090"
struct SimulatedDevices {
  DeviceType type = DeviceType::cpu;
  int count = 1;
  bool shared = false;      ///< they use the memory of the CPU
  std::uint64_t bytes = 0;  ///< of each
  std::uint64_t used_bytes = 0;
  DeviceSpeed speed = {};
  std::string name = {};
  std::vector<std::string> types = {};
  std::optional<int> cores = {};
  GpuInfo gpu = {};
  std::size_t at = 0;  ///< where it stands in the text
};

/// "link:cuda:0-cuda:1:300GB/s;kind=nvlink"
struct SimulatedLink {
  std::optional<std::pair<Device, Device>> ends = {};  ///< else all pairs of devices
  double bytes_per_s = 0;
  std::optional<LinkKind> kind = {};
  std::optional<double> latency_us = {};
  std::size_t at = 0;
};

struct SimulatedMachine {
  std::vector<SimulatedDevices> devices = {};
  std::vector<SimulatedLink> links = {};
};

/// Throws std::invalid_argument with the column of what is wrong.
SimulatedMachine parse_machine(std::string_view text);

/// Throws std::invalid_argument "column 5: ...", the column of the byte `at`.
[[noreturn]] void fail_at(std::string_view text, std::size_t at, const std::string& problem);

}  // namespace berth::discovery
