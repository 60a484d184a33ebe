#include "berth/load_planned.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "berth/error.h"
#include "engine/match_device.h"
#include "engine/plan_here.h"
#include "plan/memory/stored_bytes.h"
#include "text/bytes.h"

namespace berth {
namespace {

constexpr int least_ubatch = 64;

bool lacks_memory(const EngineError& problem) {
  return problem.cause().find("alloc") != std::string::npos ||
         problem.cause().find("out of memory") != std::string::npos;
}

/// A plan, and what of it can still be given up.
class Ladder {
 public:
  Ladder(const Engine& engine, const ModelProfile& profile, PlanRequest request, AcceptedPlan accepted)
      : engine_(engine),
        profile_(profile),
        look_(std::move(accepted.look)),
        request_(std::move(request)),
        plan_(std::move(accepted.plan)),
        reservation_(std::move(accepted.reservation)) {}

  const Plan& plan() const { return plan_; }
  const std::shared_ptr<Reservation>& reservation() const { return reservation_; }

  /// Gives up one thing and says which. Throws ModelDoesNotFit where nothing is left.
  std::string step_down(const EngineError& problem, bool weights_are_held) {
    const auto& use = lacking(problem);
    auto what = use.device.str() + " lacks memory: ";
    const auto smaller = weights_are_held ? smaller_context() : std::nullopt;
    const auto lock = lock_of_planning();
    reservation_ = nullptr;
    what += smaller ? *smaller : less_on(use);
    reservation_ = std::make_shared<Reservation>(profile_.path, plan_.use);
    return what;
  }

 private:
  /// The device of the plan that `problem` is about; else the one that holds most.
  const DeviceUse& lacking(const EngineError& problem) const {
    const auto is_named = [&](const DeviceUse& use) {
      const auto name = use.device.type() == DeviceType::cpu ? "CPU" : name_in(engine_.name(), use.key);
      return !name.empty() && problem.cause().find(fmt::format(" {} buffer", name)) != std::string::npos;
    };
    const auto named = std::ranges::find_if(plan_.use, is_named);
    if (named != plan_.use.end()) return *named;
    // What lies on the disk takes no memory.
    const auto in_memory = [](const DeviceUse& use) { return use.device.type() == DeviceType::disk ? 0 : use.total(); };
    return *std::ranges::max_element(plan_.use, {}, in_memory);
  }

  std::optional<std::string> smaller_context() {
    auto& context = plan_.context;
    std::string step;
    if (context.n_ubatch > least_ubatch) {
      const int before = std::exchange(context.n_ubatch, std::max(context.n_ubatch / 2, least_ubatch));
      step = fmt::format("n_ubatch {} instead of {}", context.n_ubatch, before);
    } else if (context.type_k == "F16" && context.type_v == "F16" && context.flash_attention != FlashAttention::off) {
      context.type_k = context.type_v = "Q8_0";
      step = "the cache in Q8_0 instead of F16";
    } else if (request_.min_context && context.n_ctx > *request_.min_context) {
      const int before = std::exchange(context.n_ctx, std::max(context.n_ctx / 2, *request_.min_context));
      step = fmt::format("a context of {} tokens instead of {}", context.n_ctx, before);
    } else {
      return std::nullopt;
    }
    count_again();
    return step;
  }

  /// What the plan says of the bytes, where only its context is another.
  void count_again() {
    const auto uses = plan::generation_use(profile_, plan_.placement, plan_.context);
    for (auto& use : plan_.use) {
      const auto now = std::ranges::find(uses, use.device, &DeviceUse::device);
      if (now == uses.end()) continue;
      use.weights = now->weights;
      use.cache = now->cache;
      use.compute = now->compute;
    }
  }

  std::string less_on(const DeviceUse& use) {
    const auto device = use.device;
    const auto before = use.total();
    const auto budget = before / 10 * 9;
    std::erase_if(request_.max_memory, [&](const MemoryBudget& each) { return each.device == device; });
    request_.max_memory.push_back({.device = device, .bytes = budget});
    request_.context = plan_.context;
    request_.min_context.reset();
    plan_ = make_plan(profile_, free_of_reserved(look_), request_);
    if (plan_.outcome != PlanOutcome::fits)
      throw ModelDoesNotFit(fmt::format("{} has less free than when the machine was looked at, and with {} there {}",
                                        device.str(), in_units(budget), why_not(plan_)));
    return fmt::format("at most {} there instead of {}", in_units(budget), in_units(before));
  }

  const Engine& engine_;
  const ModelProfile& profile_;
  Look look_;
  PlanRequest request_;
  Plan plan_;
  std::shared_ptr<Reservation> reservation_;
};

}  // namespace

PlannedModel load_planned(const Engine& engine, const ModelProfile& profile, const Inventory& inventory,
                          const PlanRequest& request, const LoadContext& context,
                          const std::function<void(std::string_view)>& on_step) {
  return load_accepted(engine, profile, request, accept_plan(profile, request, [&] { return inventory; }), context,
                       on_step);
}

PlannedModel load_accepted(const Engine& engine, const ModelProfile& profile, const PlanRequest& request,
                           AcceptedPlan accepted, const LoadContext& given,
                           const std::function<void(std::string_view)>& on_step, Isolation isolation,
                           std::optional<int> patience_s) {
  auto context = given;
  context.planning = std::make_shared<const Planning>(Planning{request, accepted.machine});
  Ladder ladder(engine, profile, request, std::move(accepted));
  PlannedModel loaded;
  for (;;) {
    try {
      context.reservation = ladder.reservation();
      auto load = LoadRequest::of(ladder.plan(), profile.path);
      load.isolation = isolation;
      load.patience_s = patience_s.value_or(load.patience_s);
      loaded.model = engine.load(load, context);
      loaded.model->new_session({.reserve = true});
      loaded.plan = ladder.plan();
      return loaded;
    } catch (const EngineError& problem) {
      if (!lacks_memory(problem)) throw;
      context.reservation = nullptr;
      const bool weights_are_held = std::exchange(loaded.model, nullptr) != nullptr;
      loaded.steps_down.push_back(ladder.step_down(problem, weights_are_held));
      if (on_step) on_step(loaded.steps_down.back());
    }
  }
}

}  // namespace berth
