// Any inventory that may be written down, for tests of laws.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "berth/inventory.h"
#include "random_values.h"

namespace berth::test {

class RandomInventory : public Random {
 public:
  using Random::Random;

  Inventory inventory() {
    Inventory made;
    made.origin = coin() ? InventoryOrigin::recorded : InventoryOrigin::simulated;
    made.host = text();
    made.machine_id = text();
    made.taken_at = text();
    for (int i = below(4) + 1; i > 0; --i) made.pools.push_back(pool("pool " + std::to_string(i)));
    made.devices.push_back(cpu(made.pools));
    const int nodes = static_cast<int>(made.devices.front().cpu->numa_nodes.size());
    for (int i = below(8); i > 0; --i) {
      auto info = device_info(Device(some_type(), i), made.pools);
      info.numa_node = maybe(below(nodes));
      made.devices.push_back(std::move(info));
    }
    std::ranges::sort(made.devices, {}, &DeviceInfo::device);
    for (std::size_t i = 1; i < made.devices.size(); ++i)
      if (coin()) made.links.push_back(link(made.devices[i - 1].device.str(), made.devices[i].device.str()));
    if (coin()) made.links.push_back(link("numa:0", made.devices.front().device.str()));
    for (int i = below(4); i > 0; --i) made.probes.push_back(probe());
    return made;
  }

  /// The same machine some time later: other amounts of free memory, a device more or less, indices in another order.
  Inventory changed(Inventory inventory) {
    for (auto& pool : inventory.pools)
      if (coin()) pool.free_bytes /= 2;
    for (auto& info : inventory.devices) {
      if (coin()) info.free_bytes /= 3;
      if (below(4) == 0) info.driver = text();
      if (below(4) == 0 && info.gpu) info.gpu->temperature_c = number();
    }
    if (coin() && inventory.devices.size() > 1) {
      const std::string gone = inventory.devices.back().device.str();
      inventory.devices.pop_back();
      std::erase_if(inventory.links, [&](const Link& link) { return link.from == gone || link.to == gone; });
    }
    if (coin()) inventory.devices.push_back(device_info(Device(DeviceType::rpc, 100 + below(9)), inventory.pools));
    for (auto& link : inventory.links)
      if (coin()) link.bytes_per_s = number();
    if (below(3) == 0) renumber(inventory);
    std::ranges::sort(inventory.devices, {}, &DeviceInfo::device);
    return inventory;
  }

 private:
  /// Exchanges the names of two devices that are known by UUID.
  static void renumber(Inventory& inventory) {
    const auto known = [](const DeviceInfo& info) { return !info.uuid.empty(); };
    const auto first = std::ranges::find_if(inventory.devices, known);
    if (first == inventory.devices.end()) return;
    const auto second = std::find_if(first + 1, inventory.devices.end(), known);
    if (second == inventory.devices.end()) return;
    const std::map<std::string, std::string> renamed = {{first->device.str(), second->device.str()},
                                                        {second->device.str(), first->device.str()}};
    std::swap(first->device, second->device);
    for (auto& link : inventory.links)
      for (auto* end : {&link.from, &link.to})
        if (const auto found = renamed.find(*end); found != renamed.end()) *end = found->second;
  }

  std::string text() {
    static const char* const texts[] = {"", "a", "NVIDIA H200", "\xC3\xBC\xE2\x82\xAC", "\"\\'", "a, b: c;", "0"};
    return texts[below(7)];
  }
  std::vector<std::string> texts() {
    std::vector<std::string> list(static_cast<std::size_t>(below(3)));
    for (auto& each : list) each = text();
    return list;
  }
  std::uint64_t bytes() {
    static const std::uint64_t some[] = {0, 1, 4096, std::uint64_t{24} << 30U, INT64_MAX - 1, INT64_MAX};
    return some[below(6)];
  }
  double number() {
    static const double some[] = {0, 0.1, 1, 25e9, 1e300, 5e-324};
    return some[below(6)];
  }
  template <class T>
  std::optional<T> maybe(T value) {
    return coin() ? std::optional(value) : std::nullopt;
  }
  DeviceType some_type() { return all_device_types[1 + static_cast<std::size_t>(below(7))]; }

  template <class T>
  T with_memory(T object) {
    object.total_bytes = bytes();
    object.free_bytes = coin() ? object.total_bytes : object.total_bytes / 3;
    return object;
  }
  MemoryPool pool(std::string id) {
    return with_memory(MemoryPool{.id = std::move(id), .kind = static_cast<PoolKind>(below(4)), .limited_by = text()});
  }
  Link link(std::string from, std::string to) {
    return {std::move(from), std::move(to), static_cast<LinkKind>(below(6)), number(), maybe(number()), coin(), text()};
  }
  ProbeReport probe() {
    return {text(), static_cast<ProbeOutcome>(below(11)), text(), text(), text(), number(), texts()};
  }

  DeviceInfo device_info(Device device, const std::vector<MemoryPool>& pools) {
    DeviceInfo info = with_memory(DeviceInfo{.device = device, .name = text(), .vendor = text()});
    const auto& pool = pools[static_cast<std::size_t>(below(static_cast<int>(pools.size())))];
    info.pool = pool.id;
    info.free_is_known = coin();
    info.integrated = coin();
    if (!info.integrated && pool.total_bytes != 0) info.total_bytes = std::min(info.total_bytes, pool.total_bytes);
    info.free_bytes = std::min(info.free_bytes, info.total_bytes);
    if (coin()) info.uuid = "GPU-" + device.str();
    if (coin()) info.pci_id = "0000:0" + std::to_string(below(4)) + ":00.0";
    info.driver = text();
    for (int i = below(3); i > 0; --i) info.engines.push_back({text(), text()});
    for (int i = below(3); i > 0; --i) info.apis.push_back({text(), text()});
    info.types = texts();
    info.note = text();
    if (coin())
      info.gpu = GpuInfo{text(), text(), bytes(), maybe(number()), maybe(number()), maybe(0 - number()), texts()};
    if (info.gpu && info.gpu->temperature_c < -273.15) info.gpu->temperature_c = -40;
    if (coin()) info.disk = DiskInfo{text(), text(), text(), text(), maybe(coin())};
    if (coin()) info.remote = RemoteInfo{text(), text(), static_cast<std::uint32_t>(below(4)), text()};
    if (coin()) info.speed = DeviceSpeed{number(), number(), {}};
    for (int i = below(3); info.speed && i > 0; --i) info.speed->types.push_back({text(), number(), number()});
    return info;
  }

  DeviceInfo cpu(const std::vector<MemoryPool>& pools) {
    auto info = device_info(Device::cpu(), pools);
    info.cpu = CpuInfo{.packages = 1 + below(4),
                       .cores = 1 + below(200),
                       .threads = 1 + below(400),
                       .usable_cores = 1 + below(9),
                       .quota_cpus = maybe(number()),
                       .features = texts(),
                       .huge_page_bytes = bytes(),
                       .huge_pages_free = bytes(),
                       .swap_total_bytes = bytes(),
                       .swap_free_bytes = bytes()};
    for (int i = below(3); i >= 0; --i)
      info.cpu->numa_nodes.push_back(with_memory(NumaNode{.id = i, .cores = below(9)}));
    for (int i = below(3); i > 0; --i) info.cpu->caches.push_back({i, bytes(), 1 + below(99)});
    return info;
  }
};

}  // namespace berth::test
