/// How fast devices and the ways between them are.
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
  std::chrono::milliseconds per_device{2500};  ///< at most about so long for each
  /// The file that keeps what was measured; empty: nothing is kept. By default speeds.json beside Berth's models.
  std::filesystem::path cache = default_cache();
  bool again = false;                                          ///< measure also what the cache knows
  std::function<void(std::string_view device)> progress = {};  ///< before each device
  std::stop_token stop = {};

  static std::filesystem::path default_cache();
};

/// `inventory` with the speed of each device that an engine of this build can use, and with measured links between the
/// CPU and each of them: memory bandwidth by a product of a large matrix with a vector, throughput by a product of two
/// matrices, both by the engine's own kernels; links by copying 64 MiB and 4 bytes. Of a disk it is the rate of sequential
/// reading, of a worker on another machine the way there.
///
/// A measurement is kept, and holds as long as the device's identity, memory, driver and engine version stay the same
/// and, of the CPU, the cores that may be used.
/// Devices that fail to be measured stay without a speed; the probe report "measure" names them. Throws Cancelled, and
/// std::invalid_argument for an inventory that is not this machine's.
Inventory measure(Inventory inventory, const MeasureOptions& options = {});

}  // namespace berth
