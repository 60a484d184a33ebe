#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "berth/inventory.h"
#include "discover/inventory_fields.h"
#include "text/printable.h"

namespace berth {
namespace {

using Changes = std::vector<InventoryChange>;
template <class T>
using Pairs = std::vector<std::pair<const T*, const T*>>;  ///< before and after; nullptr where there is none

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

template <class T, class Name>
void compare_all(const Pairs<T>& pairs, Name name, Changes& changes) {
  for (const auto& [before, after] : pairs) {
    if (before != nullptr && after != nullptr && *before == *after) continue;
    compare(name(before != nullptr ? *before : *after), "", before == nullptr ? Value() : discovery::write(*before),
            after == nullptr ? Value() : discovery::write(*after), changes);
  }
}

/// Pairs by a key that both sides have, in the order of `before`; then what only `after` has.
template <class T, class KeyBefore, class KeyAfter>
Pairs<T> pair_up(const std::vector<T>& before, const std::vector<T>& after, KeyBefore key_before, KeyAfter key_after) {
  std::unordered_map<std::string, const T*> left;
  for (const T& each : after) left.emplace(key_after(each), &each);
  Pairs<T> pairs;
  for (const T& each : before) {
    const auto found = left.find(key_before(each));
    pairs.push_back({&each, found == left.end() ? nullptr : std::exchange(found->second, nullptr)});
  }
  for (const T& each : after)
    if (left.at(key_after(each)) == &each) pairs.push_back({nullptr, &each});
  return pairs;
}

bool contradict(const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; }

/// Devices that are the same hardware: by UUID, else by PCI id, else by name. What several devices of one inventory have
/// in common, as MIG instances have their PCI id, says nothing.
class SameDevices {
 public:
  SameDevices(const std::vector<DeviceInfo>& before, const std::vector<DeviceInfo>& after)
      : before_(before), after_(after) {
    match([](const DeviceInfo& info) { return info.uuid; });
    match([](const DeviceInfo& info) { return info.pci_id; });
    match([](const DeviceInfo& info) { return info.device.str(); });
    for (const auto& info : after) {
      const auto same = before_of_.find(&info);
      before_names_.emplace(info.device.str(),
                            same == before_of_.end() ? "new " + info.device.str() : same->second->device.str());
    }
  }

  Pairs<DeviceInfo> pairs() const {
    Pairs<DeviceInfo> pairs;
    for (const auto& info : before_) {
      const auto same = after_of_.find(&info);
      pairs.push_back({&info, same == after_of_.end() ? nullptr : same->second});
    }
    for (const auto& info : after_)
      if (!before_of_.contains(&info)) pairs.push_back({nullptr, &info});
    return pairs;
  }

  /// What a device of `after`, or a NUMA node, was called before.
  std::string name_before(const std::string& name) const {
    const auto found = before_names_.find(name);
    return found == before_names_.end() ? name : found->second;
  }

 private:
  using Key = std::function<std::string(const DeviceInfo&)>;
  using Matches = std::unordered_map<const DeviceInfo*, const DeviceInfo*>;

  /// Of those that have no partner yet, by a key that is theirs alone.
  static std::unordered_map<std::string, const DeviceInfo*> alone(const std::vector<DeviceInfo>& devices,
                                                                  const Matches& matched, const Key& key) {
    std::unordered_map<std::string, const DeviceInfo*> found;
    for (const auto& info : devices) {
      const auto text = key(info);
      if (text.empty() || matched.contains(&info)) continue;
      const auto [place, is_new] = found.emplace(text, &info);
      if (!is_new) place->second = nullptr;
    }
    std::erase_if(found, [](const auto& entry) { return entry.second == nullptr; });
    return found;
  }

  void match(const Key& key) {
    const auto candidates = alone(after_, before_of_, key);
    for (const auto& [text, before] : alone(before_, after_of_, key)) {
      const auto found = candidates.find(text);
      if (found == candidates.end()) continue;
      const DeviceInfo* after = found->second;
      const bool same_uuid = !before->uuid.empty() && before->uuid == after->uuid;
      if (contradict(before->uuid, after->uuid) || (!same_uuid && contradict(before->pci_id, after->pci_id))) continue;
      after_of_.emplace(before, after);
      before_of_.emplace(after, before);
    }
  }

  const std::vector<DeviceInfo>& before_;
  const std::vector<DeviceInfo>& after_;
  Matches after_of_;
  Matches before_of_;
  std::unordered_map<std::string, std::string> before_names_;
};

/// Memory of a device is known by the device that it belongs to, the first by name.
template <class Name>
std::unordered_map<std::string, std::string> owners(const Inventory& inventory, Name name_before) {
  std::unordered_map<std::string, std::string> owners;
  for (const auto& info : inventory.devices) {
    auto name = name_before(info.device.str());
    const auto [place, is_new] = owners.emplace(info.pool, name);
    if (!is_new && name < place->second) place->second = std::move(name);
  }
  return owners;
}

std::string key_of(const MemoryPool& pool, const std::unordered_map<std::string, std::string>& owners) {
  const auto owner = owners.find(pool.id);
  const bool by_owner = pool.kind == PoolKind::device || pool.kind == PoolKind::remote;
  return by_owner && owner != owners.end() ? "of " + owner->second : "named " + pool.id;
}

template <class Name>
std::string key_of(const Link& link, Name name_before) {
  auto from = name_before(link.from);
  auto to = name_before(link.to);
  if (to < from) std::swap(from, to);
  return from + " - " + to + " " + std::to_string(static_cast<int>(link.kind));
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

  const SameDevices same(before.devices, after.devices);
  compare_all(
      same.pairs(), [](const DeviceInfo& info) { return info.device.str(); }, changes);

  const auto as_it_is = [](const std::string& name) { return name; };
  const auto name_before = [&](const std::string& name) { return same.name_before(name); };
  const auto owners_before = owners(before, as_it_is);
  const auto owners_after = owners(after, name_before);
  compare_all(
      pair_up(
          before.pools, after.pools, [&](const MemoryPool& pool) { return key_of(pool, owners_before); },
          [&](const MemoryPool& pool) { return key_of(pool, owners_after); }),
      [](const MemoryPool& pool) { return "pool " + pool.id; }, changes);
  compare_all(
      pair_up(
          before.links, after.links, [&](const Link& link) { return key_of(link, as_it_is); },
          [&](const Link& link) { return key_of(link, name_before); }),
      [](const Link& link) { return "link " + link.from + " - " + link.to; }, changes);
  return changes;
}

}  // namespace berth
