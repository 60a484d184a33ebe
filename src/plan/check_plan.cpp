#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "berth/plan.h"
#include "plan/memory/stored_bytes.h"
#include "plan/placement/placed_layers.h"
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

/// Whether the runs of a placement are all layers of the model, each once.
std::optional<Reason> problem_of_layers(const Placement& placement, const ModelProfile& profile) {
  const int layers = plan::layer_count(profile);
  const auto gap = plan::first_gap(placement, layers);
  if (!gap) return std::nullopt;
  if (!gap->run) return Reason{"layers", fmt::format("it has {} layers, and the model has {}", gap->expected, layers)};
  return Reason{"layers",
                fmt::format("a run of {} layers begins with layer {}, where layer {} was to come; the model has {}",
                            gap->run->count, gap->run->first, gap->expected, layers)};
}

}  // namespace

std::vector<Reason> check(const Plan& plan, const ModelProfile& profile) {
  std::vector<Reason> problems;
  if (const auto problem = problem_of_layers(plan.placement, profile)) problems.push_back(*problem);
  for (const auto& [name, device] : plan.placement.tensors)
    if (std::ranges::find(profile.tensors, name, &TensorInfo::name) == profile.tensors.end())
      problems.push_back({printable(name), "the model has no such tensor"});
  if (!problems.empty()) return problems;
  const auto uses = plan::generation_use(profile, plan.placement, plan.context);
  // The engine may have told other bytes of its buffers than are computed. Those of weights are the same.
  const auto counted = [&](const DeviceUse& use) { return plan.exact ? use.weights : use.total() - use.overhead; };
  for (const auto& use : uses) {
    const auto planned = std::ranges::find(plan.use, use.device, &DeviceUse::device);
    const auto bytes = planned == plan.use.end() ? 0 : counted(*planned);
    if (plan.companions.empty() ? bytes != counted(use) : bytes < counted(use))
      problems.push_back(
          {use.device.str(), fmt::format("it says {} bytes, and the model takes {}", bytes, counted(use))});
  }
  return problems;
}

std::string why_not(const Plan& plan) {
  if (plan.outcome == PlanOutcome::fits) return {};
  std::string text = "the model does not fit";
  for (const auto& each : plan.missing)
    text += fmt::format("{} {} would have to hold {} and has room for {}", &each == &plan.missing.front() ? ":" : ",",
                        each.device.str(), in_units(each.needed_bytes), in_words(each.available_bytes));
  for (const auto& each : plan.changes) text += (&each == &plan.changes.front() ? "; " : ", or ") + each.str();
  return text + (plan.changes.empty() ? "" : " would do");
}

std::vector<Reason> check(const Plan& plan, const Inventory& inventory) {
  std::vector<Reason> problems;
  if (plan.outcome != PlanOutcome::fits) problems.push_back({"plan", "it did not fit when it was made"});
  std::map<std::string, std::uint64_t> by_pool;
  for (const auto& use : plan.use) {
    if (use.device.type() == DeviceType::disk) continue;  // the file of the model, which is there
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
