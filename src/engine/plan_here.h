/// From a machine to a plan whose memory is kept, in one step.
#pragma once

#include <functional>
#include <memory>

#include "berth/load_planned.h"
#include "berth/model.h"
#include "berth/plan.h"
#include "berth/resolve.h"
#include "engine/reservation.h"

namespace berth {

/// What is planned for a model where nobody stated a context: what it was trained for, or, where that does not fit, as much
/// as fits and at least 4096 tokens.
PlanRequest default_plan_request(const ModelProfile& profile);

/// A plan that fits on a machine, and the memory that no other process plans with as long as this is held.
struct AcceptedPlan {
  Plan plan;
  Inventory machine;
  std::shared_ptr<Reservation> reservation;
};

/// This machine as it is now, with the speeds that were measured, less what other models may still take.
Inventory machine_here();

/// Plans for `machine`. Throws ModelDoesNotFit.
AcceptedPlan accept_plan(const ModelProfile& profile, const PlanRequest& request,
                         const std::function<Inventory()>& machine = machine_here);

/// load_planned() from a plan on, which was made by `request`.
PlannedModel load_accepted(const Engine& engine, const ModelProfile& profile, const PlanRequest& request,
                           AcceptedPlan accepted, const LoadContext& context,
                           const std::function<void(std::string_view)>& on_step,
                           Isolation isolation = Isolation::automatic);

/// What the model takes on the device or map that it is loaded on, with a context of 4096 tokens, which sessions begin with.
std::vector<DeviceUse> use_at_first(const ModelProfile& profile, const ComponentDevice& device,
                                    const Inventory* machine = nullptr);

/// Whether the model, with a context of 4096 tokens, fits on the one device that was taken. Where the machine does not tell
/// what is free, it does.
bool fits_alone(const ModelProfile& profile, const Resolution& resolution);

}  // namespace berth
