#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "berth/inventory.h"
#include "inventory/inventory_fields.h"
#include "text/printable.h"

namespace berth {
namespace {

using Changes = std::vector<InventoryChange>;

void compare(const std::string& what, const std::string& field, const Value& before, const Value& after,
             Changes& changes) {
  if (before == after) return;
  if (!before.is_object() || !after.is_object()) {
    changes.push_back({what, field, before, after});
    return;
  }
  const auto compare_entry = [&](const std::string& name, const Value* one, const Value* other) {
    const Value none;
    compare(what, field.empty() ? name : field + "." + name, one == nullptr ? none : *one,
            other == nullptr ? none : *other, changes);
  };
  for (const auto& [name, value] : before.as_object()) compare_entry(name, &value, after.find(name));
  for (const auto& [name, value] : after.as_object())
    if (before.find(name) == nullptr) compare_entry(name, nullptr, &value);
}

/// Which entries of two lists are the same.
template <class T>
class Matching {
 public:
  Matching(const std::vector<T>& before, const std::vector<T>& after) : before_(before), after_(after) {}

  /// Those without a partner that are the only one of their list with their key, where `may_be` agrees. An empty key is
  /// none.
  template <class KeyBefore, class KeyAfter, class MayBe>
  void match(KeyBefore key_before, KeyAfter key_after, MayBe may_be) {
    const auto candidates = alone(after_, before_of_, key_after);
    for (const auto& [key, before] : alone(before_, after_of_, key_before)) {
      const auto found = candidates.find(key);
      if (found == candidates.end() || !may_be(*before, *found->second)) continue;
      after_of_.emplace(before, found->second);
      before_of_.emplace(found->second, before);
    }
  }
  template <class KeyBefore, class KeyAfter>
  void match(KeyBefore key_before, KeyAfter key_after) {
    match(key_before, key_after, [](const T&, const T&) { return true; });
  }

  const T* before_of(const T& after) const { return partner(before_of_, after); }

  /// In the order of the first list; then what only the second has.
  template <class Name>
  void compare_all(Name name, Changes& changes) const {
    for (const T& each : before_) {
      const T* after = partner(after_of_, each);
      if (after == nullptr || !(each == *after))
        compare(name(each), "", structs::write(each), after == nullptr ? Value() : structs::write(*after), changes);
    }
    for (const T& each : after_)
      if (before_of(each) == nullptr) changes.push_back({name(each), "", nullptr, structs::write(each)});
  }

 private:
  using Partners = std::unordered_map<const T*, const T*>;

  static const T* partner(const Partners& partners, const T& of) {
    const auto found = partners.find(&of);
    return found == partners.end() ? nullptr : found->second;
  }

  template <class Key>
  static std::map<std::string, const T*> alone(const std::vector<T>& list, const Partners& matched, Key key) {
    std::map<std::string, const T*> found;
    for (const T& each : list) {
      if (matched.contains(&each)) continue;
      const auto [place, is_new] = found.emplace(key(each), &each);
      if (!is_new) place->second = nullptr;
    }
    std::erase_if(found, [](const auto& entry) { return entry.first.empty() || entry.second == nullptr; });
    return found;
  }

  const std::vector<T>& before_;
  const std::vector<T>& after_;
  Partners after_of_;
  Partners before_of_;
};

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

std::string InventoryChange::str() const {
  if (field.empty()) return printable(what) + (before.is_null() ? " appeared" : " is gone");
  return printable(what + " " + field) + ": " + printable(before.to_json()) + " -> " + printable(after.to_json());
}

std::vector<InventoryChange> diff(const Inventory& before, const Inventory& after) {
  Changes changes;
  compare("machine", "host", before.host, after.host, changes);
  compare("machine", "machine_id", before.machine_id, after.machine_id, changes);

  const auto devices = match_devices(before, after);
  const auto before_names = own_names(before);
  const auto after_names = names_before(after, devices);
  devices.compare_all([](const DeviceInfo& info) { return info.device.str(); }, changes);
  match_pools(before, before_names, after, after_names)
      .compare_all([](const MemoryPool& pool) { return "pool " + pool.id; }, changes);
  match_links(before, before_names, after, after_names)
      .compare_all([](const Link& link) { return "link " + link.from + " - " + link.to; }, changes);
  return changes;
}

}  // namespace berth
