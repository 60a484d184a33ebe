/// Plans of small models, against all the placements that there are.
#include "berth/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <random>

namespace berth {
namespace {

constexpr std::uint64_t mib = 1 << 20;

struct Layer {
  std::uint64_t dense = 0;
  std::uint64_t experts = 0;
  std::uint64_t feed_forward = 0;
};

/// A model whose layers hold so many MiB, and what follows them as the last.
ModelProfile model_of(const std::vector<Layer>& layers) {
  ModelProfile profile;
  profile.path = "small.gguf";
  profile.architecture = "llama";
  profile.block_count = layers.size() - 1;
  profile.context_length = 8192;
  profile.metadata = {{"llama.embedding_length", 1024}, {"llama.expert_count", 4}, {"llama.expert_used_count", 1}};
  const auto add = [&](const std::string& name, std::uint64_t size) {
    if (size > 0)
      profile.tensors.push_back({.name = name, .type = "F16", .shape = {size}, .offset = 0, .bytes = size * mib});
  };
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    add("blk." + std::to_string(i) + ".attn_q.weight", layers[i].dense);
    add("blk." + std::to_string(i) + ".ffn_up_exps.weight", layers[i].experts);
    add("blk." + std::to_string(i) + ".ffn_up.weight", layers[i].feed_forward);
  }
  add("output.weight", layers.back().dense);
  return profile;
}

/// Weights where the placement says, a MiB of cache a layer for each 4096 tokens, and so much for each device in use.
MemoryFunction memory_of(const ModelProfile& profile, std::uint64_t fixed) {
  return [&profile, fixed](const Placement& placement, const ContextSpec& context) {
    std::map<Device, DeviceUse> use;
    const auto at = [&](const Device& device) -> DeviceUse& {
      auto& found = use[device];
      found.device = device;
      return found;
    };
    at(Device::cpu());
    const auto layer_device = [&](int layer) {
      for (const auto& run : placement.layers)
        if (layer >= run.first && layer < run.first + run.count) return run.device;
      return placement.output;
    };
    for (const auto& tensor : profile.tensors) {
      const bool in_layer = tensor.name.starts_with("blk.");
      const auto device = in_layer ? layer_device(std::atoi(tensor.name.c_str() + 4)) : placement.output;
      const auto* moved = placement.tensors.find(tensor.name);
      at(moved != nullptr ? *moved : device).weights += tensor.bytes;
    }
    for (int i = 0; i < static_cast<int>(*profile.block_count); ++i)
      at(layer_device(i)).cache +=
          mib * static_cast<std::uint64_t>(context.n_ctx) / 4096 * (context.type_k == "F16" ? 2 : 1) / 2;
    std::vector<DeviceUse> all;
    for (auto& [device, each] : use) {
      each.compute = fixed;
      all.push_back(each);
    }
    return all;
  };
}

/// A machine of so many MiB: the CPU first, then GPUs with their speed in GB/s. The last GPU may share the CPU's memory.
Inventory machine_of(std::uint64_t cpu, const std::vector<std::pair<std::uint64_t, double>>& gpus,
                     bool shares = false) {
  Inventory inventory;
  const auto add = [&](Device device, const std::string& pool, std::uint64_t size, double rate) {
    DeviceInfo info{.device = device, .pool = pool};
    info.total_bytes = info.free_bytes = size * mib;
    info.engines = {{"llama.cpp", device.str()}};
    info.speed = DeviceSpeed{.memory_bytes_per_s = rate * 1e9, .flops = 0};
    inventory.devices.push_back(info);
    if (inventory.pool(pool) == nullptr)
      inventory.pools.push_back(
          {.id = pool, .kind = PoolKind::device, .total_bytes = size * mib, .free_bytes = size * mib});
  };
  add(Device::cpu(), "ram", cpu, 10);
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    const auto device = Device::gpu(static_cast<int>(i));
    const bool is_shared = shares && i + 1 == gpus.size();
    add(device, is_shared ? "ram" : device.str(), is_shared ? cpu : gpus[i].first, gpus[i].second);
  }
  return inventory;
}

bool is_within(const std::vector<DeviceUse>& use, const Inventory& machine) {
  std::map<std::string, std::uint64_t> by_pool;
  for (const auto& each : use) {
    const auto* info = machine.find(each.device);
    if (info == nullptr) return false;
    by_pool[info->pool] += each.total();
  }
  return std::ranges::all_of(by_pool,
                             [&](const auto& each) { return each.second <= machine.pool(each.first)->free_bytes; });
}

/// All placements that the engine can do: a device for each layer, none before that of the layer before it.
template <class Visit>
void each_placement(std::size_t items, const Inventory& machine, std::vector<std::size_t>& devices, Visit&& visit) {
  if (devices.size() == items) return visit(devices);
  for (std::size_t d = devices.empty() ? 0 : devices.back(); d < machine.devices.size(); ++d) {
    devices.push_back(d);
    each_placement(items, machine, devices, visit);
    devices.pop_back();
  }
}

Placement placement_of(const std::vector<std::size_t>& devices, const Inventory& machine, std::size_t moved) {
  Placement placement;
  for (std::size_t i = 0; i + 1 < devices.size(); ++i) {
    const auto& device = machine.devices[devices[i]].device;
    if (!placement.layers.empty() && placement.layers.back().device == device)
      ++placement.layers.back().count;
    else
      placement.layers.push_back({static_cast<int>(i), 1, device});
    if (i < moved && devices[i] > 0)
      placement.tensors.set("blk." + std::to_string(i) + ".ffn_up_exps.weight", Device::cpu());
  }
  placement.output = machine.devices[devices.back()].device;
  return placement;
}

/// Seconds of a token, as the planner predicts them.
double seconds_of(const std::vector<Layer>& layers, const std::vector<std::size_t>& devices, const Inventory& machine,
                  std::size_t moved) {
  const double link = machine.devices.size() > 1 ? 15e-6 + 4096 / 12e9 : 0;
  double seconds = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto dense = static_cast<double>(layers[i].dense * mib);
    const auto experts = static_cast<double>(layers[i].experts * mib) / 4;
    const auto& speed = *machine.devices[devices[i]].speed;
    const bool has_experts = layers[i].experts > 0;
    const bool moves = i < moved && devices[i] > 0 && has_experts;
    const int operations = i + 1 == layers.size() ? 1 : has_experts ? 2 + 10 + 8 : 1 + 10;
    seconds += (dense + (moves ? 0 : experts)) / speed.memory_bytes_per_s + operations * speed.operation_s;
    if (moves) seconds += experts / machine.devices[0].speed->memory_bytes_per_s + 2 * link;
    if (devices[i] > 0 && (i == 0 || devices[i] != devices[i - 1])) seconds += link;
  }
  return seconds;
}

TEST(Plan, IsTheQuickestThatFitsAndNoneIsMissed) {
  std::mt19937 random(7);
  const auto below = [&](int end) {
    return static_cast<std::uint64_t>(std::uniform_int_distribution<int>(0, end - 1)(random));
  };
  int fitting = 0;
  int failing = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<Layer> layers(2 + below(4));
    const bool has_experts = below(2) == 0;
    for (auto& layer : layers) layer = {1 + below(20), has_experts ? below(40) : 0};
    layers.back().experts = 0;
    std::vector<std::pair<std::uint64_t, double>> gpus(below(4));
    for (auto& gpu : gpus) gpu = {below(90), 50.0 + static_cast<double>(below(500))};
    auto machine = machine_of(below(120), gpus, below(3) == 0);
    for (auto& info : machine.devices) info.speed->operation_s = 1e-6 * static_cast<double>(1 + below(30));
    const auto profile = model_of(layers);
    const auto memory = memory_of(profile, below(6) * mib);

    std::optional<double> least;
    std::vector<std::size_t> devices;
    for (std::size_t moved = 0; moved < (has_experts ? layers.size() : 1); ++moved)
      each_placement(layers.size(), machine, devices, [&](const std::vector<std::size_t>& each) {
        const auto placement = placement_of(each, machine, moved);
        if (!is_within(memory(placement, {.n_ctx = 4096}), machine)) return;
        const double seconds = seconds_of(layers, each, machine, moved);
        if (!least || seconds < *least) least = seconds;
      });
    const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 4096}, .search_ms = 20}, memory);
    SCOPED_TRACE(round);
    if (!least) {
      ++failing;  // or parts of layers lie apart
      EXPECT_TRUE(plan.outcome == PlanOutcome::does_not_fit || is_within(plan.use, machine));
      continue;
    }
    ASSERT_EQ(plan.outcome, PlanOutcome::fits);
    ++fitting;
    EXPECT_TRUE(is_within(plan.use, machine));
    EXPECT_EQ(plan.use, memory(plan.placement, plan.context));
    EXPECT_NEAR(1 / plan.predicted->decode_tokens_per_s, *least, 1e-9 + *least * 1e-6);
  }
  EXPECT_GT(fitting, 50);
  EXPECT_GT(failing, 50);
}

/// The same with buffers that differ: the device with the output holds more, and each one more beside others.
MemoryFunction uneven_memory_of(const ModelProfile& profile, std::uint64_t of_output, std::uint64_t beside_others) {
  return [memory = memory_of(profile, 0), of_output, beside_others](const Placement& placement,
                                                                    const ContextSpec& context) {
    auto all = memory(placement, context);
    for (auto& use : all) {
      use.compute += beside_others * (all.size() - 1);
      if (use.device == placement.output) use.compute += of_output;
    }
    return all;
  };
}

TEST(Plan, IsTheQuickestWhereBuffersDifferFromCutToCut) {
  std::mt19937 random(5);
  const auto below = [&](int end) {
    return static_cast<std::uint64_t>(std::uniform_int_distribution<int>(0, end - 1)(random));
  };
  int fitting = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Layer> layers(3 + below(4));
    for (auto& layer : layers) layer = {1 + below(20), 0};
    std::vector<std::pair<std::uint64_t, double>> gpus(2 + below(2));
    for (auto& gpu : gpus) gpu = {below(90), 50.0 + static_cast<double>(below(500))};
    auto machine = machine_of(20 + below(120), gpus);
    for (auto& info : machine.devices) info.speed->operation_s = 1e-6;
    const auto profile = model_of(layers);
    const auto memory = uneven_memory_of(profile, below(30) * mib, below(10) * mib);
    std::optional<double> least;
    std::vector<std::size_t> devices;
    each_placement(layers.size(), machine, devices, [&](const std::vector<std::size_t>& each) {
      if (!is_within(memory(placement_of(each, machine, 0), {.n_ctx = 4096}), machine)) return;
      const double seconds = seconds_of(layers, each, machine, 0);
      if (!least || seconds < *least) least = seconds;
    });
    if (!least) continue;
    const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 4096}}, memory);
    SCOPED_TRACE(round);
    ASSERT_EQ(plan.outcome, PlanOutcome::fits);
    EXPECT_TRUE(is_within(plan.use, machine));
    EXPECT_NEAR(1 / plan.predicted->decode_tokens_per_s, *least, 1e-9 + *least * 1e-6);
    ++fitting;
  }
  EXPECT_GT(fitting, 100);
}

/// Whether any placement fits in which the feed-forward part of each layer from `layer` on lies anywhere.
bool some_division_fits(const MemoryFunction& memory, const Inventory& machine, Placement placement, std::size_t layer,
                        std::size_t layers) {
  if (layer == layers) return is_within(memory(placement, {.n_ctx = 4096}), machine);
  if (some_division_fits(memory, machine, placement, layer + 1, layers)) return true;
  return std::ranges::any_of(machine.devices, [&](const DeviceInfo& info) {
    placement.tensors.set("blk." + std::to_string(layer) + ".ffn_up.weight", info.device);
    return some_division_fits(memory, machine, placement, layer + 1, layers);
  });
}

TEST(Plan, DividesLayersWhereTheyFitNowhereWhole) {
  std::mt19937 random(21);
  const auto below = [&](int end) {
    return static_cast<std::uint64_t>(std::uniform_int_distribution<int>(0, end - 1)(random));
  };
  int divided = 0;
  int failing = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<Layer> layers(3 + below(2));
    for (auto& layer : layers) layer = {1 + below(10), 0, 10 + below(40)};
    layers.back().feed_forward = 0;
    std::vector<std::pair<std::uint64_t, double>> gpus(1 + below(2));
    for (auto& gpu : gpus) gpu = {20 + below(60), 100};
    const auto machine = machine_of(below(80), gpus);
    const auto profile = model_of(layers);
    const auto memory = memory_of(profile, below(4) * mib);
    bool possible = false;
    std::vector<std::size_t> devices;
    each_placement(layers.size(), machine, devices, [&](const std::vector<std::size_t>& each) {
      possible = possible || some_division_fits(memory, machine, placement_of(each, machine, 0), 0, layers.size() - 1);
    });
    const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 4096}}, memory);
    SCOPED_TRACE(round);
    ASSERT_EQ(plan.outcome == PlanOutcome::fits, possible);
    if (!possible) {
      ++failing;
      continue;
    }
    EXPECT_TRUE(is_within(plan.use, machine));
    EXPECT_EQ(plan.use, memory(plan.placement, plan.context));
    if (!plan.placement.tensors.empty()) ++divided;
  }
  EXPECT_GT(divided, 10);
  EXPECT_GT(failing, 10);
}

TEST(Plan, SaysWhatLacksAndWhatWouldDo) {
  const std::vector<Layer> layers(9, {10, 0});
  const auto profile = model_of(layers);
  const auto memory = memory_of(profile, mib);
  const auto machine = machine_of(50, {{46, 100}});  // of 8 layers and the output with 2 MiB of cache each: 106 MiB
  const PlanRequest request{.context = {.n_ctx = 8192}};
  const auto plan = make_plan(profile, machine, request, memory);
  ASSERT_EQ(plan.outcome, PlanOutcome::does_not_fit);
  ASSERT_EQ(plan.missing.size(), 1u);
  EXPECT_EQ(plan.missing[0].device, Device::cpu());
  EXPECT_GT(plan.missing[0].needed_bytes, plan.missing[0].available_bytes);

  for (const auto& change : plan.changes) {
    SCOPED_TRACE(change.str());
    auto other = request;
    auto larger = machine;
    if (change.n_ctx) other.context.n_ctx = *change.n_ctx;
    if (change.cache_type) other.context.type_k = other.context.type_v = *change.cache_type;
    if (change.what == "quantization") continue;  // of a model with other tensors: see planner_test
    if (change.what == "device") {
      larger.devices.push_back(
          {.device = Device::gpu(1), .pool = "more", .total_bytes = *change.bytes, .free_bytes = *change.bytes});
      larger.devices.back().engines = {{"llama.cpp", "CUDA1"}};
      larger.pools.push_back(
          {.id = "more", .kind = PoolKind::device, .total_bytes = *change.bytes, .free_bytes = *change.bytes});
    }
    EXPECT_EQ(make_plan(profile, larger, other, memory).outcome, PlanOutcome::fits);
  }
  const auto has = [&](std::string_view what) {
    return std::ranges::count(plan.changes, what, &PlanChange::what) == 1;
  };
  EXPECT_TRUE(has("device"));
  EXPECT_EQ(Plan::from_dict(Value::from_json(plan.to_dict().to_json())), plan);
}

TEST(Plan, ShortensTheContextWhereThatIsAllowed) {
  const auto profile = model_of(std::vector<Layer>(5, {10, 0}));
  const auto memory = memory_of(profile, 0);
  const auto machine = machine_of(0, {{55, 100}});
  PlanRequest request{.context = {.n_ctx = 8192}};
  EXPECT_EQ(make_plan(profile, machine, request, memory).outcome, PlanOutcome::does_not_fit);
  request.min_context = 1024;
  const auto plan = make_plan(profile, machine, request, memory);
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  EXPECT_EQ(plan.context.n_ctx, 5120);  // four layers of 10 MiB and the output leave 5 MiB for four caches
}

TEST(Plan, UsesFewDevicesWhenAsked) {
  const auto profile = model_of(std::vector<Layer>(5, {10, 0}));
  const auto memory = memory_of(profile, 0);
  const auto machine = machine_of(1000, {{40, 1000}, {40, 1000}, {100, 100}});
  PlanRequest request{.context = {.n_ctx = 4096}};
  EXPECT_EQ(make_plan(profile, machine, request, memory).placement.layers.size(), 2u);
  request.objective = Objective::fewest_devices;
  const auto plan = make_plan(profile, machine, request, memory);
  EXPECT_EQ(plan.placement.layers, (std::vector<LayerRun>{{0, 4, Device::gpu(2)}}));
}

TEST(Plan, KeepsBudgetsPinsAndChoicesOfDevices) {
  const auto profile = model_of(std::vector<Layer>(5, {10, 0}));
  const auto memory = memory_of(profile, 0);
  const auto machine = machine_of(1000, {{100, 1000}, {100, 100}});
  const PlanRequest plain{.context = {.n_ctx = 4096}};
  auto request = plain;
  request.max_memory = {{Device::gpu(0), 25 * mib}};
  const auto limited = make_plan(profile, machine, request, memory);
  for (const auto& use : limited.use) EXPECT_TRUE(use.device != Device::gpu(0) || use.total() <= 25 * mib);
  request = plain;
  request.avoid = {Device::gpu(0)};
  EXPECT_EQ(make_plan(profile, machine, request, memory).placement.output, Device::gpu(1));
  request = plain;
  request.use = {Device::gpu(1)};
  EXPECT_EQ(make_plan(profile, machine, request, memory).placement.output, Device::gpu(1));
  request = plain;
  request.leave = 75 * mib;
  EXPECT_GT(make_plan(profile, machine, request, memory).placement.layers.size(), 1u);
  request = plain;
  request.pins = {{"blk\\.2\\.", Device::gpu(1)}, {"blk", Device::gpu(0)}};
  const auto pinned = make_plan(profile, machine, request, memory);
  EXPECT_EQ(pinned.placement.tensors.at("blk.2.attn_q.weight"), Device::gpu(1));
  EXPECT_FALSE(pinned.placement.tensors.contains("blk.3.attn_q.weight")) << "its layer is there";
}

TEST(Plan, IsAsQuickWhereAPinAsksForWhatIsBestAnyway) {
  const auto profile = model_of(std::vector<Layer>(6, {10, 0}));
  const auto memory = memory_of(profile, mib);
  const auto machine = machine_of(1000, {{100, 500}, {100, 500}});
  PlanRequest request{.context = {.n_ctx = 4096}};
  const auto plain = make_plan(profile, machine, request, memory);
  request.pins = {{"blk\\.", Device::gpu(0)}};
  const auto pinned = make_plan(profile, machine, request, memory);
  EXPECT_EQ(pinned.placement, plain.placement);
  EXPECT_NEAR(pinned.predicted->decode_tokens_per_s, plain.predicted->decode_tokens_per_s, 1e-6);
}

TEST(Plan, ExplainsWhereATensorLies) {
  const auto profile = model_of(std::vector<Layer>(5, {10, 20}));
  const auto memory = memory_of(profile, 0);
  const auto machine = machine_of(1000, {{100, 1000}});
  const auto plan =
      make_plan(profile, machine, {.context = {.n_ctx = 4096}, .pins = {{"attn_q", Device::gpu(0)}}}, memory);
  EXPECT_EQ(explain(plan, "blk.0.attn_q.weight"),
            "blk.0.attn_q.weight lies on cuda:0, apart from its layer: asked for");
  const auto experts = explain(plan, "blk.0.ffn_up_exps.weight");
  EXPECT_NE(experts.find("blk.0.ffn_up_exps.weight lies on cpu"), std::string::npos) << experts;
  EXPECT_EQ(explain(plan, "output.weight"), "output.weight lies on cuda:0: the output layer follows the last layer");
  EXPECT_EQ(explain(plan, "token_embd.weight"), "token_embd.weight lies on cpu: the engine keeps the input there");
  EXPECT_EQ(explain(plan, "output_norm.weight"),
            "output_norm.weight lies on cuda:0: the output layer follows the last layer");
  EXPECT_EQ(explain(plan, "cls.output.weight"), "cls.output.weight lies on cuda:0: it follows the last layer");
  EXPECT_TRUE(explain(plan, "per_layer_model_proj.weight").ends_with(" with the first layer, which begins with it"));
  EXPECT_TRUE(explain(plan, "rope_freqs.weight").ends_with(" lies on each device with layers, which all need it"));
  const auto layer = explain(plan, "blk.0");
  EXPECT_TRUE(layer.starts_with("layer 0 lies on ")) << layer;
  EXPECT_NE(layer.find(" of its tensors"), std::string::npos) << layer;
  for (const char* unknown : {"blk.77.x", "blk.77", "nonsense", ""})
    EXPECT_THROW(explain(plan, unknown), std::invalid_argument) << unknown;
  try {
    explain(plan, "token_embed.weight");
    FAIL() << "no model has such a tensor";
  } catch (const std::invalid_argument& problem) {
    EXPECT_STREQ(problem.what(), "'token_embed.weight' is the name of no tensor; did you mean 'token_embd.weight'?");
  }
}

TEST(Plan, ExplainsWhatIsPinnedToTheCpu) {
  const auto profile = model_of(std::vector<Layer>(5, {10, 20}));
  const auto memory = memory_of(profile, 0);
  const auto plan = make_plan(profile, machine_of(1000, {{1000, 1000}}),
                              {.context = {.n_ctx = 4096}, .pins = {{"blk.0.attn_q", Device::cpu()}}}, memory);
  EXPECT_EQ(explain(plan, "blk.0.attn_q.weight"), "blk.0.attn_q.weight lies on cpu, apart from its layer: asked for");
}

TEST(Plan, RefusesWhatMakesNoSense) {
  const auto profile = model_of(std::vector<Layer>(3, {10, 0}));
  const auto memory = memory_of(profile, 0);
  const auto machine = machine_of(1000, {});
  EXPECT_THROW(make_plan({}, machine, {}, memory), std::invalid_argument);
  for (const std::uint64_t layers : {std::uint64_t{0}, std::uint64_t{8193}, ~std::uint64_t{0}}) {
    auto absurd = profile;
    absurd.block_count = layers;
    EXPECT_THROW(make_plan(absurd, machine, {}, memory), std::invalid_argument) << layers;
  }
  EXPECT_THROW(make_plan(profile, {}, {}, memory), std::invalid_argument);
  EXPECT_THROW(make_plan(profile, machine, {.use = {Device::gpu(3)}}, memory), std::invalid_argument);
  EXPECT_THROW(make_plan(profile, machine, {.max_memory = {{Device::gpu(3), 1}}}, memory), std::invalid_argument);
  EXPECT_THROW(make_plan(profile, machine, {.pins = {{"nothing", Device::cpu()}}}, memory), std::invalid_argument);
  EXPECT_THROW(make_plan(profile, machine, {.context = {.n_ctx = -1}}, memory), std::invalid_argument);
  EXPECT_THROW(make_plan(profile, machine, {.min_context = 0}, memory), std::invalid_argument);
  EXPECT_THROW(make_plan(profile, machine, {.context = {.n_ctx = 512}, .min_context = 513}, memory),
               std::invalid_argument);
  EXPECT_THROW(make_plan(profile, machine, {.min_context = 8193}, memory), std::invalid_argument) << "it has 8192";
  for (const ContextSpec& context : {ContextSpec{.n_seq = 0}, {.n_seq = 257}, {.n_batch = 0}, {.n_ubatch = 2'000'000}})
    EXPECT_THROW(make_plan(profile, machine, {.context = context}, memory), std::invalid_argument);
  const auto two = machine_of(1000, {{10, 100}});
  const PlanRequest contradiction{.pins = {{"blk", Device::gpu(0)}}, .avoid = {Device::gpu(0)}};
  EXPECT_THROW(make_plan(profile, two, contradiction, memory), std::invalid_argument);
  EXPECT_THROW(make_plan(profile, two, {.avoid = {Device::cpu()}}, memory), std::invalid_argument);
  EXPECT_THROW(make_plan(profile, two, {.use = {Device::gpu(0)}, .avoid = {Device::gpu(0)}}, memory),
               std::invalid_argument);
  EXPECT_THROW(make_plan(profile, machine, {.pins = {{"(", Device::cpu()}}}, memory), std::invalid_argument);
}

}  // namespace
}  // namespace berth
