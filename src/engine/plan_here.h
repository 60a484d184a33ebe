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

/// A machine as it is at this moment, whatever is kept for models on it.
using Look = std::function<Inventory()>;

/// This machine with the speeds that were measured, or the one that use_simulated() was given.
Inventory look_here();

/// What `look` sees, less what models that run may still take. With the lock of planning, nobody counts the same bytes.
Inventory free_of_reserved(const Look& look);

/// The same of look_here().
Inventory machine_here();

/// A plan that fits on a machine, and the memory that no other process plans with as long as this is held.
struct AcceptedPlan {
  Plan plan;
  Inventory machine;
  std::shared_ptr<Reservation> reservation;
  Look look;  ///< for another plan, where this one turns out not to hold
};

/// Plans for what `look` sees, less what is kept for models already. Throws ModelDoesNotFit.
AcceptedPlan accept_plan(const ModelProfile& profile, const PlanRequest& request, const Look& look = look_here);

/// load_planned() from a plan on, which was made by `request`.
PlannedModel load_accepted(const Engine& engine, const ModelProfile& profile, const PlanRequest& request,
                           AcceptedPlan accepted, const LoadContext& context,
                           const std::function<void(std::string_view)>& on_step,
                           Isolation isolation = Isolation::automatic, std::optional<int> patience_s = {});

/// What the model takes on the device or map that it is loaded on. With a context of no stated size: of 4096 tokens, which
/// sessions begin with.
std::vector<DeviceUse> use_at_first(const ModelProfile& profile, const ComponentDevice& device,
                                    ContextSpec context = {}, const Inventory* machine = nullptr);

/// Whether the model, with that context, fits on the one device that was taken. Where the machine does not tell what is
/// free, it does.
bool fits_alone(const ModelProfile& profile, const Resolution& resolution, const ContextSpec& context = {});

}  // namespace berth
