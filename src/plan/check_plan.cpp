#include <fmt/format.h>

#include <map>

#include "berth/plan.h"
#include "text/bytes.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Whether two keys can be of one piece of hardware: neither says otherwise.
bool may_be_same(const DeviceKey& planned, const DeviceKey& found) {
  const auto agree = [](const std::string& a, const std::string& b) { return a.empty() || b.empty() || a == b; };
  if (!planned.uuid.empty() && !found.uuid.empty()) return planned.uuid == found.uuid;
  return agree(planned.pci_id, found.pci_id) && agree(planned.endpoint, found.endpoint) &&
         (planned.endpoint.empty() || planned.number == found.number);
}

}  // namespace

std::vector<Reason> check(const Plan& plan, const Inventory& inventory) {
  std::vector<Reason> problems;
  if (plan.outcome != PlanOutcome::fits) problems.push_back({"plan", "it did not fit when it was made"});
  std::map<std::string, std::uint64_t> by_pool;
  for (const auto& use : plan.use) {
    const auto name = use.device.str();
    const auto* info = inventory.find(use.device);
    if (info == nullptr) {
      problems.push_back({name, "the machine does not have it"});
      continue;
    }
    if (!may_be_same(use.key, info->key()))
      problems.push_back({name, fmt::format("it is another piece of hardware now, {}", in_quotes(info->name))});
    if (use.total() > info->free_bytes) {
      problems.push_back(
          {name, fmt::format("the plan needs {}, and {} are free", in_units(use.total()), in_units(info->free_bytes))});
      continue;
    }
    auto& bytes = by_pool[info->pool];
    bytes += use.total();
    const auto* pool = inventory.pool(info->pool);
    if (pool != nullptr && bytes > pool->free_bytes)
      problems.push_back({name, fmt::format("with the other devices of pool {} the plan needs {}, and {} are free",
                                            printable(info->pool), in_units(bytes), in_units(pool->free_bytes))});
  }
  return problems;
}

}  // namespace berth
