#include "berth/device_map_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "plan/device_budgets.h"
#include "plan/device_map/accelerate.h"
#include "plan/device_map/device_map_report.h"
#include "plan/device_map/packing.h"
#include "plan/device_map/unit_map.h"
#include "text/bytes.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::array<std::string_view, 6> names = {"explicit", "sequential",     "auto",
                                                   "balanced", "balanced_low_0", "optimal"};

bool evens_out(MapStrategy strategy) { return strategy == MapStrategy::auto_ || strategy == MapStrategy::balanced; }

/// A model that does not fit whole on the other GPUs gets the first one too.
std::vector<MemoryBudget> without_first(std::vector<MemoryBudget> budgets) {
  budgets.front().bytes = 0;
  return budgets;
}

class MapPlanner {
 public:
  MapPlanner(const ModuleTree& tree, const DeviceMapRequest& request)
      : request_(request),
        graph_(tree),
        budgets_(plan::in_order(request.max_memory)),
        units_(plan::units_of(graph_, request.dtype)),
        reference_(plan::reference_of(units_, budgets_)) {}

  DeviceMapPlan plan() {
    if (request_.strategy == MapStrategy::optimal) return optimal();
    try {
      auto [map, warnings, infos] = plan::accelerate_map(graph_, request_);
      auto report = plan::report_of(graph_, units_, map, request_);
      const auto problem = request_.compat ? std::string() : problem_of(report);
      if (problem.empty()) return {std::move(map), std::move(report), std::move(warnings), std::move(infos), {}};
      return optimal(problem);
    } catch (const AccelerateError& error) {
      if (request_.compat) throw;
      return optimal(fmt::format("raises {}", error.what()));
    }
  }

 private:
  DeviceMapPlan optimal(const std::string& problem_of_other = {}) const {
    DeviceMapPlan plan;
    if (!problem_of_other.empty())
      plan.reasons.push_back(fmt::format("accelerate's map for {} {}: the map is that of optimal",
                                         to_string(request_.strategy), problem_of_other));
    auto devices = plan::packed(units_, budgets_);
    if (request_.strategy == MapStrategy::balanced_low_0 && !budgets_.empty()) {
      const auto others = without_first(budgets_);
      if (plan::reference_of(units_, others).busiest_contiguous_bytes) devices = plan::packed(units_, others);
    }
    plan.device_map = plan::unit_map(graph_, units_, devices, request_.clean_result);
    plan.report = plan::report_of(graph_, units_, plan.device_map, request_);
    for (const auto& [device, bytes] : plan.report.use)
      if (bytes > 0) plan.reasons.push_back(fmt::format("{} holds {}", device.str(), in_units(bytes)));
    if (plan.report.off_accelerator_bytes > 0 && plan.report.largest_offloaded_bytes > 0)
      plan.reasons.push_back(fmt::format("{} keeps {} free: the largest part that is offloaded passes through it",
                                         budgets_.front().device.str(), in_units(plan.report.main_free_bytes)));
    return plan;
  }

  /// What speaks against a map, or an empty text. Two hundredths of the model more than needed are no problem.
  std::string problem_of(const DeviceMapReport& report) const {
    const auto most = model_bytes() / 50;
    if (!report.over_budget.empty()) return fmt::format("is over the budget of {}", report.over_budget.front().str());
    if (report.incomplete) return fmt::format("has no device for {}", printable(report.uncovered.front()));
    if (!report.tied_split.empty()) return fmt::format("divides the tied {}", printable(report.tied_split.front()));
    if (report.main_free_bytes < report.largest_offloaded_bytes)
      return fmt::format("leaves {} too little for what is offloaded", budgets_.front().device.str());
    if (report.off_accelerator_bytes > reference_.off_accelerator_bytes + most)
      return fmt::format("leaves {} off the accelerators where {} suffice", in_units(report.off_accelerator_bytes),
                         in_units(reference_.off_accelerator_bytes));
    if (report.disk_bytes > reference_.disk_bytes + most)
      return fmt::format("leaves {} on disk where {} suffice", in_units(report.disk_bytes),
                         in_units(reference_.disk_bytes));
    const auto best = reference_.busiest_contiguous_bytes;
    if (evens_out(request_.strategy) && best && report.busiest_accelerator_bytes > *best / 10 * 13)
      return fmt::format("puts {} on one accelerator where {} suffice", in_units(report.busiest_accelerator_bytes),
                         in_units(*best));
    return {};
  }

  std::uint64_t model_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& unit : units_) bytes += unit.bytes;
    return bytes;
  }

  const DeviceMapRequest& request_;
  plan::ModuleGraph graph_;
  std::vector<MemoryBudget> budgets_;
  std::vector<plan::Unit> units_;
  plan::Reference reference_;
};

}  // namespace

std::string_view to_string(MapStrategy strategy) { return names.at(static_cast<std::size_t>(strategy)); }

MapStrategy map_strategy_from_str(std::string_view text) {
  const auto* const found = std::ranges::find(names, text);
  if (found == names.end())
    throw std::invalid_argument(
        fmt::format("{} is no strategy{}", in_quotes(text), nearest_hint(text, {names.begin(), names.end()})));
  return static_cast<MapStrategy>(found - names.begin());
}

DeviceMapPlan plan_device_map(const ModuleTree& tree, const DeviceMapRequest& request) {
  return MapPlanner(tree, request).plan();
}

}  // namespace berth
