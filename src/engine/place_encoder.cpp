#include "engine/place_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "berth/error.h"
#include "berth/model.h"
#include "berth/module_tree.h"
#include "berth/plan.h"
#include "engine/transformer_folder.h"
#include "model/is_gguf.h"
#include "plan/placement/placement_map.h"
#include "text/bytes.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Weights alone are planned; where the buffers lack room then, the budgets are lowered by what they take.
constexpr int most_rounds = 4;
constexpr int gguf_context = 512;

struct Excess {
  Device device = Device::cpu();
  std::uint64_t takes = 0;
  std::uint64_t may_take = 0;
};

/// Devices that would hold more than they may.
std::vector<Excess> excesses(const TextEncoderRequest& request, const std::vector<MemoryBudget>& max_memory,
                             std::optional<std::size_t> most_tokens) {
  std::vector<Excess> found;
  if (max_memory.empty()) return found;
  for (const auto& use : TextEncoder::memory(request, most_tokens))
    for (const auto& [device, bytes] : max_memory)
      if (device == use.device && use.total() > bytes) found.push_back({device, use.total(), bytes});
  return found;
}

[[noreturn]] void refuse(const TextEncoderRequest& request, const std::vector<Excess>& over) {
  std::string text;
  for (const auto& [device, takes, may_take] : over)
    text += fmt::format("{}{} would hold {} and may hold {}", text.empty() ? "" : ", ", device.str(), in_units(takes),
                        in_units(may_take));
  throw ModelDoesNotFit(
      fmt::format("the encoder '{}' does not fit: {}; raise max_memory, or shorten its texts (model_max_length)",
                  request.model, text));
}

void check_devices(const std::vector<MemoryBudget>& max_memory, const Inventory& machine) {
  for (const auto& budget : max_memory)
    if (budget.device.type() != DeviceType::disk && machine.find(budget.device) == nullptr)
      throw std::invalid_argument(
          fmt::format("`max_memory` names '{}', and this machine has no such device", budget.device.str()));
}

/// What is free of each device that a device map can name, or less.
std::vector<MemoryBudget> budgets_of(const std::vector<MemoryBudget>& max_memory, MapStrategy strategy,
                                     const Inventory& machine) {
  std::vector<MemoryBudget> budgets;
  for (const auto& info : machine.devices) {
    const auto type = info.device.type();
    if (info.engines.empty() || (type != DeviceType::cuda && type != DeviceType::mps && type != DeviceType::cpu))
      continue;
    const auto given =
        std::ranges::find_if(max_memory, [&](const MemoryBudget& each) { return machine.find(each.device) == &info; });
    if (given == max_memory.end() && !max_memory.empty() && strategy != MapStrategy::optimal) continue;
    budgets.push_back(
        {info.device, given == max_memory.end() ? info.free_bytes : std::min(given->bytes, info.free_bytes)});
  }
  return budgets;
}

std::optional<std::string> dtype_of(Precision precision) {
  if (precision == Precision::float16) return "float16";
  if (precision == Precision::bfloat16) return "bfloat16";
  return std::nullopt;
}

/// Device maps have no workers: while one is planned, each goes by the name of a GPU that is not there.
constexpr int first_stand_in = 1000;

std::vector<MemoryBudget> with_stand_ins(std::vector<MemoryBudget> budgets) {
  for (int number = first_stand_in; auto& budget : budgets) {
    if (budget.device.type() == DeviceType::rpc) budget.device = Device::gpu(number);
    ++number;
  }
  return budgets;
}

Device without_stand_in(const Device& device, const std::vector<MemoryBudget>& budgets) {
  const int number = device.type() == DeviceType::cuda ? device.id().value_or(0) : 0;
  return number < first_stand_in ? device : budgets[static_cast<std::size_t>(number - first_stand_in)].device;
}

/// Throws ModelDoesNotFit where a part finds no room.
DeviceMap map_of_modules(const TextEncoderRequest& request, const ModelProfile& profile, MapStrategy strategy,
                         const std::vector<MemoryBudget>& budgets) {
  const auto plan = plan_device_map(
      module_tree_of(profile),
      {.strategy = strategy, .max_memory = with_stand_ins(budgets), .dtype = dtype_of(request.precision)});
  DeviceMap map;
  for (const auto& [name, device] : plan.device_map) {
    map.set(name, without_stand_in(device, budgets));
    if (device.type() == DeviceType::disk)
      throw ModelDoesNotFit(
          fmt::format("the encoder '{}' does not fit: there is no room for {}, and an encoder computes from memory; "
                      "raise max_memory, or take another device_map",
                      request.model, name.empty() ? "all of it" : in_quotes(name)));
  }
  return map;
}

/// On one accelerator where that holds it: each one more costs time on the way.
DeviceMap map_anywhere(const TextEncoderRequest& request, const ModelProfile& profile, const Inventory& machine) {
  auto budgets = budgets_of({}, MapStrategy::optimal, machine);
  for (const auto& info : machine.devices)
    if (!info.engines.empty() && info.device.type() == DeviceType::rpc)
      budgets.push_back({info.device, info.free_bytes});
  for (const auto& budget : budgets) {
    if (budget.device.type() != DeviceType::cpu) try {
        return map_of_modules(request, profile, MapStrategy::optimal, {budget});
      } catch (const ModelDoesNotFit&) {  // all of them together may hold it
      }
  }
  return map_of_modules(request, profile, MapStrategy::optimal, budgets);
}

DeviceMap map_of_gguf(const ModelProfile& profile, MapStrategy strategy, const std::vector<MemoryBudget>& budgets,
                      const Inventory& machine) {
  const auto trained = profile.context_length.value_or(gguf_context);
  const auto n_ctx = static_cast<int>(std::min<std::uint64_t>(trained, gguf_context));
  const auto plan =
      make_plan(profile, machine, {.context = {.n_ctx = n_ctx}, .strategy = strategy, .max_memory = budgets});
  if (plan.outcome != PlanOutcome::fits) throw ModelDoesNotFit(why_not(plan));
  return plan::map_of(plan.placement, profile);
}

/// `budgets` without what the buffers take beyond `over`.
void lower(std::vector<MemoryBudget>& budgets, const std::vector<Excess>& over) {
  for (const auto& each : over) {
    const auto excess = each.takes - each.may_take;
    for (auto& budget : budgets)
      if (budget.device == each.device) budget.bytes -= std::min(budget.bytes, excess);
  }
}

}  // namespace

TextEncoderRequest place_encoder(TextEncoderRequest request, MapStrategy strategy,
                                 const std::vector<MemoryBudget>& max_memory, std::optional<std::size_t> most_tokens,
                                 const Inventory& machine) {
  check_devices(max_memory, machine);
  const auto path = locate_encoder(request.model, ModelSearch::from_environment(), request.revision);
  const bool is_gguf = model::is_gguf(path);
  const auto profile = read_model(is_gguf ? path : transformer_folder(path));
  auto budgets = is_gguf ? max_memory : budgets_of(max_memory, strategy, machine);
  for (int round = 1;; ++round) {
    const auto map = is_gguf ? map_of_gguf(profile, strategy, budgets, machine)
                             : map_of_modules(request, profile, strategy, budgets);
    request.device = map;
    request.keys = machine.keys(map);
    const auto over = excesses(request, max_memory, most_tokens);
    if (over.empty()) return request;
    if (round == most_rounds) refuse(request, over);
    lower(budgets, over);
  }
}

TextEncoderRequest place_encoder_anywhere(TextEncoderRequest request, const Inventory& machine) {
  const auto path = locate_encoder(request.model, ModelSearch::from_environment(), request.revision);
  if (model::is_gguf(path)) return place_encoder(std::move(request), MapStrategy::optimal, {}, std::nullopt, machine);
  const auto map = map_anywhere(request, read_model(transformer_folder(path)), machine);
  request.device = map;
  request.keys = machine.keys(map);
  return request;
}

void check_budgets(const TextEncoderRequest& request, const std::vector<MemoryBudget>& max_memory,
                   std::optional<std::size_t> most_tokens) {
  if (const auto over = excesses(request, max_memory, most_tokens); !over.empty()) refuse(request, over);
}

}  // namespace berth
