#include "plan/search/cut_search.h"

#include <algorithm>
#include <limits>

namespace berth::plan {
namespace {

constexpr double no_way = std::numeric_limits<double>::infinity();
constexpr std::size_t most_steps = 20'000'000;

std::uint64_t bytes_at(const std::map<Device, std::uint64_t>& bytes, const Device& device) {
  const auto found = bytes.find(device);
  return found == bytes.end() ? 0 : found->second;
}

}  // namespace

FixedBytes fixed_bytes(const std::vector<DeviceUse>& use) {
  FixedBytes fixed;
  for (const auto& each : use) fixed[each.device] = each.compute + each.overhead;
  return fixed;
}

CutSearch::CutSearch(const MachineView& machine, const PlanRequest& request, const ModelParts& parts,
                     const FixedBytes& known)
    : machine_(machine), request_(request), parts_(parts), fixed_(known) {
  for (const auto& use : parts.base) held_[use.device] += use.weights + use.cache;
}

void CutSearch::set(const std::vector<DeviceUse>& use) {
  for (const auto& [device, bytes] : fixed_bytes(use)) fixed_[device] = bytes;
}

double CutSearch::price() const { return request_.objective == Objective::fewest_devices ? few_devices_s : 0; }

std::uint64_t CutSearch::besides_layers(const Device& device) const {
  return bytes_at(held_, device) + bytes_at(fixed_, device);
}

std::size_t CutSearch::most_expert_layers() const {
  return parts_.has_experts && request_.rules.tensor_overrides ? parts_.layer_count() : 0;
}

std::optional<Cut> CutSearch::best() const {
  const auto items = parts_.layers.size();
  const auto steps = items * (machine_.devices.size() + 1) * (shares_host_memory() ? items : 1);
  const auto most = most_expert_layers();
  const auto stride = std::max<std::size_t>(1, (most * steps + most_steps - 1) / most_steps);
  std::optional<Cut> best;
  for (std::size_t n = 0; n <= most; n = n == most ? n + 1 : std::min(n + stride, most))
    for (auto& cut : cuts(n))
      if (!best || cut.stages.seconds < best->stages.seconds) best = std::move(cut);
  return best;
}

bool CutSearch::learn(const std::vector<DeviceUse>& use) {
  bool learned = false;
  for (const auto& [device, fixed] : fixed_bytes(use)) {
    auto& known = fixed_[device];
    learned = learned || fixed > known;
    known = std::max(known, fixed);
    const auto [least, is_new] = least_.try_emplace(device, fixed);
    if (!is_new) least->second = std::min(least->second, fixed);
  }
  return learned;
}

bool CutSearch::forget() {
  if (fixed_ == least_ || least_.empty()) return false;
  fixed_ = least_;
  return true;
}

Placement CutSearch::placement_of(const Cut& cut) const {
  const auto& [start, runs, seconds] = cut.stages;
  Placement placement{.layers = {}, .input = parts_.input, .output = Device::cpu(), .tensors = parts_.pinned};
  const auto count = parts_.layer_count();
  const auto on_disk = std::min(parts_.layers_on_disk, count);
  if (on_disk > 0) placement.layers.push_back({0, static_cast<int>(on_disk), Device::disk()});
  if (std::min(start, count) > on_disk)
    placement.layers.push_back(
        {static_cast<int>(on_disk), static_cast<int>(std::min(start, count) - on_disk), Device::cpu()});
  for (const auto& run : runs) {
    const auto& device = machine_.devices[run.device].device;
    const auto layers = std::min(run.first + run.count, count) - std::min(run.first, count);
    if (layers > 0) placement.layers.push_back({static_cast<int>(run.first), static_cast<int>(layers), device});
    if (run.first + run.count == parts_.layers.size()) placement.output = device;
  }
  for (std::size_t i = start; i < std::min(cut.expert_layers, count); ++i)
    for (const auto& name : parts_.layers[i].experts) placement.tensors.set(name, machine_.cpu.device);
  for (std::size_t i = 0; i < parts_.layers.size(); ++i)
    for (const auto& part : parts_.layers[i].pinned)
      if (part.device != device_of_item(cut, i))
        for (const auto& name : part.tensors) placement.tensors.set(name, part.device);
  return placement;
}

const Device& CutSearch::device_of_item(const Cut& cut, std::size_t item) const {
  for (const auto& run : cut.stages.runs)
    if (item >= run.first && item < run.first + run.count) return machine_.devices[run.device].device;
  return machine_.cpu.device;
}

std::vector<double> CutSearch::seconds_by_device(const Cut& cut) const {
  std::vector<double> seconds(machine_.devices.size() + 1);
  const auto& cpu = machine_.cpu.decode;
  for (std::size_t i = 0; i < cut.stages.start; ++i) {
    const auto& layer = parts_.layers[i];
    seconds[0] += cpu.seconds(layer.read_bytes + layer.expert_read_bytes, layer.operations);
  }
  for (const auto& run : cut.stages.runs)
    for (std::size_t i = run.first; i < run.first + run.count; ++i) {
      const auto& layer = parts_.layers[i];
      const bool moves = leaves_experts(cut.expert_layers, i);
      seconds[run.device + 1] += machine_.devices[run.device].decode.seconds(
          layer.read_bytes + (moves ? 0 : layer.expert_read_bytes), layer.operations);
      if (moves) seconds[0] += layer.expert_read_bytes / cpu.bytes_per_s;
    }
  return seconds;
}

bool CutSearch::shares_host_memory() const {
  return std::ranges::any_of(machine_.devices,
                             [&](const PlanDevice& device) { return machine_.shares_host_memory(device); });
}

const PlanDevice& CutSearch::device_of(const Device& device) const {
  const auto* found = machine_.find(device);
  return found == nullptr ? machine_.cpu : *found;
}

double CutSearch::pinned_seconds(const LayerPart& layer, Rates rates) const {
  double seconds = 0;
  for (const auto& part : layer.pinned) seconds += part.read_bytes / (device_of(part.device).*rates).bytes_per_s;
  return seconds;
}

double CutSearch::ways_seconds(const LayerPart& layer, bool leaves_experts, const PlanDevice& device,
                               Rates rates) const {
  const auto to_cpu = [&](const PlanDevice& each) { return &each == &machine_.cpu ? 0 : (each.*rates).link_s; };
  double seconds = leaves_experts ? 2 * to_cpu(device) : 0;
  for (const auto& part : layer.pinned) {
    const auto& there = device_of(part.device);
    if (&there != &device) seconds += 2 * (to_cpu(device) + to_cpu(there));
  }
  return seconds;
}

double CutSearch::cpu_seconds(const LayerPart& layer, Rates rates) const {
  return (machine_.cpu.*rates).seconds(layer.read_bytes + layer.expert_read_bytes, layer.operations) +
         pinned_seconds(layer, rates) + ways_seconds(layer, false, machine_.cpu, rates);
}

double CutSearch::seconds_of(const Cut& cut, Rates rates) const {
  double seconds = 0;
  for (std::size_t i = 0; i < cut.stages.start; ++i) seconds += cpu_seconds(parts_.layers[i], rates);
  for (const auto& run : cut.stages.runs) {
    const auto& device = machine_.devices[run.device];
    seconds += (device.*rates).link_s;
    for (std::size_t i = run.first; i < run.first + run.count; ++i) {
      const auto& layer = parts_.layers[i];
      const bool moves = leaves_experts(cut.expert_layers, i);
      seconds += (device.*rates).seconds(layer.read_bytes + (moves ? 0 : layer.expert_read_bytes), layer.operations);
      if (moves) seconds += layer.expert_read_bytes / (machine_.cpu.*rates).bytes_per_s;
      seconds += pinned_seconds(layer, rates) + ways_seconds(layer, moves, device, rates);
    }
  }
  return seconds;
}

bool CutSearch::leaves_experts(std::size_t expert_layers, std::size_t item) const {
  return item < expert_layers && !parts_.layers[item].experts.empty();
}

CutItems CutSearch::items_of(std::size_t expert_layers) const {
  const auto& layers = parts_.layers;
  CutItems all;
  all.besides_s.resize(machine_.devices.size());
  std::uint64_t moved = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool moves = leaves_experts(expert_layers, i);
    if (moves) moved += layers[i].expert_bytes;
    all.items.push_back({layers[i].bytes - (moves ? layers[i].expert_bytes : 0),
                         layers[i].read_bytes + (moves ? 0 : layers[i].expert_read_bytes),
                         pinned_seconds(layers[i], &PlanDevice::counted)});
    if (moves) all.items.back().elsewhere_s += layers[i].expert_read_bytes / machine_.cpu.counted.bytes_per_s;
    for (std::size_t d = 0; d < machine_.devices.size(); ++d)
      all.besides_s[d].push_back(machine_.devices[d].counted.seconds(0, layers[i].operations) +
                                 ways_seconds(layers[i], moves, machine_.devices[d], &PlanDevice::counted));
  }
  for (std::size_t d = 0; d < machine_.devices.size(); ++d)
    if (parts_.output.value_or(machine_.devices[d].device) != machine_.devices[d].device)
      all.besides_s[d].back() = no_way;
  std::uint64_t bytes = besides_layers(machine_.cpu.device) + moved;
  double seconds = 0;
  for (std::size_t n = 0; n <= layers.size(); ++n) {
    const bool is_all = n == layers.size();
    all.host_bytes.push_back(bytes - (is_all ? std::min(bytes, parts_.saved_on_cpu) : 0));
    all.cpu_s.push_back(seconds + (n > 0 || moved > 0 ? price() : 0));
    if (is_all && parts_.output.value_or(machine_.cpu.device) != machine_.cpu.device) all.cpu_s.back() = no_way;
    if (is_all) break;
    bytes += all.items[n].bytes;
    seconds += cpu_seconds(layers[n], &PlanDevice::counted);
  }
  return all;
}

std::vector<Cut> CutSearch::cuts(std::size_t expert_layers) const {
  const auto all = items_of(expert_layers);
  auto start_s = all.cpu_s;
  for (std::size_t n = 0; n < start_s.size(); ++n)
    if (n < parts_.layers_on_disk || all.host_bytes[n] > machine_.cpu.room) start_s[n] = no_way;

  std::vector<Cut> cuts;
  const auto add = [&](const std::vector<double>& starts, std::uint64_t host) {
    if (auto stages = best_on_devices(all, starts, host)) cuts.push_back({*std::move(stages), expert_layers});
  };
  if (!shares_host_memory()) {
    add(start_s, 0);
    return cuts;
  }
  for (std::size_t n = 0; n < start_s.size(); ++n) {
    if (start_s[n] == no_way) continue;
    std::vector<double> only(start_s.size(), no_way);
    only[n] = start_s[n];
    add(only, all.host_bytes[n]);
  }
  return cuts;
}

std::optional<Stages> CutSearch::best_on_devices(const CutItems& all, const std::vector<double>& start_s,
                                                 std::uint64_t host_bytes) const {
  std::vector<StageDevice> devices;
  std::vector<std::size_t> places;
  for (std::size_t d = 0; d < machine_.devices.size(); ++d) {
    const auto& device = machine_.devices[d];
    auto room = device.room;
    if (machine_.shares_host_memory(device)) {
      const auto pool = machine_.pools.find(device.pool);
      const auto whole = pool == machine_.pools.end() ? machine_.cpu.room : pool->second;
      room = std::min(room, whole - std::min(whole, host_bytes));
    }
    const auto taken = besides_layers(device.device);
    if (taken > room) continue;
    devices.push_back(
        {room - taken, 1 / device.counted.bytes_per_s, device.counted.link_s + price(), all.besides_s[d]});
    places.push_back(d);
  }
  auto stages = best_stages(all.items, devices, start_s);
  if (stages)
    for (auto& run : stages->runs) run.device = places[run.device];
  return stages;
}

}  // namespace berth::plan
