#include "plan/device_map/device_map_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "plan/device_budgets.h"
#include "plan/device_map/torch_dtype_size.h"

namespace berth {
namespace {

/// That of the longest name in the map which is `name` or above it.
const Device* device_of(const DeviceMap& map, std::string_view name) {
  for (std::string_view path = name;; path = plan::parent_of(path)) {
    if (const auto* device = map.find(path)) return device;
    if (path.empty()) return nullptr;
  }
}

}  // namespace

DeviceMapReport plan::report_of(const ModuleGraph& graph, const std::vector<Unit>& units, const DeviceMap& map,
                                const DeviceMapRequest& request) {
  const auto& tree = graph.tree();
  const auto budgets = in_order(request.max_memory);
  DeviceMapReport report;
  report.use = budgets;
  for (auto& each : report.use) each.bytes = 0;
  const auto use_of = [&](const Device& device) -> std::uint64_t& {
    const auto found = std::ranges::find(report.use, device, &MemoryBudget::device);
    if (found != report.use.end()) return found->bytes;
    report.use.push_back({device, 0});
    return report.use.back().bytes;
  };

  std::map<std::size_t, std::set<Device>> devices;  // by the first name of a tensor
  for (std::size_t i = 0; i < tree.tensors.size(); ++i) {
    const auto& tensor = tree.tensors[i];
    if (const auto* device = device_of(map, tensor.name)) {
      devices[graph.original(i)].insert(*device);
    } else {
      report.uncovered.push_back(tensor.name);
      report.incomplete = report.incomplete || tensor.kind == TensorKind::parameter || tensor.persistent;
    }
  }
  for (const auto& [tensor, places] : devices) {
    for (const auto& device : places) use_of(device) += loaded_bytes(tree.tensors[tensor], request.dtype);
    if (places.size() > 1) report.tied_split.push_back(tree.tensors[tensor].name);
  }

  for (const auto& [device, limit] : budgets)
    if (device != Device::disk() && use_of(device) > limit) report.over_budget.push_back(device);
  for (const auto& [device, bytes] : report.use) {
    if (is_accelerator(device)) {
      report.busiest_accelerator_bytes = std::max(report.busiest_accelerator_bytes, bytes);
    } else {
      report.off_accelerator_bytes += bytes;
      if (device == Device::disk()) report.disk_bytes += bytes;
    }
  }
  if (report.off_accelerator_bytes == 0 || budgets.empty() || !is_accelerator(budgets.front().device)) return report;
  const auto [main, limit] = budgets.front();
  report.main_free_bytes = limit - std::min(limit, use_of(main));
  for (const auto& unit : units) {
    const auto* device = device_of(map, unit.names.front());
    if (device != nullptr && !is_accelerator(*device) && unit.bytes <= limit)
      report.largest_offloaded_bytes = std::max(report.largest_offloaded_bytes, unit.bytes);
  }
  return report;
}

DeviceMapReport check_device_map(const ModuleTree& tree, const DeviceMap& map, const DeviceMapRequest& request) {
  const plan::ModuleGraph graph(tree);
  return plan::report_of(graph, plan::units_of(graph, request.dtype), map, request);
}

}  // namespace berth
