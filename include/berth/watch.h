/// What changes on a machine while a program runs.
///
///     const Watch watch(discover(), [](const Inventory&, const std::vector<InventoryChange>& changes) {
///       for (const auto& change : changes) std::cout << change.str() << '\n';
///     });
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "berth/inventory.h"

namespace berth {

struct WatchOptions {
  std::chrono::milliseconds interval{2000};
  std::uint64_t min_change_bytes = 64 << 20;  ///< of free memory; smaller changes add up until they are told
  std::function<Inventory()> look = [] { return discover(); };
};

/// Looks at the machine again and again, on a thread of its own, from construction to destruction. Nobody watches
/// unless one of these lives.
class Watch {
 public:
  /// Called on that thread where something changed: free memory, devices that come and go, throttling. An exception that
  /// it or `look` throws ends the watching.
  using Callback = std::function<void(const Inventory& now, const std::vector<InventoryChange>& changes)>;

  Watch(Inventory start, Callback callback, WatchOptions options = {});
  ~Watch();  ///< waits for a look or callback that runs
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace berth
