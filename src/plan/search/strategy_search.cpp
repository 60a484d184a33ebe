/// Placements by the strategies of accelerate.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "plan/search/placement_search.h"

namespace berth::plan {
namespace {

constexpr int most_rounds = 8;

enum class Counted { weights, weights_and_cache };

/// Embeddings, layers and output as modules; a layer stays whole. The norm before the output counts with it.
ModuleTree layer_tree(const ModelParts& parts, Counted counted) {
  ModuleTree tree;
  tree.modules = {{"", "Model"}};
  const auto add = [&](const std::string& path, const char* class_name, bool whole, std::uint64_t bytes) {
    tree.modules.push_back({.path = path, .class_name = class_name, .no_split = whole});
    tree.tensors.push_back({.name = path + ".weight", .shape = {bytes}, .dtype = "uint8", .bytes = bytes});
  };
  std::uint64_t input = 0;
  for (const auto& use : parts.base) input += use.weights;
  add("token_embd", "Embedding", false, input);
  tree.modules.push_back({"blk", "ModuleList"});
  for (std::size_t i = 0; i < parts.layer_count(); ++i)
    add(fmt::format("blk.{}", i), "Layer", true,
        counted == Counted::weights ? parts.layers[i].weight_bytes : parts.layers[i].bytes);
  add("output", "Output", false, parts.layers.back().weight_bytes);
  return tree;
}

/// The device of a module, which stands in the map by its own path or by that of a module around it.
Device device_of(const DeviceMap& map, std::string path) {
  while (true) {
    if (const auto* device = map.find(path)) return *device;
    if (path.empty()) return Device::disk();
    const auto dot = path.find_last_of('.');
    path = dot == std::string::npos ? "" : path.substr(0, dot);
  }
}

}  // namespace

std::optional<FoundPlacement> PlacementSearch::find_by_strategy(const ModelParts& parts,
                                                                const ContextSpec& context) const {
  for (const bool compat : {true, false})
    if (auto found = find_by_strategy(parts, context, compat)) return found;
  return std::nullopt;
}

std::optional<FoundPlacement> PlacementSearch::find_by_strategy(const ModelParts& parts, const ContextSpec& context,
                                                                bool compat) const {
  FixedBytes besides;  // what each device holds beside the modules that the map gives it
  for (int round = 0; round < most_rounds; ++round) {
    // By weights alone, as accelerate does. Where that does not fit, with all that a device holds.
    DeviceMapRequest request{.strategy = request_.strategy, .max_memory = {}, .clean_result = false, .compat = compat};
    const auto add = [&](const Device& name, const PlanDevice& device) {
      request.max_memory.push_back({name, device.room - std::min(device.room, besides[device.device])});
    };
    for (std::size_t d = 0; d < machine_.devices.size(); ++d)
      if (request_.max_memory.empty() || machine_.devices[d].budgeted)
        add(Device::gpu(static_cast<int>(d)), machine_.devices[d]);
    add(Device::cpu(), machine_.cpu);
    DeviceMapPlan map;
    try {
      map = plan_device_map(layer_tree(parts, round == 0 ? Counted::weights : Counted::weights_and_cache), request);
    } catch (const AccelerateError&) {
      return std::nullopt;
    }
    auto found = carried_out(map, parts, context);
    if (shortfalls(found.use).empty()) return found;
    const auto before = besides;
    for (const auto& use : found.use) {
      const auto place = place_of(use.device);
      if (!place) continue;
      const auto name = *place == 0 ? Device::cpu() : Device::gpu(static_cast<int>(*place) - 1);
      const auto mapped = std::ranges::find(map.report.use, name, &MemoryBudget::device);
      const auto held = round == 0 ? use.weights + use.cache : mapped == map.report.use.end() ? 0 : mapped->bytes;
      auto& known = besides[use.device];
      known = std::max(known, use.total() - std::min(use.total(), held));
    }
    if (round > 0 && besides == before) break;
  }
  return std::nullopt;
}

std::optional<std::size_t> PlacementSearch::place_of(const Device& device) const {
  if (device == machine_.cpu.device) return 0;
  for (std::size_t d = 0; d < machine_.devices.size(); ++d)
    if (machine_.devices[d].device == device) return d + 1;
  return std::nullopt;
}

FoundPlacement PlacementSearch::carried_out(const DeviceMapPlan& map, const ModelParts& parts,
                                            const ContextSpec& context) const {
  const auto place = [&](const std::string& path) -> std::size_t {
    const auto device = device_of(map.device_map, path);
    return device.type() == DeviceType::cuda ? static_cast<std::size_t>(device.id().value_or(0)) + 1 : 0;
  };
  const auto name = [&](std::size_t which) {
    return (which == 0 ? machine_.cpu.device : machine_.devices[which - 1].device).str();
  };
  std::vector<std::size_t> counts(machine_.devices.size() + 1);
  auto left = parts;
  for (std::size_t i = 0; i < parts.layer_count(); ++i) {
    const auto path = fmt::format("blk.{}", i);
    if (machine_.disk && device_of(map.device_map, path).type() == DeviceType::disk)
      left.leave_layer_on_disk();
    else
      ++counts[place(path)];
  }
  const auto on_disk = left.layers_on_disk;
  const CutSearch search(machine_, request_, left, {});
  const auto wanted_output = place("output");
  std::size_t last = counts.size() - 1;
  while (last > 0 && counts[last] == 0) --last;
  const auto output = last == 0 ? wanted_output : std::max(last, wanted_output);
  ++counts[output];

  Cut cut{.stages = {on_disk + counts[0], {}, 0}, .expert_layers = 0};
  auto at = cut.stages.start;
  for (std::size_t d = 0; d < machine_.devices.size(); ++d) {
    if (counts[d + 1] == 0) continue;
    cut.stages.runs.push_back({d, at, counts[d + 1]});
    at += counts[d + 1];
  }
  cut.stages.seconds = search.seconds_of(cut, &PlanDevice::counted);

  auto found = placed(search, cut, left, context);
  found.on_disk = on_disk;
  const auto note = [&](const char* part, std::string text) { found.notes.push_back({part, std::move(text)}); };
  const auto strategy = to_string(request_.strategy);
  const auto& engine = request_.rules.engine;
  if (!map.reasons.empty() && map.reasons.front().starts_with("accelerate's map"))
    note("strategy", fmt::format("the map of {} itself does not hold here, so that another one was made", strategy));
  if (const auto input = place("token_embd"); input != 0)
    note("input", fmt::format("on cpu, where {} keeps it; {} would put it on {}", engine, strategy, name(input)));
  if (on_disk > 0)
    note("disk",
         fmt::format("{} leaves {} layers there, which are read from the file when they are used", strategy, on_disk));
  if (found.on_cpu > on_disk && found.on_cpu < parts.layer_count())
    note("layers on cpu",
         fmt::format("{} leaves the last {} to cpu; {} has the first there", strategy, found.on_cpu - on_disk, engine));
  if (output != wanted_output)
    note("output",
         fmt::format("on {} with the last layer; {} would put it on {}", name(output), strategy, name(wanted_output)));
  return found;
}

}  // namespace berth::plan
