#include "inventory/simulate_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "berth/convert.h"
#include "berth/inventory.h"
#include "inventory/simulate_text.h"

namespace berth::discovery {
namespace {

constexpr auto memory_of_cpu = "ram";
constexpr std::size_t most_links = 65'536;

/// What would use such a device, by its name there.
std::vector<DeviceName> engines_of(const Device& device) {
  if (device.type() == DeviceType::npu || device.type() == DeviceType::disk) return {};
  return {{"llama.cpp", to_ggml(device)}};
}

/// `whole` in `parts`, the first of which take what is left over.
int share(int whole, int parts, int part) { return whole / parts + (part < whole % parts ? 1 : 0); }

class Builder {
 public:
  Builder(std::string_view text, bool needs_cpu) : text_(text), needs_cpu_(needs_cpu) {}

  Inventory build() {
    const auto machine = parse_machine(text_);
    // What shares the memory of the CPU may stand before it.
    for (const auto& devices : machine.devices)
      if (devices.type == DeviceType::cpu) add_cpu(devices);
    if (inventory_.devices.empty() && needs_cpu_)
      fail_at(text_, 0, "the machine has no CPU; add one and its memory, as in cpu:64GiB");
    for (const auto& devices : machine.devices)
      if (devices.type != DeviceType::cpu) add(devices);
    std::ranges::sort(inventory_.devices, {}, &DeviceInfo::device);
    for (const auto& info : inventory_.devices) names_.insert(info.device);
    // A link by name comes before those of all pairs, wherever it stands.
    for (const auto& link : machine.links)
      if (link.ends) add_between(link, *link.ends);
    for (const auto& link : machine.links)
      if (!link.ends) add_between_all(link);
    return std::move(inventory_);
  }

 private:
  void add_cpu(const SimulatedDevices& cpu) {
    if (!inventory_.devices.empty())
      fail_at(text_, cpu.at, "a second CPU; as NUMA nodes of one, cpu:2x32GiB");
    const int cores = std::max(cpu.cores.value_or(1), cpu.count);
    CpuInfo info{.cores = cores, .threads = cores, .usable_cores = cores};
    for (int i = 0; i < cpu.count; ++i)
      info.numa_nodes.push_back({i, cpu.bytes, cpu.bytes - cpu.used_bytes, share(cores, cpu.count, i)});
    const auto count = static_cast<std::uint64_t>(cpu.count);
    auto device = describe(cpu, Device::cpu());
    device.cpu = std::move(info);
    place(std::move(device), {.id = memory_of_cpu,
                              .kind = PoolKind::host,
                              .total_bytes = count * cpu.bytes,
                              .free_bytes = count * (cpu.bytes - cpu.used_bytes)});
  }

  void add(const SimulatedDevices& devices) {
    if (inventory_.devices.size() + static_cast<std::size_t>(devices.count) > most_simulated_devices)
      fail_at(text_, devices.at, fmt::format("more than {} devices", most_simulated_devices));
    for (int i = 0; i < devices.count; ++i) {
      const int id = next_[devices.type]++;
      const bool first_disk = devices.type == DeviceType::disk && id == 0;
      const Device name(devices.type, first_disk ? std::nullopt : std::optional(id));
      auto device = describe(devices, name);
      if (devices.shared) {
        if (inventory_.pools.empty() || inventory_.pools.front().id != memory_of_cpu)
          fail_at(text_, devices.at, "the machine has no CPU whose memory could be shared");
        device.integrated = name.type() != DeviceType::rpc;
        share_memory_of_cpu(std::move(device));
        continue;
      }
      const PoolKind kind = name.type() == DeviceType::disk  ? PoolKind::disk
                            : name.type() == DeviceType::rpc ? PoolKind::remote
                                                             : PoolKind::device;
      place(std::move(device), {.id = name.str(),
                                .kind = kind,
                                .total_bytes = devices.bytes,
                                .free_bytes = devices.bytes - devices.used_bytes});
    }
  }

  static DeviceInfo describe(const SimulatedDevices& devices, const Device& device) {
    DeviceInfo info{.device = device, .name = "simulated " + (devices.name.empty() ? device.str() : devices.name)};
    info.engines = engines_of(device);
    info.types = devices.types;
    if (devices.gpu != GpuInfo()) info.gpu = devices.gpu;
    if (devices.speed != DeviceSpeed()) info.speed = devices.speed;
    return info;
  }

  void place(DeviceInfo device, MemoryPool pool) {
    device.pool = pool.id;
    device.total_bytes = pool.total_bytes;
    device.free_bytes = pool.free_bytes;
    inventory_.devices.push_back(std::move(device));
    inventory_.pools.push_back(std::move(pool));
  }

  void share_memory_of_cpu(DeviceInfo device) {
    const auto& ram = inventory_.pools.front();
    device.pool = ram.id;
    device.total_bytes = ram.total_bytes;
    device.free_bytes = ram.free_bytes;
    inventory_.devices.push_back(std::move(device));
  }

  void add_between(const SimulatedLink& link, std::pair<Device, Device> ends) {
    for (const auto& end : {ends.first, ends.second})
      if (!names_.contains(end)) fail_at(text_, link.at, "the machine has no " + end.str());
    if (ends.first == ends.second) fail_at(text_, link.at, "a link from " + ends.first.str() + " to itself");
    if (!add_link(link, ends)) fail_at(text_, link.at, "a second link between the same devices");
  }

  void add_between_all(const SimulatedLink& link) {
    for (auto from = names_.begin(); from != names_.end(); ++from)
      for (auto to = std::next(from); to != names_.end(); ++to)
        if (from->type() != DeviceType::disk && to->type() != DeviceType::disk && add_link(link, {*from, *to}) &&
            inventory_.links.size() > most_links)
          fail_at(text_, link.at, fmt::format("more than {} links", most_links));
  }

  /// Unless those two have one.
  bool add_link(const SimulatedLink& link, std::pair<Device, Device> ends) {
    if (ends.second < ends.first) std::swap(ends.first, ends.second);
    if (!linked_.insert(ends).second) return false;
    inventory_.links.push_back({.from = ends.first.str(),
                                .to = ends.second.str(),
                                .kind = link.kind.value_or(kind_between(ends)),
                                .bytes_per_s = link.bytes_per_s,
                                .latency_us = link.latency_us});
    return true;
  }

  static LinkKind kind_between(const std::pair<Device, Device>& ends) {
    const auto is = [&](DeviceType type) { return ends.first.type() == type || ends.second.type() == type; };
    return is(DeviceType::rpc) ? LinkKind::network : is(DeviceType::disk) ? LinkKind::storage : LinkKind::pcie;
  }

  std::string_view text_;
  bool needs_cpu_;
  Inventory inventory_;
  std::map<DeviceType, int> next_;
  std::set<Device> names_;
  std::set<std::pair<Device, Device>> linked_;
};

}  // namespace

Inventory simulate_machine(std::string_view text, bool needs_cpu) { return Builder(text, needs_cpu).build(); }

}  // namespace berth::discovery
