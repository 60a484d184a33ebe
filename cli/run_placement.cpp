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
#include "output.h"
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

using Loaded = std::shared_ptr<const LoadedModel>;

/// What it takes to carry out one of the three ways.
struct Task {
  const RunOptions& options;
  const Engine& engine;
  const Look& machine;
  const LoadContext& context;
  const ModelProfile& profile = *context.profile;
};

Loaded by_strategy(const Task& task) {
  auto request = default_plan_request(task.profile);
  if (task.options.n_ctx != 0) request.min_context = std::nullopt;
  request.context.n_ctx = task.options.n_ctx;
  request.strategy = map_strategy_from_str(*task.options.device_map);
  request.max_memory = max_memory_budgets(task.options.max_memory, "berth run");
  return load_accepted(
             task.engine, task.profile, request, accept_plan(task.profile, request, task.machine), task.context,
             [](std::string_view step) { note("warning: " + escaped(step)); },
             isolation(task.options, task.profile.path))
      .model;
}

Loaded by_map(const Task& task) {
  const auto& options = task.options;
  if (!options.max_memory.empty())
    throw WrongUse("--max-memory is for a strategy such as --device-map auto; a map says itself what lies where",
                   "berth run");
  const auto& given = *options.device_map;
  const auto text = given.starts_with('{') ? given : read_file_or_input(given, "a device map");
  const auto device = parse_device_argument(text);
  return task.engine.load({.model = task.profile.path,
                           .device = device,
                           .keys = task.machine().keys(device),
                           .context = context_spec(options),
                           .isolation = isolation(options, task.profile.path)},
                          task.context);
}

std::string listed(const std::vector<Reason>& problems) {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "; ") + problem.part + ": " + problem.text;
  return text;
}

Loaded by_plan(const Task& task) {
  const auto& [options, engine, machine, given, profile] = task;
  if (options.n_ctx != 0)
    throw WrongUse("--context contradicts --plan, which holds a context; make another plan", "berth run");
  const auto plan = read_plan(*options.plan);
  const auto name = file_name_for_messages(*options.plan);
  if (const auto problems = check(plan, profile); !problems.empty())
    throw std::runtime_error(fmt::format("The plan in {} is not one of '{}': {}. Make a new one: berth plan {} --json",
                                         name, profile.path.filename().string(), listed(problems), options.model));
  for (const auto& each : plan.companions)
    note(fmt::format("the plan counts {} too, which is not loaded", in_quotes(each.path.string())));
  auto context = given;
  const auto lock = lock_of_planning();
  if (const auto problems = check(plan, machine()); !problems.empty())
    throw std::runtime_error(
        fmt::format("The plan in {} does not hold on this machine now: {}. Make a new one: berth "
                    "plan {} --json",
                    name, listed(problems), options.model));
  context.reservation = std::make_shared<Reservation>(profile.path, plan.use);
  auto request = LoadRequest::of(plan, profile.path);
  request.isolation = isolation(options, profile.path);
  return engine.load(request, context);
}

std::string run_text(const LayerRun& run) {
  return run.count == 1 ? fmt::format("layer {}", run.first)
                        : fmt::format("layers {} to {}", run.first, run.first + run.count - 1);
}

}  // namespace

bool places_model(const RunOptions& options) { return options.device_map || options.plan; }

std::shared_ptr<const LoadedModel> load_placed(const RunOptions& options, const Engine& engine, const Look& machine,
                                               const LoadContext& context) {
  if (options.device) throw WrongUse("--device contradicts --device-map and --plan: give one of them", "berth run");
  if (options.plan && options.device_map)
    throw WrongUse("--plan and --device-map contradict each other: give one of them", "berth run");
  const Task task{options, engine, machine, context};
  if (options.plan) return by_plan(task);
  return names_strategy(*options.device_map) ? by_strategy(task) : by_map(task);
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
