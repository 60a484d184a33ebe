#include "plan/placement_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "plan/stages.h"

namespace berth::plan {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double device_s = 1 << 20;  // for each device, where few are wanted: more than any token takes
constexpr std::size_t most_steps = 20'000'000;
constexpr int most_corrections = 64;

/// A cut of the layers, and how many layers leave their experts on the CPU.
struct Cut {
  Stages stages;
  std::size_t expert_layers;
};

/// The search with what is held besides layers as known so far.
class Search {
 public:
  Search(const MachineView& machine, const PlanRequest& request, const ModelParts& parts)
      : machine_(machine), request_(request), parts_(parts) {
    for (const auto& use : parts.base) held_[use.device] += use.weights + use.cache;
  }

  std::optional<Cut> best() const {
    const auto items = parts_.layers.size();
    const auto steps = items * (machine_.devices.size() + 1) * (shares_host_memory() ? items : 1);
    const auto most = parts_.has_experts && request_.rules.tensor_overrides ? parts_.layer_count() : 0;
    const auto stride = std::max<std::size_t>(1, (most * steps + most_steps - 1) / most_steps);
    std::optional<Cut> best;
    for (std::size_t n = 0; n <= most; n = n == most ? n + 1 : std::min(n + stride, most))
      for (auto& cut : cuts(n))
        if (!best || cut.stages.seconds < best->stages.seconds) best = std::move(cut);
    return best;
  }

  /// What a placement really held: more than was known, or the search would not have chosen it.
  bool learn(const std::vector<DeviceUse>& use) {
    bool learned = false;
    for (const auto& each : use) {
      const auto fixed = each.compute + each.overhead;
      auto& known = fixed_[each.device];
      learned = learned || fixed > known;
      known = std::max(known, fixed);
    }
    return learned;
  }
  void add(const Device& device, std::uint64_t bytes) { fixed_[device] += bytes; }

  Placement placement_of(const Cut& cut) const {
    const auto& [start, runs, seconds] = cut.stages;
    Placement placement{.layers = {}, .output = Device::cpu(), .tensors = parts_.pinned};
    const auto count = parts_.layer_count();
    if (start > 0) placement.layers.push_back({0, static_cast<int>(std::min(start, count)), Device::cpu()});
    for (const auto& run : runs) {
      const auto& device = machine_.devices[run.device].device;
      const auto layers = std::min(run.first + run.count, count) - std::min(run.first, count);
      if (layers > 0) placement.layers.push_back({static_cast<int>(run.first), static_cast<int>(layers), device});
      if (run.first + run.count == parts_.layers.size()) placement.output = device;
    }
    for (std::size_t i = start; i < std::min(cut.expert_layers, count); ++i)
      for (const auto& name : parts_.layers[i].experts) placement.tensors.set(name, machine_.cpu.device);
    return placement;
  }

  /// Of the CPU first, then of the devices in order.
  std::vector<double> seconds_by_device(const Cut& cut) const {
    std::vector<double> seconds(machine_.devices.size() + 1);
    for (std::size_t i = 0; i < cut.stages.start; ++i) seconds[0] += cpu_seconds(parts_.layers[i]);
    for (const auto& run : cut.stages.runs)
      for (std::size_t i = run.first; i < run.first + run.count; ++i) {
        const auto& layer = parts_.layers[i];
        const bool moved = i < cut.expert_layers;
        const auto& device = machine_.devices[run.device];
        seconds[run.device + 1] += (layer.read_bytes + (moved ? 0 : layer.expert_read_bytes)) / device.bytes_per_s;
        if (moved) seconds[0] += layer.expert_read_bytes / machine_.cpu.bytes_per_s;
      }
    return seconds;
  }

 private:
  bool shares_host_memory() const {
    return std::ranges::any_of(machine_.devices,
                               [&](const PlanDevice& device) { return machine_.shares_host_memory(device); });
  }

  /// Of using a device at all, be it the CPU.
  double price() const { return request_.objective == Objective::fewest_devices ? device_s : 0; }

  std::uint64_t at(const std::map<Device, std::uint64_t>& bytes, const Device& device) const {
    const auto found = bytes.find(device);
    return found == bytes.end() ? 0 : found->second;
  }
  std::uint64_t besides_layers(const Device& device) const { return at(held_, device) + at(fixed_, device); }

  double rate_of(const Device& device) const {
    for (const auto& each : machine_.devices)
      if (each.device == device) return each.bytes_per_s;
    return machine_.cpu.bytes_per_s;
  }
  double link_of(const Device& device) const {
    for (const auto& each : machine_.devices)
      if (each.device == device) return each.link_s;
    return 0;
  }

  double pinned_seconds(const LayerPart& layer) const {
    double seconds = 0;
    for (const auto& [device, bytes] : layer.pinned_reads) seconds += bytes / rate_of(device) + 2 * link_of(device);
    return seconds;
  }
  double cpu_seconds(const LayerPart& layer) const {
    return (layer.read_bytes + layer.expert_read_bytes) / machine_.cpu.bytes_per_s + pinned_seconds(layer);
  }

  /// The best cuts with the experts of the first `expert_layers` layers on the CPU.
  std::vector<Cut> cuts(std::size_t expert_layers) const {
    const auto& layers = parts_.layers;
    double link_s = 0;
    for (const auto& device : machine_.devices) link_s = std::max(link_s, device.link_s);
    std::vector<StageItem> items;
    std::uint64_t moved = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const bool moves = i < expert_layers;
      if (moves) moved += layers[i].expert_bytes;
      items.push_back({layers[i].bytes - (moves ? layers[i].expert_bytes : 0),
                       layers[i].read_bytes + (moves ? 0 : layers[i].expert_read_bytes), pinned_seconds(layers[i])});
      if (moves) items.back().elsewhere_s += layers[i].expert_read_bytes / machine_.cpu.bytes_per_s + 2 * link_s;
    }

    std::vector<double> start_s(layers.size() + 1, never);
    std::vector<std::uint64_t> host_bytes(layers.size() + 1);
    std::uint64_t bytes = besides_layers(machine_.cpu.device) + moved;
    double seconds = 0;
    for (std::size_t n = 0; n <= layers.size(); ++n) {
      host_bytes[n] = bytes;
      const bool is_used = n > 0 || moved > 0;
      if (bytes <= machine_.cpu.room) start_s[n] = seconds + (is_used ? price() : 0);
      if (n == layers.size()) break;
      bytes += items[n].bytes;
      seconds += cpu_seconds(layers[n]);
    }

    std::vector<Cut> cuts;
    const auto add = [&](const std::vector<double>& starts, std::uint64_t host) {
      if (auto stages = best_on_devices(items, starts, host)) cuts.push_back({*std::move(stages), expert_layers});
    };
    if (!shares_host_memory()) {
      add(start_s, 0);
      return cuts;
    }
    for (std::size_t n = 0; n < start_s.size(); ++n) {
      if (start_s[n] == never) continue;
      std::vector<double> only(start_s.size(), never);
      only[n] = start_s[n];
      add(only, host_bytes[n]);
    }
    return cuts;
  }

  std::optional<Stages> best_on_devices(const std::vector<StageItem>& items, const std::vector<double>& start_s,
                                        std::uint64_t host_bytes) const {
    std::vector<StageDevice> devices;
    std::vector<std::size_t> places;
    for (std::size_t d = 0; d < machine_.devices.size(); ++d) {
      const auto& device = machine_.devices[d];
      auto room = device.room;
      if (machine_.shares_host_memory(device)) {
        const auto pool = machine_.pools.find(device.pool);
        const auto all = pool == machine_.pools.end() ? machine_.cpu.room : pool->second;
        room = std::min(room, all - std::min(all, host_bytes));
      }
      const auto taken = besides_layers(device.device);
      if (taken > room) continue;
      devices.push_back({room - taken, 1 / device.bytes_per_s, device.link_s + price()});
      places.push_back(d);
    }
    auto stages = best_stages(items, devices, start_s);
    if (stages)
      for (auto& run : stages->runs) run.device = places[run.device];
    return stages;
  }

  const MachineView& machine_;
  const PlanRequest& request_;
  const ModelParts& parts_;
  std::map<Device, std::uint64_t> held_;   // whatever the placement is
  std::map<Device, std::uint64_t> fixed_;  // compute and overhead, as far as they are known
};

}  // namespace

std::vector<Shortfall> PlacementSearch::shortfalls(const std::vector<DeviceUse>& use) const {
  std::vector<Shortfall> missing;
  std::map<std::string, std::uint64_t> by_pool;
  for (const auto& each : use) {
    const PlanDevice* device = each.device == machine_.cpu.device ? &machine_.cpu : nullptr;
    for (const auto& other : machine_.devices)
      if (other.device == each.device) device = &other;
    if (device == nullptr) continue;
    if (each.total() > device->room) missing.push_back({each.device, device->pool, each.total(), device->room});
    const auto pool = machine_.pools.find(device->pool);
    if (pool == machine_.pools.end()) continue;
    auto& bytes = by_pool[device->pool];
    bytes += each.total();
    if (bytes > pool->second && each.total() <= device->room)
      missing.push_back({each.device, device->pool, bytes, pool->second});
  }
  return missing;
}

std::optional<FoundPlacement> PlacementSearch::find(const ModelParts& parts, const ContextSpec& context) const {
  Search search(machine_, request_, parts);
  for (int i = 0; i < most_corrections; ++i) {
    const auto cut = search.best();
    if (!cut) return std::nullopt;
    FoundPlacement found{.placement = search.placement_of(*cut), .use = {}, .seconds = 0, .on_cpu = 0};
    found.use = memory_(found.placement, context);
    const auto missing = shortfalls(found.use);
    if (missing.empty()) {
      const auto seconds = search.seconds_by_device(*cut);
      const auto slowest = std::ranges::max_element(seconds) - seconds.begin();
      if (slowest > 0) found.slowest = machine_.devices[static_cast<std::size_t>(slowest) - 1].device;
      found.seconds = cut->stages.seconds;
      if (request_.objective == Objective::fewest_devices) found.seconds = std::fmod(found.seconds, device_s);
      found.on_cpu = std::min(cut->stages.start, parts.layer_count());
      const auto moved = std::min(cut->expert_layers, parts.layer_count());
      found.experts_on_cpu = parts.has_experts ? moved - std::min(moved, found.on_cpu) : 0;
      return found;
    }
    if (!search.learn(found.use))
      for (const auto& each : missing) search.add(each.device, each.needed_bytes - each.available_bytes);
  }
  return std::nullopt;
}

}  // namespace berth::plan
