#include "engine/host/what_is_left.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "berth/measure.h"
#include "berth/simulated.h"
#include "engine/discover_options.h"
#include "engine/host/worker_watch.h"
#include "engine/simulated_here.h"

namespace berth::host {
namespace {

bool is_same_hardware(const DeviceKey& one, const DeviceKey& other) {
  if (!one.endpoint.empty() || !other.endpoint.empty())
    return one.endpoint == other.endpoint && one.number == other.number;
  if (!one.uuid.empty() || !other.uuid.empty()) return one.uuid == other.uuid;
  if (!one.pci_id.empty() || !other.pci_id.empty()) return one.pci_id == other.pci_id;
  return one.engines == other.engines;
}

/// What a device of one machine is called on another.
class NewNames {
 public:
  NewNames(const Inventory& before, const Inventory& now) : before_(before), now_(now) {}

  /// None where it is gone.
  std::optional<Device> of(const Device& device) const {
    if (device.type() == DeviceType::cpu || device.type() == DeviceType::disk) return device;
    const auto* known = before_.find(device);
    if (known == nullptr) return std::nullopt;
    for (const auto& each : now_.devices)
      if (each.device.type() == device.type() && is_same_hardware(each.key(), known->key())) return each.device;
    return std::nullopt;
  }

  /// Gives each entry the new name of its device, and takes out those that are gone. Answers them.
  template <class Entry, class Of>
  std::vector<Entry> rename(std::vector<Entry>& entries, Of device_of) const {
    std::vector<Entry> kept;
    std::vector<Entry> gone;
    for (auto& entry : entries) {
      const auto name = of(device_of(entry));
      if (name) device_of(entry) = *name;
      (name ? kept : gone).push_back(entry);
    }
    entries = std::move(kept);
    return gone;
  }

 private:
  const Inventory& before_;
  const Inventory& now_;
};

bool is_accelerator(const Device& device) {
  return device.type() != DeviceType::cpu && device.type() != DeviceType::disk;
}

}  // namespace

Inventory what_is_left(const OrderedMap<DeviceKey>& keys, const std::set<std::string>& silent, const Tell& tell) {
  const auto is_of_simulated = [](const auto& each) { return is_simulated(each.second); };
  if (auto machine = simulated_here(); machine && std::ranges::any_of(keys, is_of_simulated)) return *machine;
  auto options = options_with_any_list(tell);
  const auto of_model = endpoints_of(keys);
  options.rpc_endpoints.insert(options.rpc_endpoints.end(), of_model.begin(), of_model.end());
  std::erase_if(options.rpc_endpoints, [&](const auto& endpoint) { return silent.contains(endpoint); });
  return with_kept_speeds(discover(options));
}

PlanRequest request_for(const Planning& planning, const Inventory& left, const Tell& given_up) {
  auto request = planning.request;
  const NewNames names(planning.machine, left);
  const auto device_of = [](auto& entry) -> Device& { return entry.device; };
  const auto itself = [](Device& device) -> Device& { return device; };
  const auto lost_budgets = names.rename(request.max_memory, device_of);
  for (const auto& pin : names.rename(request.pins, device_of))
    given_up(
        fmt::format("{} is gone, so that what was pinned there ({}) goes elsewhere", pin.device.str(), pin.pattern));
  const auto lost_choices = names.rename(request.use, itself);
  names.rename(request.avoid, itself);
  for (auto& companion : request.companions)
    if (companion.device) companion.device = names.of(*companion.device);
  std::erase_if(request.reserved, [&](const PoolBytes& each) { return left.pool(each.pool) == nullptr; });

  // An empty list means all devices: so it is not to become empty.
  const bool had_to_use = !lost_choices.empty() && request.use.empty();
  const auto of_accelerator = [](const auto& budget) { return is_accelerator(budget.device); };
  const bool had_budgets = request.strategy != MapStrategy::optimal &&
                           std::ranges::any_of(lost_budgets, of_accelerator) &&
                           std::ranges::none_of(request.max_memory, of_accelerator);
  if (had_to_use || had_budgets) {
    request.use.clear();
    for (const auto& each : left.devices)
      if (is_accelerator(each.device) && std::ranges::find(request.avoid, each.device) == request.avoid.end())
        request.avoid.push_back(each.device);
  }
  return request;
}

}  // namespace berth::host
