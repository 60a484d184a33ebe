#include "inventory/matching.h"

#include <utility>

namespace berth {
namespace {

bool contradict(const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; }

/// By UUID, else by PCI id, else by name, where what stands before does not say otherwise.
Matching<DeviceInfo> match_devices(const Inventory& before, const Inventory& after) {
  Matching<DeviceInfo> devices(before.devices, after.devices);
  const auto uuid = [](const DeviceInfo& info) { return info.uuid; };
  const auto pci_id = [](const DeviceInfo& info) { return info.pci_id; };
  const auto name = [](const DeviceInfo& info) { return info.device.str(); };
  devices.match(uuid, uuid);
  devices.match(pci_id, pci_id, [](const auto& a, const auto& b) { return !contradict(a.uuid, b.uuid); });
  devices.match(name, name, [](const auto& a, const auto& b) {
    return !contradict(a.uuid, b.uuid) && !contradict(a.pci_id, b.pci_id);
  });
  return devices;
}

using Names = std::map<std::string, std::string>;  // not hashed: names from a file could be chosen to collide

/// From the names of devices in an inventory to those before, "new cuda:1" where there was no such device.
Names names_before(const Inventory& after, const Matching<DeviceInfo>& devices) {
  Names names;
  for (const auto& info : after.devices) {
    const auto* before = devices.before_of(info);
    names.emplace(info.device.str(), before == nullptr ? "new " + info.device.str() : before->device.str());
  }
  return names;
}

Names own_names(const Inventory& inventory) {
  Names names;
  for (const auto& info : inventory.devices) names.emplace(info.device.str(), info.device.str());
  return names;
}

/// From pools to the name of the device that alone uses it; empty where several do.
Names owners(const Inventory& inventory, const Names& names) {
  Names owners;
  for (const auto& info : inventory.devices) {
    const auto [place, is_new] = owners.emplace(info.pool, names.at(info.device.str()));
    if (!is_new) place->second.clear();
  }
  return owners;
}

std::string text_of(const Names& names, const std::string& name, const std::string& otherwise) {
  const auto found = names.find(name);
  return found == names.end() ? otherwise : found->second;
}

/// Memory is known by the device that it belongs to, else by its name.
Matching<MemoryPool> match_pools(const Inventory& before, const Names& before_names, const Inventory& after,
                                 const Names& after_names) {
  Matching<MemoryPool> pools(before.pools, after.pools);
  const auto owner_in = [](Names owners) {
    return [owners = std::move(owners)](const MemoryPool& pool) { return text_of(owners, pool.id, ""); };
  };
  const auto id = [](const MemoryPool& pool) { return pool.id; };
  pools.match(owner_in(owners(before, before_names)), owner_in(owners(after, after_names)));
  pools.match(id, id);
  return pools;
}

Matching<Link> match_links(const Inventory& before, const Names& before_names, const Inventory& after,
                           const Names& after_names) {
  Matching<Link> links(before.links, after.links);
  const auto ends_in = [](const Names& names) {
    return [&names](const Link& link) {
      auto from = text_of(names, link.from, link.from);
      auto to = text_of(names, link.to, link.to);
      if (to < from) std::swap(from, to);
      return from + " - " + to + " " + std::to_string(static_cast<int>(link.kind));
    };
  };
  links.match(ends_in(before_names), ends_in(after_names));
  return links;
}

}  // namespace

InventoryMatching match(const Inventory& before, const Inventory& after) {
  auto devices = match_devices(before, after);
  const auto before_names = own_names(before);
  const auto after_names = names_before(after, devices);
  auto pools = match_pools(before, before_names, after, after_names);
  auto links = match_links(before, before_names, after, after_names);
  return {std::move(devices), std::move(pools), std::move(links)};
}

std::string what_is(const DeviceInfo& info) { return info.device.str(); }
std::string what_is(const MemoryPool& pool) { return "pool " + pool.id; }
std::string what_is(const Link& link) { return "link " + link.from + " - " + link.to; }

}  // namespace berth
