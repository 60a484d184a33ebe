/// Other plans for the same request, to be shown or run beside the best one.
#include <algorithm>

#include "berth/plan.h"
#include "plan/own_devices.h"

namespace berth {
namespace {

double speed_of(const Plan& plan) { return plan.predicted ? plan.predicted->decode_tokens_per_s : 0; }

class Alternatives {
 public:
  Alternatives(const Plan& plan, const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request)
      : profile_(profile),
        inventory_(inventory),
        request_(plan::with_own_devices(request, inventory)),
        found_{{"the plan", plan}} {
    request_.context = plan.context;
    request_.min_context.reset();
    request_.objective = Objective::fastest;
    request_.search_ms = 0;
  }

  std::vector<Alternative> all() && {
    for (const auto& use : found_.front().plan.use) add_device(use.device);
    add_device(Device::cpu());
    for (const auto strategy : {MapStrategy::balanced, MapStrategy::sequential}) {
      auto request = request_;
      request.strategy = strategy;
      add(std::string(to_string(strategy)), request);
    }
    found_.erase(found_.begin());
    std::ranges::stable_sort(found_, std::ranges::greater(), [](const auto& each) { return speed_of(each.plan); });
    return std::move(found_);
  }

 private:
  /// All that does not have to be on the CPU on one device, unless a part is asked for on another.
  void add_device(const Device& device) {
    const auto is_elsewhere = [&](const Device& asked) { return asked != device && asked != Device::cpu(); };
    for (const auto& pin : request_.pins)
      if (is_elsewhere(pin.device)) return;
    for (const auto& companion : request_.companions)
      if (companion.device && is_elsewhere(*companion.device)) return;
    auto request = request_;
    request.strategy = MapStrategy::optimal;
    request.use.clear();
    for (const auto& info : inventory_.devices)
      if (info.device != device && info.device != Device::cpu()) request.avoid.push_back(info.device);
    add(device.str() + " alone", request);
  }

  void add(const std::string& what, const PlanRequest& request) {
    auto plan = make_plan(profile_, inventory_, request);
    const auto is_known = [&](const Alternative& other) {
      return other.what == what || (plan.outcome == PlanOutcome::fits && other.plan.placement == plan.placement);
    };
    if (std::ranges::none_of(found_, is_known)) found_.push_back({what, std::move(plan)});
  }

  const ModelProfile& profile_;
  const Inventory& inventory_;
  PlanRequest request_;
  std::vector<Alternative> found_;
};

}  // namespace

std::vector<Alternative> alternatives(const Plan& plan, const ModelProfile& profile, const Inventory& inventory,
                                      const PlanRequest& request) {
  return Alternatives(plan, profile, inventory, request).all();
}

}  // namespace berth
