#include "inventory/inventory_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "inventory/inventory_fields.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

/// Names that have been seen in one list.
class Seen {
 public:
  explicit Seen(std::string_view what) : what_(what) {}

  void add(const std::string& name, const structs::Place& place) {
    if (!names_.insert(name).second) place.fail(fmt::format("{} {} is there twice", what_, in_quotes(name)));
  }
  void require(const std::string& name, const structs::Place& place) const {
    if (!contains(name)) place.fail(fmt::format("there is no {} {}", what_, in_quotes(name)));
  }
  bool contains(const std::string& name) const { return names_.contains(name); }
  bool empty() const { return names_.empty(); }

 private:
  std::string_view what_;
  std::set<std::string> names_;  // not hashed: names from a file could be chosen to collide
};

template <class T>
void check_free(const T& memory, const structs::Place& place) {
  if (memory.free_bytes > memory.total_bytes)
    structs::Place(place, "free_bytes")
        .fail(fmt::format("{} of {} bytes are free", memory.free_bytes, memory.total_bytes));
}

/// "cuda" and "cuda:0" are one device.
std::optional<Device> other_name(const Device& device) {
  if (device.id().value_or(0) != 0) return std::nullopt;
  return Device(device.type(), device.id() ? std::nullopt : std::optional(0));
}

std::string numa_name(int id) { return "numa:" + std::to_string(id); }

/// Calls `check` with each entry and its place.
template <class T, class F>
void each(const std::vector<T>& list, const structs::Place& place, F check) {
  for (std::size_t i = 0; i < list.size(); ++i) check(list[i], structs::Place(place, i));
}

}  // namespace

void check_inventory(const Inventory& inventory) {
  const structs::Place top;
  Seen pools("pool");
  std::map<std::string_view, std::uint64_t> pool_bytes;
  each(inventory.pools, structs::Place(top, "pools"), [&](const MemoryPool& pool, const structs::Place& place) {
    if (pool.id.empty()) structs::Place(place, "id").fail("is empty");
    pools.add(pool.id, structs::Place(place, "id"));
    pool_bytes.emplace(pool.id, pool.total_bytes);
    check_free(pool, place);
  });

  Seen devices("device");
  Seen numa_nodes("NUMA node");
  const structs::Place devices_place(top, "devices");
  each(inventory.devices, devices_place, [&](const DeviceInfo& info, const structs::Place& place) {
    const structs::Place name(place, "device");
    devices.add(info.device.str(), name);
    if (const auto same = other_name(info.device); same && devices.contains(same->str()))
      name.fail(fmt::format("{} is there already, as {}", info.device.str(), same->str()));
    pools.require(info.pool, structs::Place(place, "pool"));
    check_free(info, place);
    // A driver can tell of more than a container may use, where it shares the memory of the CPU.
    const auto bytes = pool_bytes.at(info.pool);
    if (!info.integrated && bytes != 0 && info.total_bytes > bytes)
      structs::Place(place, "total_bytes").fail(fmt::format("{} of the {} bytes of its pool", info.total_bytes, bytes));
    if (!info.cpu) return;
    const structs::Place cpu(place, "cpu");
    each(info.cpu->numa_nodes, structs::Place(cpu, "numa_nodes"),
         [&](const NumaNode& node, const structs::Place& node_place) {
           numa_nodes.add(numa_name(node.id), structs::Place(node_place, "id"));
           check_free(node, node_place);
         });
  });
  // Without the probe of the CPU, the nodes that other probes name are not known.
  if (!numa_nodes.empty())
    each(inventory.devices, devices_place, [&](const DeviceInfo& info, const structs::Place& place) {
      if (info.numa_node) numa_nodes.require(numa_name(*info.numa_node), structs::Place(place, "numa_node"));
    });

  Seen links("link");
  each(inventory.links, structs::Place(top, "links"), [&](const Link& link, const structs::Place& place) {
    const auto check_end = [&](const std::string& end, std::string_view name) {
      if (!end.starts_with("numa:"))
        devices.require(end, structs::Place(place, name));
      else if (!numa_nodes.empty())
        numa_nodes.require(end, structs::Place(place, name));
    };
    check_end(link.from, "from");
    check_end(link.to, "to");
    if (link.from == link.to) structs::Place(place, "to").fail("is where it comes from, " + in_quotes(link.to));
    const auto& [first, second] = std::minmax(link.from, link.to);
    links.add(fmt::format("{} - {} ({})", first, second, to_string(link.kind)), place);
  });
}

}  // namespace berth::discovery
