#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "berth/convert.h"
#include "berth/engine.h"
#include "berth/error.h"
#include "berth/model.h"
#include "berth/plan_export.h"
#include "berth/run_plans.h"
#include "berth/simulated.h"
#include "berth/verified_plan.h"
#include "command.h"
#include "engine/plan_here.h"
#include "failure.h"
#include "help.h"
#include "interrupt.h"
#include "model_file.h"
#include "output.h"
#include "plan_file.h"
#include "plan_modules.h"
#include "plan_options.h"
#include "plan_report.h"
#include "text/printable.h"
#include "text_file.h"
#include "yaml/yaml.h"

namespace berth::cli {
namespace {

constexpr auto plan_examples =
    "Examples:\n"
    "  berth plan smollm2\n"
    "  berth plan model.gguf --context 32768 --simulate cpu:64GiB,cuda:2x24GiB\n"
    "  berth plan model.gguf --objective largest_context --format llama.cpp\n"
    "  berth plan model.gguf --max-memory cuda:0=10GiB --pin '_exps=cpu'\n"
    "  berth plan model.gguf --format html -o plan.html\n"
    "  berth plan llama-3-8b/ --strategy balanced --format hf\n"
    "  berth plan model.gguf --measured\n"
    "  berth plan --compare one.json other.json\n"
    "\n"
    "Exit codes: as all commands, and 3 where the model does not fit; what lacks and\n"
    "what would help is printed then.";

/// What was planned, and what is told of it.
struct Planned {
  ModelProfile profile;
  Inventory inventory;
  PlanRequest request;
  Plan plan;
  std::optional<MemoryUse> exact = {};   ///< as the engine has it
  std::vector<Alternative> others = {};  ///< where they are shown
  std::vector<PlanRun> runs = {};        ///< with --measured
};

bool is_for_a_tool(const std::string& format) { return format == "hf" || format == "llama.cpp" || format == "ollama"; }

bool shows_verification(const std::string& format) { return format == "table" || format == "json" || format == "yaml"; }

/// PyTorch lacks some devices, and a device map has modules instead of tensors.
void suit_to_transformers(PlanRequest& request, const Inventory& inventory) {
  if (!request.pins.empty())
    throw WrongUse("--pin places single tensors, and the device map of --format hf has modules", "berth plan");
  request.rules.tensor_overrides = false;
  for (const auto& info : inventory.devices) {
    const auto type = info.device.type();
    if (type == DeviceType::rpc || type == DeviceType::vulkan) request.avoid.push_back(info.device);
  }
}

const Engine& engine_for(const char* option) {
  if (engines().empty())
    throw std::runtime_error(fmt::format("This Berth was built without an engine, which {} needs", option));
  return *engines().front();
}

/// Runs the plan and the fastest of the others, and takes the one that was fastest.
void run_best(Planned& planned, const MachineOptions& machine) {
  constexpr std::size_t most_runs = 3;
  if (machine.inventory) throw WrongUse("--measured runs plans on this machine, not on a recorded one", "berth plan");
  const auto& engine = engine_for("--measured");
  std::vector<Alternative> plans = {{"the plan", planned.plan}};
  for (const auto& other : planned.others)
    if (plans.size() < most_runs && other.plan.outcome == PlanOutcome::fits) plans.push_back(other);
  const Interrupt interrupt;
  for (const auto& each : plans) {
    note(fmt::format("running {} for a second", each.what));
    auto runs = run_plans(engine, planned.profile, {each}, {.stop = interrupt.token()});
    std::ranges::move(runs, std::back_inserter(planned.runs));
    interrupt.check();
  }
  const auto seen = [](const PlanRun& run) {
    return run.problem.empty() ? run.plan.predicted->decode_tokens_per_s : 0;
  };
  const auto best = std::ranges::max_element(planned.runs, {}, seen);
  if (best == planned.runs.end() || !best->problem.empty())
    throw std::runtime_error("None of the plans ran: " + (planned.runs.empty() ? "interrupted" : best->problem));
  planned.plan = best->plan;
}

Value as_document(const Planned& planned) {
  auto document = planned.plan.to_dict();
  if (!planned.runs.empty()) {
    Value::Array runs;
    for (const auto& [what, plan, problem] : planned.runs)
      runs.push_back(Value::Object{{"what", what}, {"plan", plan.to_dict()}, {"problem", problem}});
    document.as_object().set("runs", std::move(runs));
  }
  if (planned.exact) document.as_object().set("verified", planned.exact->to_dict());
  return document;
}

std::string verification(const Planned& planned) {
  const auto& plan = planned.plan;
  const auto computed = memory_use(planned.profile, plan.placement, plan.context, generation_options(plan.context));
  return verification_table(computed, *planned.exact);
}

std::string in_format(const Planned& planned, const std::string& format) {
  const auto& [profile, inventory, request, plan, exact, others, runs] = planned;
  if (format == "json") return as_document(planned).to_json(2) + "\n";
  if (format == "yaml") return yaml::write(as_document(planned));
  if (format == "hf") return to_hf(to_hf_device_map(plan, profile)).to_json(2) + "\n";
  if (format == "llama.cpp") return shell_command("llama-server", to_llama_cpp(plan, profile, inventory)) + "\n";
  if (format == "ollama") return to_ollama(plan, profile);
  if (format == "html") return to_html(plan, profile, inventory, others, request);
  auto text = plan_table(plan, profile, inventory, request);
  if (!runs.empty()) text += "\n" + runs_table(runs);
  if (exact) text += "\n" + verification(planned);
  return text;
}

/// Of this machine, what no model that runs already may still take.
Inventory machine_of(const MachineOptions& options) {
  if (options.inventory || options.simulate) return look_at(options);
  return free_of_reserved([&] { return look_at(options); });
}

int make_and_show(const PlanOptions& options, const std::string& format) {
  auto asked = plan_request(options);
  Planned planned{.profile = profile_of(options.model),
                  .inventory = machine_of(options.machine),
                  .request = std::move(asked),
                  .plan = {}};
  auto& request = planned.request;
  const bool has_modules = planned.profile.format == "safetensors";
  if (options.compat && (!has_modules || request.strategy == MapStrategy::optimal))
    throw WrongUse("--compat is about maps of accelerate: it takes a model in safetensors, and a --strategy such as auto",
                   "berth plan");
  if (has_modules && (format == "hf" || request.strategy != MapStrategy::optimal))
    return plan_modules(options, request, format, planned.profile, planned.inventory);
  if (has_modules && planned.profile.layers.empty())
    throw WrongUse(in_quotes(options.model) +
                       " has no layers that are known, so that no cache can be planned; --format hf plans its modules "
                       "for transformers",
                   "berth plan");
  if (format == "hf") suit_to_transformers(request, planned.inventory);
  if (options.machine.simulate && (options.verify || options.measured)) use_simulated(planned.inventory);
  planned.plan = options.verify ? verified_plan(engine_for("--verify"), planned.profile, planned.inventory, request)
                                : make_plan(planned.profile, planned.inventory, request);
  const bool fits = planned.plan.outcome == PlanOutcome::fits;
  if (format == "hf" && !planned.plan.companions.empty())
    note("a device map names one model: transformers is not told of the companions of this plan");
  if (!fits && is_for_a_tool(format)) throw ModelDoesNotFit(why_not(planned.plan));
  if (format == "html" || (fits && options.measured))
    planned.others = alternatives(planned.plan, planned.profile, planned.inventory, request);
  if (fits && options.measured) run_best(planned, options.machine);
  if (fits && options.verify) planned.exact = asked_memory(engine_for("--verify"), planned.profile, planned.plan);
  const auto text = in_format(planned, format);
  if (planned.exact && !shows_verification(format)) note(verification(planned));
  options.output.empty() ? print(text) : write_output_file(options.output, text);
  return fits ? done : does_not_fit;
}

int compare_plans(const PlanOptions& options) {
  if (!options.model.empty()) throw WrongUse("--compare takes two files of plans and no MODEL", "berth plan");
  const auto& [first, second] = std::pair(options.compare.at(0), options.compare.at(1));
  const auto one = read_plan(first);
  const auto other = read_plan(second);
  if (options.json) {
    print(Value(Value::Object{{first, one.to_dict()}, {second, other.to_dict()}}).to_json(2) + "\n");
    return done;
  }
  print(comparison_table(one, first, other, second));
  return done;
}

int plan_command(const PlanOptions& options) {
  if (!options.compare.empty()) return compare_plans(options);
  if (options.model.empty()) throw WrongUse("Say which MODEL is to be planned, such as smollm2", "berth plan");
  if (options.json && options.format != "table" && options.format != "json")
    throw WrongUse("--json and --format " + options.format + " contradict each other", "berth plan");
  return make_and_show(options, options.json ? "json" : options.format);
}

}  // namespace

void add_plan(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("plan", "Say where each part of a model goes, before anything is loaded");
  set_help(*command, plan_examples);
  auto options = std::make_shared<PlanOptions>();
  add_plan_options(*command, *options);
  command->callback([options, &action] { action = [options] { return plan_command(*options); }; });
}

}  // namespace berth::cli
