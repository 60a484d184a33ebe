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
  std::chrono::milliseconds interval{2000};   ///< above 0
  std::uint64_t min_change_bytes = 64 << 20;  ///< of free memory, from what was last told of it
  std::function<Inventory()> look = [] { return discover(); };
};

/// Looks at the machine again and again, on a thread of its own, from construction to destruction. Nobody watches
/// unless one of these lives.
class Watch {
 public:
  /// Called on that thread with what changed: devices, pools and links that come and go, another identity under a name,
  /// free memory, throttling. Power, temperature and swap change all the time and are not told.
  /// An exception from the callback or from `look` ends the watching without a word: catch it there to know of it.
  using Callback = std::function<void(const Inventory& now, const std::vector<InventoryChange>& changes)>;

  /// `start` is what the first look is compared with. Throws std::invalid_argument for an interval that is not above 0.
  Watch(Inventory start, Callback callback, WatchOptions options = {});
  /// Waits for a look or callback that runs. In the callback itself it does not wait, and no other call follows.
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace berth
