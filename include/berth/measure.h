/// How fast devices and the ways between them are.
///
///     const auto inventory = measure(discover());
///     for (const auto& info : inventory.devices)
///       if (info.speed) std::cout << info.device << ": " << info.speed->memory_bytes_per_s / 1e9 << " GB/s\n";
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

#include "berth/inventory.h"

namespace berth {

struct MeasureOptions {
  std::chrono::milliseconds per_device{4000};  ///< at most about so long for each
  /// The file that keeps what was measured; empty: nothing is kept. By default speeds.json beside Berth's models.
  std::filesystem::path cache = default_cache();
  /// Measure also what the cache knows, and keep what is better: other programs make a measurement worse, never better.
  bool again = false;
  std::function<void(std::string_view device)> progress = {};  ///< before each device, on the calling thread
  std::stop_token stop = {};

  static std::filesystem::path default_cache();
};

/// `inventory` with the speed of each device that an engine of this build can use, and of its link to the CPU.
/// The engine's own kernels measure memory bandwidth, by the product of a large matrix and a vector, and throughput, by
/// the product of two matrices: with weights in F16, and in the types that most models have, laid out as the engine lays
/// them out. Short rows and small layers tell what each row of a matrix and each operation take besides. A link is measured
/// by copying 64 MiB and 4 bytes, a disk by reading in sequence. Of a worker on another machine only the way there is
/// measured.
///
/// A measurement is kept, and holds as long as the device's identity, memory, driver and engine version stay the same
/// and, of the CPU, the cores that may be used.
/// Several processes may share the file: each reads what there is and puts a whole file in its place. Two at the same time
/// make each other's measurement worse.
/// Devices that fail to be measured stay without a speed; the probe report "measure" names them, and a cache that cannot
/// be written. Throws Cancelled, and std::invalid_argument for an inventory that is not this machine's.
Inventory measure(Inventory inventory, const MeasureOptions& options = {});

/// `inventory` with what was measured before of its devices and links, which costs the reading of one small file. An
/// inventory that is not this machine's stays as it is.
Inventory with_kept_speeds(Inventory inventory, const std::filesystem::path& cache = MeasureOptions::default_cache());

}  // namespace berth
