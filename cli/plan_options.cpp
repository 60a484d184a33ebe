#include "plan_options.h"

#include <algorithm>
#include <filesystem>

#include "failure.h"
#include "help.h"
#include "max_memory_argument.h"
#include "plan/memory/cache_types.h"
#include "text/bytes.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto berth_plan = "berth plan";

void add_plan_context(CLI::App& command, PlanOptions& options) {
  const auto whole = [&](const char* name, auto& value, const char* what) {
    command.add_option(name, value, what)->type_name("N")->check(whole_number());
  };
  whole("--context", options.context.n_ctx,
        "Tokens of context, of all sequences together; 0, the default: what the model was trained for");
  whole("--parallel", options.context.n_seq, "Sequences computed at the same time (1)");
  whole("--batch", options.context.n_batch, "Tokens given to the engine at a time, at most (2048)");
  whole("--ubatch", options.context.n_ubatch, "Tokens computed at a time, at most (512)");
  command.add_option("--cache-type", options.cache_type, "The type of cached keys and values (F16)")
      ->type_name("TYPE")
      ->check(one_of({plan::cache_types.begin(), plan::cache_types.end()}))
      ->transform(plan::cache_type_named);  // before the check
  whole("--min-context", options.min_context,
        "The context may be shortened down to this where it does not fit; the longest that fits is taken");
}

void add_plan_choices(CLI::App& command, PlanOptions& options) {
  command.add_option("--objective", options.objective, "What is to be best (fastest)")
      ->type_name("OBJECTIVE")
      ->check(one_of({"fastest", "prompt", "mixed", "fewest_devices", "largest_context"}));
  command
      .add_option(
          "--reach", options.reach,
          "So many tokens a second in a full context with the least memory of the devices, or how near it comes; with "
          "--min-context the longest context that reaches it")
      ->type_name("TOKENS_PER_S");
  command
      .add_option("--prompt-per-token", options.prompt_per_token,
                  "For --objective mixed: tokens of prompts for each that is written (4)")
      ->type_name("N");
  command
      .add_option(
          "--strategy", options.strategy,
          "optimal, the default, is Berth's own. The others are accelerate's: over the layers of a GGUF model, or the "
          "modules of one in safetensors, by their weights")
      ->type_name("STRATEGY")
      ->check(one_of({"optimal", "auto", "balanced", "balanced_low_0", "sequential"}));
  command.add_flag("--compat", options.compat,
                   "For a model in safetensors and a strategy of accelerate: its map as it is, even where that is over a "
                   "budget or leaves something out, and its errors");
  const auto several = [&](const char* name, auto& value, const char* type, const char* what) {
    command.add_option(name, value, what)->type_name(type)->allow_extra_args(false);
  };
  several("--max-memory", options.max_memory, "DEVICE=SIZE",
          "No more than this of a device, such as cuda:0=10GiB; can be repeated");
  command.add_option("--leave", options.leave, "What stays free of each memory, such as 1GiB")->type_name("SIZE");
  several("--pin", options.pins, "PATTERN=DEVICE",
          "Tensors whose name matches this regular expression lie on a device, such as '_exps=cpu'; can be repeated, "
          "the first that matches counts");
  command
      .add_option("--mmproj", options.projector,
                  "A projector of images or sound that is loaded too; =DEVICE may follow")
      ->type_name("FILE[=DEVICE]");
  command.add_option("--draft", options.draft, "A draft model that is loaded too; =DEVICE may follow")
      ->type_name("FILE[=DEVICE]");
  several("--lora", options.adapters, "FILE", "A LoRA adapter that is loaded too; can be repeated");
  several("--use", options.use, "DEVICE", "Only this device besides the CPU; can be repeated");
  several("--avoid", options.avoid, "DEVICE", "Not this device; can be repeated");
}

void add_plan_outputs(CLI::App& command, PlanOptions& options) {
  command.add_flag(
      "--verify", options.verify,
      "Also ask llama.cpp what it would allocate on this machine, without loading: the plan has its bytes, and is made "
      "anew where they are too many; the difference to what was computed is shown");
  command.add_flag("--measured", options.measured,
                   "Also run the plan and the two fastest others for a second each, and take the one that was fastest");
  command.add_option("--format", options.format, "What is printed (table)")
      ->type_name("FORMAT")
      ->check(one_of({"table", "json", "yaml", "hf", "llama.cpp", "ollama", "html"}));
  command.add_option("-o,--output", options.output, "Write it to a file instead")->type_name("FILE");
  command.add_flag("--json", options.json,
                   "The same as --format json (docs/plan.schema.json; docs/device-map-plan.schema.json for a model in "
                   "safetensors with "
                   "a strategy of accelerate)");
  command
      .add_option("--compare", options.compare,
                  "Show two plans that --format json or yaml wrote side by side, instead of a MODEL")
      ->type_name("FILE")
      ->expected(2);
}

/// "mmproj.gguf" or "mmproj.gguf=cpu".
void add_companion(PlanRequest& request, CompanionKind kind, const std::string& text) {
  if (text.empty()) return;
  const auto at = text.rfind('=');
  std::error_code none;
  const bool is_file = at == std::string::npos || std::filesystem::exists(text, none);
  Companion companion{.kind = kind, .profile = read_model(is_file ? text : text.substr(0, at))};
  if (!is_file) companion.device = Device::from_str(text.substr(at + 1));
  request.companions.push_back(std::move(companion));
}

std::vector<Device> named_devices(const std::vector<std::string>& texts) {
  std::vector<Device> devices;
  for (const auto& text : texts) devices.push_back(Device::from_str(text));
  return devices;
}

Objective objective_of(const std::string& name) {
  return name == "fewest_devices"    ? Objective::fewest_devices
         : name == "largest_context" ? Objective::largest_context
         : name == "prompt"          ? Objective::prompt
         : name == "mixed"           ? Objective::mixed
                                     : Objective::fastest;
}

}  // namespace

void add_plan_options(CLI::App& command, PlanOptions& options) {
  command
      .add_option(
          "MODEL", options.model,
          "A GGUF file, a folder that holds one or a model in safetensors, ORG/NAME in the Hugging Face cache, or "
          "smollm2, the default model")
      ->type_name("MODEL");
  add_plan_context(command, options);
  add_plan_choices(command, options);
  add_machine_options(command, options.machine);
  add_plan_outputs(command, options);
}

PlanRequest plan_request(const PlanOptions& options) {
  for (const auto& [name, value] : {std::pair{"--parallel", options.context.n_seq},
                                    {"--batch", options.context.n_batch},
                                    {"--ubatch", options.context.n_ubatch}})
    if (value < 1) throw WrongUse(std::string(name) + " must be at least 1", berth_plan);
  if (options.context.n_ctx < 0) throw WrongUse("--context must be 0 or more", berth_plan);
  PlanRequest request{.context = options.context, .min_context = options.min_context};
  request.context.type_k = request.context.type_v = options.cache_type;
  request.objective = objective_of(options.objective);
  if (!(options.prompt_per_token >= 0 && options.prompt_per_token <= 1e9))
    throw WrongUse("--prompt-per-token must be a number from 0 on", berth_plan);
  request.prompt_per_token = options.prompt_per_token;
  if (options.reach) {
    if (!(*options.reach > 0)) throw WrongUse("--reach must be more than 0 tokens a second", berth_plan);
    if (options.objective != "fastest")
      throw WrongUse("--reach and --objective " + options.objective + " contradict each other", berth_plan);
    request.objective = Objective::reach;
    request.reach_tokens_per_s = *options.reach;
  }
  request.strategy = map_strategy_from_str(options.strategy);
  request.max_memory = max_memory_budgets(options.max_memory, berth_plan);
  if (options.leave) {
    const auto bytes = parse_bytes(*options.leave);
    if (!bytes) throw WrongUse("--leave takes a size such as 1GiB, not " + in_quotes(*options.leave), berth_plan);
    request.leave = *bytes;
  }
  add_companion(request, CompanionKind::projector, options.projector);
  add_companion(request, CompanionKind::draft, options.draft);
  for (const auto& each : options.adapters) request.companions.push_back({CompanionKind::adapter, read_model(each)});
  for (const auto& each : options.pins) {
    const auto [pattern, device] = at_equals(each, "--pin", "PATTERN=DEVICE", berth_plan);
    request.pins.push_back({pattern, Device::from_str(device)});
  }
  request.use = named_devices(options.use);
  request.avoid = named_devices(options.avoid);
  return request;
}

}  // namespace berth::cli
