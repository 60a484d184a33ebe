#include "run_placement.h"

#include <fmt/format.h>

#include <stdexcept>

#include "berth/convert.h"
#include "berth/error.h"
#include "berth/plan.h"
#include "device_argument.h"
#include "engine/plan_here.h"
#include "failure.h"
#include "max_memory_argument.h"
#include "plan_file.h"
#include "text/bytes.h"
#include "text/printable.h"
#include "text_file.h"

namespace berth::cli {
namespace {

bool names_strategy(const std::string& text) {
  return text == "optimal" || text == "auto" || text == "balanced" || text == "balanced_low_0" || text == "sequential";
}

using Look = std::function<Inventory()>;

PlacedRequest by_strategy(const RunOptions& options, const ModelProfile& profile, const Look& machine) {
  auto request = default_plan_request(profile);
  if (options.n_ctx != 0) request.min_context = std::nullopt;
  request.context.n_ctx = options.n_ctx;
  request.strategy = map_strategy_from_str(*options.device_map);
  request.max_memory = max_memory_budgets(options.max_memory, "berth run");
  auto [plan, reservation] = accept_plan(profile, request, machine);
  return {LoadRequest::of(plan, profile.path), std::move(reservation)};
}

PlacedRequest by_map(const RunOptions& options, const ModelProfile& profile, const Look& machine) {
  if (!options.max_memory.empty())
    throw WrongUse("--max-memory is for a strategy such as --device-map auto; a map says itself what lies where",
                   "berth run");
  const auto& given = *options.device_map;
  const auto text = given.starts_with('{') ? given : read_file_or_input(given, "a device map");
  const auto device = parse_device_argument(text);
  LoadRequest request{.model = profile.path, .device = device, .keys = machine().keys(device), .context = {}};
  if (options.n_ctx != 0) request.context = context_spec(options);
  return {request, nullptr};
}

std::string listed(const std::vector<Reason>& problems) {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "; ") + problem.part + ": " + problem.text;
  return text;
}

PlacedRequest by_plan(const RunOptions& options, const ModelProfile& profile, const Look& machine) {
  if (options.n_ctx != 0)
    throw WrongUse("--context contradicts --plan, which holds a context; make another plan", "berth run");
  const auto plan = read_plan(*options.plan);
  const auto name = file_name_for_messages(*options.plan);
  if (const auto problems = check(plan, profile); !problems.empty())
    throw std::runtime_error(fmt::format("The plan in {} is not one of '{}': {}. Make a new one: berth plan {} --json",
                                         name, profile.path.filename().string(), listed(problems), options.model));
  const auto lock = lock_of_planning();
  if (const auto problems = check(plan, machine()); !problems.empty())
    throw std::runtime_error(fmt::format("The plan in {} does not hold on this machine now: {}. Make a new one: berth "
                                         "plan {} --json",
                                         name, listed(problems), options.model));
  return {LoadRequest::of(plan, profile.path), std::make_shared<Reservation>(profile.path, plan.use)};
}

std::string run_text(const LayerRun& run) {
  return run.count == 1 ? fmt::format("layer {}", run.first)
                        : fmt::format("layers {} to {}", run.first, run.first + run.count - 1);
}

}  // namespace

bool places_model(const RunOptions& options) { return options.device_map || options.plan; }

PlacedRequest placed_request(const RunOptions& options, const ModelProfile& profile, const Look& machine) {
  if (options.device) throw WrongUse("--device contradicts --device-map and --plan: give one of them", "berth run");
  if (options.plan && options.device_map)
    throw WrongUse("--plan and --device-map contradict each other: give one of them", "berth run");
  if (options.plan) return by_plan(options, profile, machine);
  return names_strategy(*options.device_map) ? by_strategy(options, profile, machine)
                                             : by_map(options, profile, machine);
}

std::string placement_table(const LoadedModel& model) {
  const auto& placement = model.info().placement;
  std::string text = fmt::format("{:<10} {:>10} {:>10} {:>10}\n", "DEVICE", "WEIGHTS", "CACHE", "COMPUTE");
  for (const auto& use : model.memory())
    text += fmt::format("{:<10} {:>10} {:>10} {:>10}\n", use.device.str(), in_units(use.weights), in_units(use.cache),
                        in_units(use.compute));
  text += fmt::format("input on {}\n", placement.input.str());
  for (const auto& run : placement.layers) text += fmt::format("{} on {}\n", run_text(run), run.device.str());
  text += fmt::format("output on {}\n", placement.output.str());
  constexpr std::size_t most_tensors = 12;
  std::size_t told = 0;
  for (const auto& [name, device] : placement.tensors) {
    if (told++ == most_tensors) {
      text += fmt::format("and {} more tensors apart from their layers\n", placement.tensors.size() - most_tensors);
      break;
    }
    text += fmt::format("{} on {}\n", escaped(name), device.str());
  }
  for (const auto& each : model.info().notes) text += "not as asked for: " + escaped(each) + "\n";
  return text;
}

Value placement_value(const LoadedModel& model) {
  auto value = model.info().placement.to_dict();
  Value::Array use;
  for (const auto& each : model.memory()) use.push_back(each.to_dict());
  value.as_object().set("use", std::move(use));
  Value::Array notes(model.info().notes.begin(), model.info().notes.end());
  value.as_object().set("notes", std::move(notes));
  return value;
}

}  // namespace berth::cli
