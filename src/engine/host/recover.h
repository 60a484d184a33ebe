/// The way on after a loss, the same for all kinds of models.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "berth/device_key.h"
#include "berth/error.h"
#include "berth/ordered_map.h"
#include "engine/host/worker_watch.h"

namespace berth::host {

struct WaysOn {
  std::function<void()> again;  ///< loads the model as it was
  /// Loads it by another plan, without the workers that are silent.
  std::function<void(const std::set<std::string>& silent)> elsewhere;
};

/// Goes on after `why`: as it was where all workers of `keys` greet, else elsewhere, `most_tries` times at most. Answers what
/// was lost. Throws EngineLost with both reasons where it cannot go on, and Cancelled.
std::string recover(WorkerWatch& watch, const OrderedMap<DeviceKey>& keys, const EngineLost& why, int most_tries,
                    const WaysOn& ways);

/// Calls `load`; where it fails while a worker of `keys` is silent, or the engine is lost, calls `go_on` with the reason.
/// With 0 `most_tries` it throws what `load` throws.
void load_or_recover(WorkerWatch& watch, const OrderedMap<DeviceKey>& keys, int most_tries,
                     const std::function<void()>& load, const std::function<void(const EngineLost&)>& go_on);

}  // namespace berth::host
