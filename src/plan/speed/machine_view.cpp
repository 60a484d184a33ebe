#include "plan/speed/machine_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <stdexcept>
#include <tuple>

#include "plan/speed/known_hardware.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth::plan {
namespace {

/// Of hardware that nobody measured: what the slower ones of its kind reach.
double usual_bytes_per_s(DeviceType type) {
  switch (type) {
    case DeviceType::cpu:
      return 30e9;
    case DeviceType::cuda:
      return 400e9;
    case DeviceType::rpc:
      return 100e9;
    case DeviceType::disk:
      return 1e9;
    default:
      return 150e9;
  }
}

constexpr std::uint64_t largest_file = std::uint64_t{1} << 62;

/// Of products of matrices, on hardware that nobody measured.
double usual_flops(DeviceType type) {
  switch (type) {
    case DeviceType::cpu:
      return 0.5e12;
    case DeviceType::cuda:
      return 40e12;
    case DeviceType::rpc:
      return 2e12;
    default:
      return 5e12;
  }
}

/// Of one operation of a graph, where nobody measured it: an H200 takes 1.7 us.
constexpr double usual_operation_s = 2e-6;

const DeviceInfo& known(const Inventory& inventory, const Device& device) {
  if (const auto* info = inventory.find(device)) return *info;
  std::vector<std::string> names;
  for (const auto& each : inventory.devices) names.push_back(each.device.str());
  throw std::invalid_argument(
      fmt::format("The machine has no device '{}'{}", device.str(), nearest_hint(device.str(), names)));
}

bool is_named(const Inventory& inventory, const std::vector<Device>& devices, const DeviceInfo& info) {
  return std::ranges::any_of(devices, [&](const Device& each) { return inventory.find(each) == &info; });
}

bool can_compute(const DeviceInfo& info) {
  const auto type = info.device.type();
  return type != DeviceType::cpu && type != DeviceType::disk && type != DeviceType::npu;
}

/// To or from the CPU.
double link_seconds(const Inventory& inventory, const DeviceInfo& info, std::uint64_t bytes) {
  const bool is_remote = info.device.type() == DeviceType::rpc;
  double latency = is_remote ? 300e-6 : 15e-6;
  double bytes_per_s = is_remote ? 1e9 : 12e9;
  const auto name = info.device.str();
  for (const auto& link : inventory.links) {
    if (link.from != name && link.to != name) continue;
    const auto& other = link.from == name ? link.to : link.from;
    if (other != "cpu" && !other.starts_with("cpu:") && !other.starts_with("numa:")) continue;
    if (link.latency_us) latency = *link.latency_us * 1e-6;
    if (link.bytes_per_s > 0) bytes_per_s = link.bytes_per_s;
  }
  return latency + static_cast<double>(bytes) / bytes_per_s;
}

/// What the objective counts, of rates for written tokens and for those of prompts.
void set_objective(PlanDevice& device, const PlanRequest& request) {
  const auto weights = weights_of(request);
  const auto& [decode, prompt] = std::tie(device.decode, device.prompt);
  device.counted = decode;
  if (weights.prompt > 0)
    device.counted = {1 / (weights.decode / decode.bytes_per_s + weights.prompt / prompt.bytes_per_s),
                      weights.decode * decode.link_s + weights.prompt * prompt.link_s,
                      weights.decode * decode.operation_s + weights.prompt * prompt.operation_s};
}

/// Tokens that are computed at a time of a prompt: the weights are read once for all of them.
std::uint64_t batch_of(const PlanRequest& request) {
  return static_cast<std::uint64_t>(std::clamp(request.context.n_ubatch, 1, 1 << 20));
}

void set_rates(PlanDevice& device, const Inventory& inventory, const DeviceInfo& info, const PlanRequest& request,
               const TokenWork& work) {
  const auto batch = batch_of(request);
  const auto tokens = static_cast<double>(batch);
  const auto type = info.device.type();
  device.measured = info.speed && info.speed->memory_bytes_per_s > 0;
  device.prompt_measured = device.measured && info.speed->flops > 0;
  const auto by_name = known_rates(info.name);
  if (by_name && !(device.measured && device.prompt_measured)) device.rates_from = by_name->source;
  const auto rates = device.measured ? weight_rates(*info.speed, work.weights)
                     : by_name       ? WeightRates{by_name->bytes_per_s, by_name->flops}
                                     : WeightRates{usual_bytes_per_s(type), usual_flops(type)};
  const double flops = rates.flops > 0 ? rates.flops : by_name ? by_name->flops : usual_flops(type);
  const double operation_s = info.speed && info.speed->operation_s > 0 ? info.speed->operation_s : usual_operation_s;
  device.decode = {rates.bytes_per_s, link_seconds(inventory, info, work.state_bytes), operation_s};
  device.prompt = {1 / std::max(work.flop_per_byte / flops, 1 / (rates.bytes_per_s * tokens)),
                   link_seconds(inventory, info, work.state_bytes * batch) / tokens, operation_s / tokens};
  set_objective(device, request);
}

/// What is read from a disk is computed by the CPU, which takes no time beside it.
std::optional<PlanDevice> disk_of(const Inventory& inventory, const PlanRequest& request) {
  const auto info =
      std::ranges::find(inventory.devices, DeviceType::disk, [](const DeviceInfo& each) { return each.device.type(); });
  if (info == inventory.devices.end() || is_named(inventory, request.avoid, *info) ||
      (!request.use.empty() && !is_named(inventory, request.use, *info)))
    return std::nullopt;
  PlanDevice disk{.device = Device::disk(), .room = largest_file};
  for (const auto& budget : request.max_memory)
    if (budget.device.type() == DeviceType::disk) disk.room = budget.bytes;
  disk.measured = info->speed && info->speed->memory_bytes_per_s > 0;
  disk.decode.bytes_per_s = disk.measured ? info->speed->memory_bytes_per_s : usual_bytes_per_s(DeviceType::disk);
  disk.prompt.bytes_per_s = disk.decode.bytes_per_s * static_cast<double>(batch_of(request));
  set_objective(disk, request);
  return disk;
}

/// Whether something has to lie there.
bool is_asked_for(const PlanRequest& request, const Device& device) {
  return std::ranges::find(request.pins, device, &Pin::device) != request.pins.end() ||
         std::ranges::any_of(request.companions, [&](const Companion& each) { return each.device == device; });
}

/// As many devices as the engine takes: the quickest ones, where they hold the weights with some room to spare, else those with
/// the most room.
void keep_most(MachineView& view, const PlanRequest& request, std::uint64_t weight_bytes) {
  const auto most = static_cast<std::size_t>(std::max(request.rules.most_devices, 0));
  if (view.devices.size() <= most) return;
  view.left_out = view.devices.size() - most;
  std::vector<std::size_t> order(view.devices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto rate = [](const PlanDevice& device) { return device.counted.bytes_per_s; };
  const auto sort_by = [&](auto first, auto second) {
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) {
      const auto& device = view.devices[i];
      return std::tuple(is_asked_for(request, device.device), std::invoke(first, device), std::invoke(second, device));
    });
  };
  sort_by(rate, &PlanDevice::room);
  double room = 0;
  for (const auto i : std::span(order).first(most)) room += static_cast<double>(view.devices[i].room);
  constexpr double with_cache_and_buffers = 1.25;
  if (room < with_cache_and_buffers * static_cast<double>(weight_bytes)) sort_by(&PlanDevice::room, rate);
  order.resize(most);
  std::ranges::sort(order);
  std::vector<PlanDevice> kept;
  for (const auto i : order) kept.push_back(std::move(view.devices[i]));
  view.devices = std::move(kept);
}

}  // namespace

ObjectiveWeights weights_of(const PlanRequest& request) {
  if (request.objective == Objective::prompt) return {0, 1};
  if (request.objective == Objective::mixed) return {1, std::max(request.prompt_per_token, 0.0)};
  return {1, 0};
}

MachineView counted_by(MachineView machine, const PlanRequest& request) {
  set_objective(machine.cpu, request);
  for (auto& device : machine.devices) set_objective(device, request);
  if (machine.disk) set_objective(*machine.disk, request);
  return machine;
}

const PlanDevice* MachineView::find(const Device& device) const {
  if (cpu.device == device) return &cpu;
  if (disk && disk->device == device) return &*disk;
  const auto found = std::ranges::find(devices, device, &PlanDevice::device);
  return found == devices.end() ? nullptr : &*found;
}

std::uint64_t room_of(const DeviceInfo& info, const Inventory& inventory, const PlanRequest& request) {
  auto room = info.free_bytes - std::min(info.free_bytes, request.leave);
  for (const auto& budget : request.max_memory)
    if (inventory.find(budget.device) == &info) room = std::min(room, budget.bytes);
  return room;
}

bool has_budget(const DeviceInfo& info, const Inventory& inventory, const PlanRequest& request) {
  return std::ranges::any_of(request.max_memory,
                             [&](const MemoryBudget& budget) { return inventory.find(budget.device) == &info; });
}

void check_choices(const Inventory& inventory, const PlanRequest& request) {
  for (const auto& devices : {request.use, request.avoid})
    for (const auto& device : devices) known(inventory, device);
  for (const auto& budget : request.max_memory) known(inventory, budget.device);
  for (const auto& device : request.avoid) {
    const auto& info = known(inventory, device);
    if (info.device.type() == DeviceType::cpu)
      throw std::invalid_argument("The CPU cannot be avoided: the engine keeps the input there");
    if (is_named(inventory, request.use, info))
      throw std::invalid_argument(fmt::format("{} is both to be used and to be avoided", device.str()));
  }
}

MachineView view_of(const Inventory& inventory, const PlanRequest& request, const TokenWork& work) {
  check_choices(inventory, request);
  MachineView view;
  for (const auto& pool : inventory.pools)
    view.pools[pool.id] = pool.free_bytes - std::min(pool.free_bytes, request.leave);
  for (const auto& [id, bytes] : request.reserved) {
    const auto pool = view.pools.find(id);
    if (pool == view.pools.end())
      throw std::invalid_argument(fmt::format("The machine has no memory pool {}", in_quotes(id)));
    pool->second -= std::min(pool->second, bytes);
  }
  const auto seen = [&](const DeviceInfo& info) {
    PlanDevice device{.device = info.device, .pool = info.pool};
    const auto pool = view.pools.find(info.pool);
    device.room = room_of(info, inventory, request);
    if (pool != view.pools.end()) device.room = std::min(device.room, pool->second);
    device.budgeted = has_budget(info, inventory, request);
    set_rates(device, inventory, info, request, work);
    return device;
  };
  const auto knows = [&](const DeviceInfo& info) {
    return std::ranges::any_of(info.engines, [&](const DeviceName& name) { return name.in == request.rules.engine; });
  };
  // An inventory from elsewhere may not say what its devices work with.
  const bool engine_is_told = std::ranges::any_of(inventory.devices, knows);
  view.cpu = seen(known(inventory, Device::cpu()));
  for (const auto& info : inventory.devices) {
    if (!can_compute(info) || (engine_is_told && !knows(info))) continue;
    if (!request.use.empty() && !is_named(inventory, request.use, info)) continue;
    if (is_named(inventory, request.avoid, info)) continue;
    view.devices.push_back(seen(info));
  }
  view.disk = disk_of(inventory, request);
  keep_most(view, request, work.weight_bytes);
  const auto check_used = [&](const Device& device, std::string_view what, std::string_view name) {
    const auto* info = &known(inventory, device);
    const auto is_used = [&](const PlanDevice& each) { return inventory.find(each.device) == info; };
    if (!is_used(view.cpu) && std::ranges::none_of(view.devices, is_used))
      throw std::invalid_argument(
          fmt::format("The {} {} asks for {}, which the plan may not use", what, in_quotes(name), device.str()));
  };
  for (const auto& pin : request.pins) check_used(pin.device, "pin", pin.pattern);
  for (const auto& each : request.companions)
    if (each.device) check_used(*each.device, to_string(each.kind), each.profile.path.string());
  return view;
}

}  // namespace berth::plan
