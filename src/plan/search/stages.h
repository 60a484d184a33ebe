/// Layers cut into runs over devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace berth::plan {

/// One layer, or what else follows the layers in their order.
struct StageItem {
  std::uint64_t bytes = 0;  ///< that it holds: weights and cache
  double read_bytes = 0;    ///< of weights for one token
  double elsewhere_s = 0;   ///< for the parts that lie on other devices wherever it is itself
};

/// A device that can take one run of items.
struct StageDevice {
  std::uint64_t room = 0;  ///< bytes for items, once it is used at all
  double s_per_byte = 0;   ///< to read weights
  double entry_s = 0;      ///< for using it: the way to it, and what the objective asks for
  /// Of each item there, besides reading: its operations, and the ways to its parts elsewhere and back; empty: no time.
  std::vector<double> besides_s = {};
};

struct StageRun {
  std::size_t device;
  std::size_t first;
  std::size_t count;

  bool operator==(const StageRun&) const = default;
};
struct Stages {
  std::size_t start;           ///< items before it are placed already
  std::vector<StageRun> runs;  ///< in the order of the devices
  double seconds;
};

/// The quickest way to place items in their order on devices in theirs. `start_s[n]`: the seconds of the first n items
/// where those are placed already; infinite where that cannot be. Exact: dynamic programming in devices x items steps. None
/// where there is no way.
std::optional<Stages> best_stages(const std::vector<StageItem>& items, const std::vector<StageDevice>& devices,
                                  const std::vector<double>& start_s);

}  // namespace berth::plan
