#include "run_placement.h"

#include <fmt/format.h>

#include <stdexcept>

#include "berth/convert.h"
#include "berth/error.h"
#include "berth/resolve.h"
#include "berth/simulated.h"
#include "device_argument.h"
#include "engine/plan_here.h"
#include "failure.h"
#include "max_memory_argument.h"
#include "output.h"
#include "plan/device_budgets.h"
#include "plan_file.h"
#include "text/bytes.h"
#include "text/printable.h"
#include "text_file.h"

namespace berth::cli {
namespace {

bool names_strategy(const std::string& text) {
  return text == "optimal" || text == "auto" || text == "balanced" || text == "balanced_low_0" || text == "sequential";
}

using Loaded = std::shared_ptr<const LoadedModel>;

void tell_step(std::string_view step) { note("warning: " + escaped(step)); }

Loaded by_map(const RunOptions& options, const Engine& engine, const LoadContext& context) {
  if (!options.max_memory.empty())
    throw WrongUse("--max-memory is for a strategy such as --device-map auto; a map says itself what lies where",
                   "berth run");
  const auto& given = *options.device_map;
  const auto text = given.starts_with('{') ? given : read_file_or_input(given, "a device map");
  const auto resolution = resolve_here(parse_device_argument(text), {std::string(engine.name())});
  const auto& path = context.profile->path;
  return engine.load({.model = path,
                      .device = resolution.device,
                      .keys = resolution.keys,
                      .context = context_spec(options),
                      .isolation = isolation(options, path),
                      .patience_s = options.patience_s},
                     context);
}

std::string listed(const std::vector<Reason>& problems) {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "; ") + problem.part + ": " + problem.text;
  return text;
}

/// The plan in the file of --plan. Throws where it is not one of this model.
Plan plan_of_model(const RunOptions& options, const ModelProfile& profile) {
  auto plan = read_plan(*options.plan);
  const auto name = file_name_for_messages(*options.plan);
  if (const auto problems = check(plan, profile); !problems.empty())
    throw std::runtime_error(fmt::format("The plan in {} is not one of '{}': {}. Make a new one: berth plan {} --json",
                                         name, profile.path.filename().string(), listed(problems), options.model));
  for (const auto& each : plan.companions)
    note(fmt::format("the plan counts {} too, which is not loaded", in_quotes(each.path.string())));
  if (const int needed = options.generation.num_return_sequences; plan.context.n_seq > needed)
    note(fmt::format("the plan is for {} sequences at the same time; this run has {}, and takes less memory",
                     plan.context.n_seq, needed));
  return plan;
}

/// Keeps the memory of a plan that was made before. Throws where it does not hold on this machine now.
AcceptedPlan accept_made_plan(const RunOptions& options, const ModelProfile& profile, Plan plan) {
  const auto lock = lock_of_planning();
  auto machine = machine_here();
  if (const auto problems = check(plan, machine); !problems.empty())
    throw std::runtime_error(
        fmt::format("The plan in {} does not hold on this machine now: {}. Make a new one: berth "
                    "plan {} --json",
                    file_name_for_messages(*options.plan), listed(problems), options.model));
  auto reservation = std::make_shared<Reservation>(profile.path, plan.use);
  return {std::move(plan), std::move(machine), std::move(reservation), look_here};
}

Loaded by_plan(const RunOptions& options, const Engine& engine, const LoadContext& context) {
  if (options.n_ctx != 0)
    throw WrongUse("--context contradicts --plan, which holds a context; make another plan", "berth run");
  if (!options.max_memory.empty())
    throw WrongUse("--max-memory contradicts --plan, which says what each device holds; make another plan with it",
                   "berth run");
  const auto& profile = *context.profile;
  auto plan = plan_of_model(options, profile);
  PlanRequest request{.context = plan.context};
  for (const auto& use : plan.use)
    if (plan::is_accelerator(use.device)) request.use.push_back(use.device);
  auto accepted = accept_made_plan(options, profile, std::move(plan));
  return load_accepted(engine, profile, request, std::move(accepted), context, tell_step,
                       isolation(options, profile.path), options.patience_s)
      .model;
}

std::string run_text(const LayerRun& run) {
  return run.count == 1 ? fmt::format("layer {}", run.first)
                        : fmt::format("layers {} to {}", run.first, run.first + run.count - 1);
}

}  // namespace

bool places_model(const RunOptions& options) { return options.device_map || options.plan; }

Loaded load_by_strategy(const RunOptions& options, const Engine& engine, const LoadContext& context,
                        MapStrategy strategy) {
  const auto& profile = *context.profile;
  auto request = default_plan_request(profile);
  if (options.n_ctx != 0) request.min_context = std::nullopt;
  request.context.n_ctx = options.n_ctx;
  request.strategy = strategy;
  request.max_memory = max_memory_budgets(options.max_memory, "berth run");
  return load_accepted(engine, profile, request, accept_plan(profile, request), context, tell_step,
                       isolation(options, profile.path), options.patience_s)
      .model;
}

Loaded load_placed(const RunOptions& options, const Engine& engine, const LoadContext& context) {
  if (options.device) throw WrongUse("--device contradicts --device-map and --plan: give one of them", "berth run");
  if (options.plan && options.device_map)
    throw WrongUse("--plan and --device-map contradict each other: give one of them", "berth run");
  if (options.plan) return by_plan(options, engine, context);
  const auto& map = *options.device_map;
  return names_strategy(map) ? load_by_strategy(options, engine, context, map_strategy_from_str(map))
                             : by_map(options, engine, context);
}

std::string placement_table(const LoadedModel& model) {
  const auto& placement = model.info().placement;
  std::string text = fmt::format("{:<10} {:>10} {:>10} {:>10}\n", "DEVICE", "WEIGHTS", "CACHE", "COMPUTE");
  for (const auto& use : model.memory())
    text += fmt::format("{:<10} {:>10} {:>10} {:>10}{}\n", use.device.str(), in_units(use.weights), in_units(use.cache),
                        in_units(use.compute), is_simulated(use.key) ? "  simulated" : "");
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
