#include "plan/device_map/unit_map.h"

#include <optional>
#include <unordered_map>

namespace berth::plan {
namespace {

/// What is known of the devices in a module.
struct Lies {
  std::optional<Device> on = {};  // none: it holds no tensors, or they lie on several
  bool divided = false;

  void add(const Lies& other) {
    divided = divided || other.divided || (on && other.on && *on != *other.on);
    if (!on) on = other.on;
  }
};

}  // namespace

DeviceMap unit_map(const ModuleGraph& graph, const std::vector<Unit>& units, const std::vector<Device>& devices,
                   bool merged) {
  std::unordered_map<std::string_view, Device> keys;
  for (std::size_t i = 0; i < units.size(); ++i)
    for (const auto& name : units[i].names) keys.emplace(name, devices[i]);
  const auto& modules = graph.tree().modules;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < modules.size(); ++i) places.emplace(modules[i].path, i);

  std::vector<std::vector<std::string_view>> own(modules.size());  // tensors that are units of their own
  std::vector<Lies> lies(modules.size());
  for (const auto& tensor : graph.tree().tensors)
    if (const auto key = keys.find(tensor.name); key != keys.end()) {
      const auto parent = places.at(parent_of(tensor.name));
      own[parent].push_back(tensor.name);
      lies[parent].add({key->second, false});
    }
  for (std::size_t i = modules.size(); i-- > 0;) {  // children before their parents
    if (const auto key = keys.find(modules[i].path); key != keys.end()) lies[i] = {key->second, false};
    if (i > 0) lies[places.at(parent_of(modules[i].path))].add(lies[i]);
  }

  DeviceMap map;
  std::vector<bool> covered(modules.size());
  auto last = devices.empty() ? Device::cpu() : devices.front();
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const std::string_view path = modules[i].path;
    if (i > 0 && covered[places.at(parent_of(path))]) {
      covered[i] = true;
      continue;
    }
    const bool is_whole = keys.contains(path) || !lies[i].on;
    if (is_whole || (merged && !lies[i].divided)) {
      last = lies[i].on.value_or(last);
      map.set(std::string(path), last);
      covered[i] = true;
      continue;
    }
    for (const auto name : own[i]) map.set(std::string(name), keys.at(name));
  }
  return map;
}

}  // namespace berth::plan
