/// The quickest cuts of a model's layers over a machine, for compute buffers that are taken as known.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "berth/plan.h"
#include "plan/search/model_parts.h"
#include "plan/search/stages.h"
#include "plan/speed/machine_view.h"

namespace berth::plan {

/// Bytes that each device holds besides weights and cache: compute buffers and overhead.
using FixedBytes = std::map<Device, std::uint64_t>;
FixedBytes fixed_bytes(const std::vector<DeviceUse>& use);

/// What a device costs beyond its time where few are wanted: more seconds than any token takes.
inline constexpr double few_devices_s = 1 << 20;

/// A cut of the layers, and how many layers leave their experts on the CPU.
struct Cut {
  Stages stages;
  std::size_t expert_layers;
};

/// What the layers take where the first of them leave their experts on the CPU.
struct CutItems {
  std::vector<StageItem> items;
  std::vector<std::vector<double>> besides_s;  ///< by device and item: see StageDevice
  std::vector<double> cpu_s;                   ///< seconds of the first n items on the CPU
  std::vector<std::uint64_t> host_bytes;       ///< that the CPU holds then, with the experts that were left there
};

/// The search with what is held besides layers as known so far.
class CutSearch {
 public:
  CutSearch(const MachineView& machine, const PlanRequest& request, const ModelParts& parts, const FixedBytes& known);

  std::optional<Cut> best() const;

  CutItems items_of(std::size_t expert_layers) const;
  /// Seconds for using a device at all, be it the CPU.
  double price() const;
  std::size_t layers_on_disk() const { return parts_.layers_on_disk; }
  /// How many layers could leave their experts on the CPU.
  std::size_t most_expert_layers() const;

  /// What a placement really held: more than was known, or the search would not have chosen it. False where nothing was
  /// new.
  bool learn(const std::vector<DeviceUse>& use);
  /// Back to the least that was seen of each device: buffers of one placement may be larger than those of another that
  /// has more to hold. False where that is no less.
  bool forget();
  /// Takes what `use` holds for what its devices hold.
  void set(const std::vector<DeviceUse>& use);
  void add(const Device& device, std::uint64_t bytes) { fixed_[device] += bytes; }
  void leave_out(const Device& device) { add(device, std::uint64_t{1} << 60); }

  Placement placement_of(const Cut& cut) const;

  /// For a token that is written: of the CPU first, then of the devices in order.
  std::vector<double> seconds_by_device(const Cut& cut) const;

  using Rates = TokenRates PlanDevice::*;
  /// For one token by these rates of the devices.
  double seconds_of(const Cut& cut, Rates rates) const;

  /// Bytes that `device` holds wherever the layers are, and those that are known of it.
  std::uint64_t besides_layers(const Device& device) const;

 private:
  bool shares_host_memory() const;
  const PlanDevice& device_of(const Device& device) const;
  /// To read what is pinned, wherever the layer is.
  double pinned_seconds(const LayerPart& layer, Rates rates) const;
  /// From a layer on `device` to its parts elsewhere, and back.
  double ways_seconds(const LayerPart& layer, bool leaves_experts, const PlanDevice& device, Rates rates) const;
  /// All of a layer whose own device is the CPU.
  double cpu_seconds(const LayerPart& layer, Rates rates) const;
  std::vector<Cut> cuts(std::size_t expert_layers) const;
  std::optional<Stages> best_on_devices(const CutItems& all, const std::vector<double>& start_s,
                                        std::uint64_t host_bytes) const;
  bool leaves_experts(std::size_t expert_layers, std::size_t item) const;
  const Device& device_of_item(const Cut& cut, std::size_t item) const;

  const MachineView& machine_;
  const PlanRequest& request_;
  const ModelParts& parts_;
  std::map<Device, std::uint64_t> held_;  // whatever the placement is
  FixedBytes fixed_;                      // as far as they are known
  FixedBytes least_;                      // that was seen
};

}  // namespace berth::plan
