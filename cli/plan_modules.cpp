#include "plan_modules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "berth/convert.h"
#include "berth/device_map_plan.h"
#include "berth/module_tree.h"
#include "command.h"
#include "failure.h"
#include "output.h"
#include "plan/speed/machine_view.h"
#include "text.h"
#include "text/bytes.h"
#include "text/printable.h"
#include "text_file.h"
#include "yaml/yaml.h"

namespace berth::cli {
namespace {

bool is_of_pytorch(const Device& device) {
  const auto type = device.type();
  return type == DeviceType::cuda || type == DeviceType::mps || type == DeviceType::cpu;
}

/// What is free of each device, or less where the user says so; as in accelerate, budgets leave other devices out.
std::vector<MemoryBudget> budgets_of(const PlanRequest& request, const Inventory& inventory) {
  const auto names = [&](const std::vector<Device>& devices, const DeviceInfo& info) {
    return std::ranges::any_of(devices, [&](const Device& each) { return inventory.find(each) == &info; });
  };
  plan::check_choices(inventory, request);
  std::vector<MemoryBudget> budgets;
  for (const auto& info : inventory.devices) {
    if (!is_of_pytorch(info.device) || names(request.avoid, info)) continue;
    const bool is_cpu = info.device.type() == DeviceType::cpu;
    if (!is_cpu && !request.use.empty() && !names(request.use, info)) continue;
    if (plan::has_budget(info, inventory, request) || request.max_memory.empty() ||
        request.strategy == MapStrategy::optimal)
      budgets.push_back({info.device, plan::room_of(info, inventory, request)});
  }
  return budgets;
}

void refuse_what_maps_lack(const PlanOptions& options, const PlanRequest& request, const std::string& format) {
  constexpr auto command = "berth plan";
  if (std::ranges::find(request.max_memory, DeviceType::disk,
                        [](const MemoryBudget& budget) { return budget.device.type(); }) != request.max_memory.end())
    throw WrongUse("--max-memory does not bound the disk: a device map leaves there what fits nowhere else", command);
  if (!options.pins.empty()) throw WrongUse("--pin places single tensors, and a device map has modules", command);
  if (options.verify) throw WrongUse("--verify asks llama.cpp, which does not read models in safetensors", command);
  if (options.measured) throw WrongUse("--measured runs llama.cpp, which does not read models in safetensors", command);
  if (request.objective != Objective::fastest)
    throw WrongUse("A device map divides weights: --objective, --reach and --prompt-per-token say nothing of it",
                   command);
  if (!request.companions.empty())
    throw WrongUse("A device map names one model: --mmproj, --draft and --lora have no place in it", command);
  if (format != "table" && format != "json" && format != "yaml" && format != "hf")
    throw WrongUse("--format " + format + " needs a model in GGUF, or --strategy optimal", command);
}

Value map_as_value(const DeviceMapPlan& plan, const DeviceMapRequest& request) {
  Value::Array use;
  for (const auto& [device, bytes] : plan.report.use) {
    Value::Object entry{{"device", device.str()}, {"bytes", static_cast<std::int64_t>(bytes)}};
    for (const auto& budget : request.max_memory)
      if (budget.device == device) entry.set("budget", static_cast<std::int64_t>(budget.bytes));
    use.emplace_back(std::move(entry));
  }
  const auto texts = [](const std::vector<std::string>& all) {
    Value::Array array;
    for (const auto& each : all) array.emplace_back(each);
    return Value(std::move(array));
  };
  return Value::Object{{"strategy", std::string(to_string(request.strategy))},
                       {"device_map", to_hf(plan.device_map)},
                       {"use", std::move(use)},
                       {"sound", plan.report.is_sound()},
                       {"warnings", texts(plan.warnings)},
                       {"reasons", texts(plan.reasons)}};
}

std::string devices_table(const DeviceMapPlan& plan, const DeviceMapRequest& request) {
  std::vector<std::vector<std::string>> rows = {{"DEVICE", "WEIGHTS", "BUDGET"}};
  for (const auto& [device, bytes] : plan.report.use) {
    const auto budget = std::ranges::find(request.max_memory, device, &MemoryBudget::device);
    rows.push_back({device.str(), in_units(bytes), budget == request.max_memory.end() ? "-" : in_units(budget->bytes)});
  }
  return table(rows);
}

/// Modules that follow each other on one device are one line.
std::string modules_table(const DeviceMap& map) {
  struct Line {
    std::string first, last, device;
  };
  std::vector<Line> lines;
  for (const auto& [path, device] : map) {
    const auto name = path.empty() ? std::string("(the model)") : path;
    if (!lines.empty() && lines.back().device == device.str())
      lines.back().last = name;
    else
      lines.push_back({name, name, device.str()});
  }
  std::vector<std::vector<std::string>> rows = {{"DEVICE", "FROM", "TO"}};
  for (const auto& [first, last, device] : lines)
    rows.push_back({device, escaped(first), first == last ? "" : escaped(last)});
  return table(rows);
}

DeviceMapPlan map_of(const ModuleTree& tree, const DeviceMapRequest& request) {
  try {
    return plan_device_map(tree, request);
  } catch (const AccelerateError& error) {
    throw std::runtime_error(fmt::format("accelerate raises {} here; without --compat there is a map", error.what()));
  }
}

/// What is wrong with a map that is shown all the same.
std::vector<std::string> faults_of(const DeviceMapReport& report) {
  std::vector<std::string> faults;
  for (const auto& device : report.over_budget) faults.push_back(fmt::format("{} is over its budget", device.str()));
  if (report.incomplete)
    faults.push_back(
        fmt::format("{} tensors have no device, such as {}", report.uncovered.size(), report.uncovered.front()));
  for (const auto& name : report.tied_split) faults.push_back(fmt::format("{} is tied, and on two devices", name));
  if (report.main_free_bytes < report.largest_offloaded_bytes)
    faults.push_back(fmt::format("the first accelerator has {} left for an offloaded part of {}",
                                 in_units(report.main_free_bytes), in_units(report.largest_offloaded_bytes)));
  return faults;
}

std::string as_table(const DeviceMapPlan& plan, const DeviceMapRequest& request, const ModelProfile& profile) {
  std::vector<std::string> model = {profile.name};
  if (!profile.architecture.empty()) model.push_back(profile.architecture);
  if (profile.block_count) model.push_back(fmt::format("{} layers", *profile.block_count));
  model.push_back(in_units(profile.tensor_bytes));
  auto text = fmt::format("Model     {}\nStrategy  {}, over weights; cache and buffers come on top\n\n",
                          wrapped(escaped(fmt::format("{}", fmt::join(model, ", "))), 10), to_string(request.strategy));
  text += devices_table(plan, request) + "\n" + modules_table(plan.device_map);
  const auto faults = faults_of(plan.report);
  if (!plan.reasons.empty() || !plan.warnings.empty() || !faults.empty()) text += "\n";
  for (const auto& lines : {plan.warnings, plan.reasons, faults})
    for (const auto& each : lines) text += "  " + wrapped(escaped(each), 2) + "\n";
  return text;
}

}  // namespace

int plan_modules(const PlanOptions& options, const PlanRequest& request, const std::string& format,
                 const ModelProfile& profile, const Inventory& inventory) {
  refuse_what_maps_lack(options, request, format);
  const DeviceMapRequest maps{
      .strategy = request.strategy, .max_memory = budgets_of(request, inventory), .compat = options.compat};
  const auto plan = map_of(module_tree_of(profile), maps);
  const auto text = format == "hf"     ? to_hf(plan.device_map).to_json(2) + "\n"
                    : format == "json" ? map_as_value(plan, maps).to_json(2) + "\n"
                    : format == "yaml" ? yaml::write(map_as_value(plan, maps))
                                       : as_table(plan, maps, profile);
  if (format == "hf")
    for (const auto& each : faults_of(plan.report)) note(each);
  options.output.empty() ? print(text) : write_output_file(options.output, text);
  return plan.report.is_sound() ? done : does_not_fit;
}

}  // namespace berth::cli
