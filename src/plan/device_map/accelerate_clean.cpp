#include <algorithm>
#include <map>
#include <numeric>

#include "plan/device_map/accelerate.h"

namespace berth::plan {
namespace {

/// Entries in the order of a Python dictionary: one that is set anew comes last.
struct Entry {
  std::string name;
  Device device;
  bool is_there = true;
};

class Cleaner {
 public:
  explicit Cleaner(const DeviceMap& map) {
    for (const auto& [name, device] : map) entries_.push_back({name, device});
  }

  DeviceMap result() {
    std::vector<std::size_t> all(entries_.size());
    std::iota(all.begin(), all.end(), 0);
    clean("", 0, all);
    DeviceMap map;
    for (const auto& entry : entries_)
      if (entry.is_there) map.set(entry.name, entry.device);
    return map;
  }

 private:
  /// `below`: the entries below the module, in their order. `start`: where the names of its children start in theirs.
  void clean(std::string_view module, std::size_t start, const std::vector<std::size_t>& below) {
    const auto same_device = [&](std::size_t i) { return entries_[i].device == entries_[below.front()].device; };
    if (below.size() > 1 && std::ranges::all_of(below, same_device)) {
      for (const auto i : below) entries_[i].is_there = false;
      entries_.push_back({std::string(module), entries_[below.front()].device});
      return;
    }
    // Children in the order of their first entries. In Python that order is one of string hashes.
    std::vector<std::pair<std::string, std::vector<std::size_t>>> children;
    std::map<std::string, std::size_t, std::less<>> places;
    for (const auto i : below) {
      const auto& name = entries_[i].name;
      if (name.size() <= start) continue;
      const auto child = name.substr(0, name.find('.', start));
      const auto [place, is_new] = places.emplace(child, children.size());
      if (is_new) children.emplace_back(child, std::vector<std::size_t>());
      if (name.size() > child.size()) children[place->second].second.push_back(i);
    }
    for (const auto& [child, entries] : children) clean(child, child.size() + 1, entries);
  }

  std::vector<Entry> entries_;
};

}  // namespace

DeviceMap cleaned(const DeviceMap& map) { return Cleaner(map).result(); }

}  // namespace berth::plan
