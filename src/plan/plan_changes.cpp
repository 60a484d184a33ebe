/// What a planner says of a model that does not fit.
#include <algorithm>
#include <array>
#include <limits>

#include "plan/memory/cache_types.h"
#include "plan/memory/stored_bytes.h"
#include "plan/memory/tensor_graph.h"
#include "plan/planner.h"
#include "plan/search/least_that.h"

namespace berth::plan {
namespace {

constexpr std::uint64_t largest_extra = std::uint64_t{1} << 46;
constexpr std::uint64_t extra_step = std::uint64_t{1} << 20;
constexpr std::uint64_t whole_weights = 1000;
constexpr int extra_id = std::numeric_limits<int>::max();

/// `leave`: bytes that stay free of each device.
MachineView with_extra_device(MachineView machine, const Device& device, std::uint64_t bytes, std::uint64_t leave) {
  const auto room = bytes - std::min(bytes, plus(driver_bytes(device.type()), leave));
  auto extra = machine.cpu;
  extra.device = device;
  extra.pool = device.str();
  extra.room = room;
  extra.measured = extra.budgeted = false;
  for (auto* rates : {&extra.counted, &extra.decode, &extra.prompt}) rates->link_s = 1e-5;
  machine.devices.push_back(std::move(extra));
  machine.pools[device.str()] = room;
  return machine;
}

/// As it is printed, with one digit behind the point, it is no less.
std::uint64_t rounded_up(std::uint64_t bytes) {
  std::uint64_t unit = extra_step;
  while (bytes >= 1024 * unit) unit *= 1024;
  const auto tenths = (bytes / (unit / 10) + 1) * unit / 10;
  return bytes % unit == 0 ? bytes : tenths;
}

/// Of the same model in a quantization that takes so many thousandths of the bytes of its weights, beside the same
/// companions.
MemoryFunction with_weights(const MemoryFunction& memory, const MemoryFunction& companions, std::uint64_t thousandths) {
  return [&memory, &companions, thousandths](const Placement& placement, const ContextSpec& context) {
    auto uses = memory(placement, context);
    const auto fixed = companions ? companions(placement, context) : std::vector<DeviceUse>();
    for (auto& use : uses) {
      const auto beside = std::ranges::find(fixed, use.device, &DeviceUse::device);
      const auto kept = beside == fixed.end() ? 0 : std::min(beside->weights, use.weights);
      use.weights = kept + times(use.weights - kept, thousandths) / whole_weights;
    }
    return uses;
  };
}

/// Of the weights, in the smallest type that engines have, which takes 1.6 bits for each.
std::uint64_t least_thousandths(const ModelProfile& profile) {
  std::uint64_t elements = 0;
  for (const auto& tensor : profile.tensors) {
    std::uint64_t product = 1;
    for (const auto extent : tensor.shape) product = times(product, extent);
    elements = plus(elements, product);
  }
  const auto least = elements / 5;
  return least >= profile.tensor_bytes ? whole_weights : times(least, whole_weights) / profile.tensor_bytes;
}

}  // namespace

/// Of the kind that the machine has already, GPUs before workers.
Device Planner::extra_device() const {
  const auto& devices = machine_.devices;
  const auto gpu = std::ranges::find_if(devices, [](const PlanDevice& each) {
    return each.device.type() != DeviceType::rpc && each.device.type() != DeviceType::mps;
  });
  if (gpu != devices.end()) return Device(gpu->device.type(), extra_id);
  return devices.empty() ? Device(DeviceType::vulkan, extra_id) : Device::rpc(extra_id);
}

/// The least memory of one more device with which the model fits, in steps of a MiB.
std::optional<std::uint64_t> Planner::extra_memory(const ContextSpec& context) {
  constexpr auto most = largest_extra / extra_step;
  const auto device = extra_device();
  auto parts = parts_of(profile_, request_, context, memory_.stored);
  const auto count = static_cast<int>(parts.layer_count());
  // What is held besides layers where all are there is the least that the CPU holds.
  const auto known =
      fixed_bytes(memory_.whole({.layers = {{0, count, device}}, .output = device, .tensors = {}}, context));
  const auto machine = [&](std::uint64_t steps) {
    return with_extra_device(machine_, device, steps * extra_step, request_.leave);
  };
  const auto could_fit = [&](std::uint64_t steps) {
    const auto view = machine(steps);
    return PlacementSearch(view, request_, memory_.whole).could_fit(parts, known);
  };
  if (!could_fit(most) && parts.input_bytes > 0) parts.move_input(device);  // the CPU may have no room for it
  const auto fits = [&](std::uint64_t steps) {
    const auto view = machine(steps);
    return find_whole(PlacementSearch(view, request_, memory_.whole), parts, context).has_value();
  };
  auto enough = least_that(0, most, could_fit);
  if (enough == most) return std::nullopt;
  auto too_little = enough - std::min<std::uint64_t>(enough, 1);
  for (std::uint64_t more = 16; !fits(enough); more *= 2) {
    too_little = enough;
    enough += more;
    if (enough > most) return std::nullopt;
  }
  while (enough - too_little > 1 + enough / 64) {
    const auto middle = too_little + (enough - too_little) / 2;
    (fits(middle) ? enough : too_little) = middle;
  }
  // A search that may divide layers can need more to find the same.
  constexpr int most_tries = 8;
  for (int tries = 0; tries < most_tries; ++tries) {
    auto with = *this;
    with.machine_ = machine(enough);
    if (with.find(context)) return rounded_up(enough * extra_step);
    enough += std::max<std::uint64_t>(enough / 32, 1);
  }
  return std::nullopt;
}

/// The most bytes of weights with which the model fits, in thousandths of what it has.
std::optional<std::uint64_t> Planner::smaller_weights(const ContextSpec& context, const FixedBytes& known) {
  const auto fits_with = [&](std::uint64_t thousandths, auto&& ask) {
    auto parts = parts_of(profile_, request_, context, with_weights(memory_.stored, memory_.companions, thousandths));
    const auto shrink = [&](std::uint64_t& bytes) { bytes = times(bytes, thousandths) / whole_weights; };
    shrink(parts.input_bytes);
    for (auto& layer : parts.layers) {
      shrink(layer.expert_bytes);
      shrink(layer.dense_bytes);
    }
    const auto whole = with_weights(memory_.whole, memory_.companions, thousandths);
    return ask(parts, whole);
  };
  const auto could_fit = [&](std::uint64_t saved) {
    return fits_with(whole_weights - saved, [&](const auto& parts, const auto& memory) {
      return PlacementSearch(machine_, request_, memory).could_fit(parts, known);
    });
  };
  const auto fits = [&](std::uint64_t saved) {
    return fits_with(whole_weights - saved, [&](const auto& parts, const auto& memory) {
      return find_whole(PlacementSearch(machine_, request_, memory), parts, context).has_value();
    });
  };
  const auto most = whole_weights - least_thousandths(profile_);
  auto saved = least_that(0, most, could_fit);
  auto too_few = saved - std::min<std::uint64_t>(saved, 1);
  for (std::uint64_t more = 5; !fits(saved); more *= 2) {
    if (saved >= most) return std::nullopt;
    too_few = saved;
    saved = std::min(saved + more, most);
  }
  saved = least_that(too_few, saved, fits);
  return times(profile_.tensor_bytes, whole_weights - saved) / whole_weights;
}

Plan Planner::does_not_fit(const ContextSpec& context, const std::optional<Longest>& longest) {
  Plan plan{.outcome = PlanOutcome::does_not_fit, .placement = {}, .context = context};
  if (const auto closest = nearest(parts_of(profile_, request_, context, memory_.stored), context)) {
    plan.placement = closest->placement;
    plan.use = closest->use;
    plan.missing = PlacementSearch(machine_, request_, memory_.whole).shortfalls(closest->use);
    plan.reasons.push_back({"layers", "do not fit, even with the best cut: the rest would have to be on cpu"});
  }
  if (machine_.left_out > 0) plan.reasons.push_back(about_left_out());
  add_changes(plan, longest);
  return plan;
}

void Planner::add_changes(Plan& plan, const std::optional<Longest>& longest) {
  const auto& context = plan.context;
  if (longest) plan.changes.push_back({.what = "context", .n_ctx = longest->n_ctx});
  for (const char* type : {"Q8_0", "Q4_0"}) {
    if (context.type_k == type) break;
    auto smaller = context;
    smaller.type_k = smaller.type_v = type;
    if (!cache_type_problem(profile_, smaller).empty() || !find(smaller)) continue;
    plan.changes.push_back({.what = "cache_type", .cache_type = type});
    break;
  }
  if (const auto bytes = smaller_weights(context, fixed_bytes(plan.use)))
    plan.changes.push_back({.what = "quantization", .bytes = bytes});
  if (const auto bytes = extra_memory(context))
    plan.changes.push_back(
        {.what = "device", .bytes = bytes, .device_type = std::string(to_string(extra_device().type()))});
}

}  // namespace berth::plan
