/// Which parts of two inventories are the same piece of hardware, whatever each of them calls it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "berth/inventory.h"

namespace berth {

/// Which entries of two lists are the same. Both lists must outlive it.
template <class T>
class Matching {
 public:
  Matching(const std::vector<T>& before, const std::vector<T>& after) : before_(&before), after_(&after) {}

  /// Those without a partner that are the only one of their list with their key, where `may_be` agrees. An empty key is
  /// none.
  template <class KeyBefore, class KeyAfter, class MayBe>
  void match(KeyBefore key_before, KeyAfter key_after, MayBe may_be) {
    const auto candidates = alone(*after_, before_of_, key_after);
    for (const auto& [key, before] : alone(*before_, after_of_, key_before)) {
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

  /// visit(before, after) for each entry, with nullptr where one of the two is missing: in the order of the first list;
  /// then what only the second has.
  template <class F>
  void for_each(F visit) const {
    for (const T& each : *before_) visit(&each, partner(after_of_, each));
    for (const T& each : *after_)
      if (before_of(each) == nullptr) visit(static_cast<const T*>(nullptr), &each);
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

  const std::vector<T>* before_;
  const std::vector<T>* after_;
  Partners after_of_;
  Partners before_of_;
};

/// Devices are known by UUID, PCI id or name, memory by the device that it belongs to or by its name, and links by what
/// they connect.
struct InventoryMatching {
  Matching<DeviceInfo> devices;
  Matching<MemoryPool> pools;
  Matching<Link> links;
};
InventoryMatching match(const Inventory& before, const Inventory& after);

// What changes call a part.
std::string what_is(const DeviceInfo& info);  ///< "cuda:0"
std::string what_is(const MemoryPool& pool);  ///< "pool ram"
std::string what_is(const Link& link);        ///< "link cpu - cuda:0"

}  // namespace berth
