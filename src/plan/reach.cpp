/// Plans that are just quick enough.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "plan/context_steps.h"
#include "plan/planner.h"
#include "text/bytes.h"
#include "text/rate.h"

namespace berth::plan {
namespace {

constexpr int halvings = 6;  // of the memory of each device

}  // namespace

bool Planner::reaches(const FoundPlacement& found) const {
  return found.full_seconds * request_.reach_tokens_per_s <= 1;
}

Plan Planner::reaching(FoundPlacement found, ContextSpec context, int wanted) {
  if (!(request_.reach_tokens_per_s > 0))
    throw std::invalid_argument("The objective reach wants to know how many tokens a second are to be reached");
  const int least = request_.min_context.value_or(context.n_ctx);
  if (!reaches(found) && least < context.n_ctx) {
    int fits = -1;  // steps above the least
    const int step = context_step(context);
    int too_long = steps_between(least, context.n_ctx, step);
    auto shorter = context;
    while (too_long - fits > 1) {
      const int middle = fits < 0 ? 0 : fits + (too_long - fits) / 2;
      shorter.n_ctx = least + middle * step;
      auto other = find(shorter);
      if (!other || !reaches(*other)) {
        if (middle == 0) break;
        too_long = middle;
        continue;
      }
      fits = middle;
      found = std::move(*other);
      context.n_ctx = shorter.n_ctx;
    }
  }
  if (!reaches(found)) {
    auto plan = fits(found, context, wanted);
    say_what_would_reach(plan, found, context);
    return plan;
  }
  const auto room = machine_;
  for (std::size_t d = machine_.devices.size(); d-- > 0;) {
    auto& device = machine_.devices[d];
    std::uint64_t too_little = 0;
    const auto held = [&] {
      const auto use = std::ranges::find(found.use, device.device, &DeviceUse::device);
      return use == found.use.end() ? 0 : use->total();
    };
    auto enough = held();
    for (int i = 0; i <= halvings && enough > too_little; ++i) {
      device.room = i == 0 ? 0 : too_little + (enough - too_little) / 2;  // perhaps it is not needed at all
      auto other = find(context);
      if (other && reaches(*other)) {
        found = std::move(*other);
        enough = std::min(device.room, held());
      } else {
        too_little = device.room;
      }
    }
    device.room = enough;
  }
  machine_ = room;
  auto plan = fits(found, context, wanted);
  plan.reasons.push_back(
      {"speed", fmt::format("{} tokens/s in a full context reach the {} that are asked for, with the least memory "
                            "of the devices that does",
                            rate_text(1 / found.full_seconds), rate_text(request_.reach_tokens_per_s))});
  return plan;
}

/// The change that is the easiest to tell: all of the model on the quickest device.
void Planner::say_what_would_reach(Plan& plan, const FoundPlacement& fastest, const ContextSpec& context) const {
  const double wanted = request_.reach_tokens_per_s;
  auto text = fmt::format("{} tokens/s at most in a full context where {} are asked for; {} takes the most time",
                          rate_text(1 / fastest.full_seconds), rate_text(wanted), fastest.slowest.str());
  const auto quickest = std::ranges::max_element(machine_.devices, {},
                                                 [](const PlanDevice& device) { return device.decode.bytes_per_s; });
  if (quickest != machine_.devices.end()) {
    const auto parts = parts_of(profile_, request_, context, memory_.stored);
    const CutSearch search(machine_, request_, parts, {});
    const auto which = static_cast<std::size_t>(quickest - machine_.devices.begin());
    const Cut whole{.stages = {0, {{which, 0, parts.layers.size()}}, 0}, .expert_layers = 0};
    const auto uses = memory_.whole(search.placement_of(whole), context);
    const double seconds = search.seconds_of(whole, &PlanDevice::decode) + cache_seconds(machine_, uses, context);
    const auto use = std::ranges::find(uses, quickest->device, &DeviceUse::device);
    if (seconds * wanted <= 1 && use != uses.end() && use->total() > quickest->room)
      text += fmt::format("; {} more on {}, which would hold all of it, would do: {} tokens/s",
                          in_units(use->total() - quickest->room), quickest->device.str(), rate_text(1 / seconds));
    else
      text += fmt::format("; even all of it on {} makes {}: a device {:.1f} times as quick would do",
                          quickest->device.str(), rate_text(1 / seconds), seconds * wanted);
  }
  plan.reasons.push_back({"speed", std::move(text)});
}

}  // namespace berth::plan
