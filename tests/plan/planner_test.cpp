/// Plans of real shapes of models with the bytes of memory_of(): what they say fits, fits.
#include "plan/planner.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "berth/memory.h"
#include "berth/plan.h"
#include "plan/invented_models.h"
#include "plan/memory/stored_bytes.h"
#include "plan/small_model.h"
#include "random_values.h"

namespace berth {
namespace {

/// Each layer once, in order, and no pool over what is free of it; the bytes are those of memory_of().
void expect_sound(const Plan& plan, const ModelProfile& profile, const Inventory& machine) {
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  int next = 0;
  for (const auto& run : plan.placement.layers) {
    EXPECT_EQ(run.first, next);
    EXPECT_GT(run.count, 0);
    EXPECT_NE(machine.find(run.device), nullptr) << run.device;
    next += run.count;
  }
  EXPECT_EQ(static_cast<std::uint64_t>(next), profile.block_count);
  EXPECT_EQ(plan.use, memory_of(profile, plan.placement, plan.context, generation_options(plan.context), &machine));
  std::map<std::string, std::uint64_t> by_pool;
  for (const auto& use : plan.use) {
    const auto* info = machine.find(use.device);
    ASSERT_NE(info, nullptr) << use.device;
    EXPECT_LE(use.total(), info->free_bytes) << use.device;
    by_pool[info->pool] += use.total();
  }
  for (const auto& [pool, bytes] : by_pool) EXPECT_LE(bytes, machine.pool(pool)->free_bytes) << pool;
}

/// Each change alone makes the model fit, as the plan says.
void expect_changes_do(const Plan& plan, const ModelProfile& profile, const Inventory& machine) {
  for (const auto& change : plan.changes) {
    SCOPED_TRACE(change.str());
    PlanRequest request{.context = plan.context};
    auto larger = machine;
    auto smaller = profile;
    if (change.n_ctx) request.context.n_ctx = *change.n_ctx;
    if (change.cache_type) request.context.type_k = request.context.type_v = *change.cache_type;
    if (change.what == "quantization")
      for (auto& tensor : smaller.tensors)
        tensor.bytes =
            static_cast<std::uint64_t>(static_cast<long double>(tensor.bytes) * *change.bytes / profile.tensor_bytes);
    if (change.what == "device") {
      const auto type = Device::from_str(change.device_type.value()).type();
      const Device device(type, 999);
      larger.devices.push_back(
          {.device = device, .pool = "more", .total_bytes = *change.bytes, .free_bytes = *change.bytes});
      larger.devices.back().engines = {{"llama.cpp", "RPC999"}};
      larger.pools.push_back(
          {.id = "more", .kind = PoolKind::remote, .total_bytes = *change.bytes, .free_bytes = *change.bytes});
    }
    EXPECT_EQ(make_plan(smaller, larger, request).outcome, PlanOutcome::fits);
  }
}

std::vector<std::string> names_of_models() {
  std::vector<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(BERTH_TEST_DATA_DIR "/architectures/models"))
    names.push_back(each.path().stem().string());
  std::ranges::sort(names);
  return names;
}

TEST(Planner, WhatItSaysFitsFitsOnTheRecordedMachines) {
  std::vector<ModelProfile> profiles;
  for (const std::string name : {"qwen3", "qwen3moe", "gemma2", "mamba1", "llama4"})
    profiles.push_back(test::invented_model(name));
  int machines = 0;
  for (const auto& each : std::filesystem::directory_iterator(BERTH_TEST_DATA_DIR "/machines")) {
    if (!exists(each.path() / "inventory.json")) continue;
    const auto machine = Inventory::load(each.path() / "inventory.json");
    ++machines;
    for (const auto& profile : profiles) {
      SCOPED_TRACE(each.path().filename().string() + " " + profile.path.filename().string());
      const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 4096}, .search_ms = 20});
      if (plan.outcome == PlanOutcome::fits) {
        expect_sound(plan, profile, machine);
      } else if (machine.find(Device::cpu())->free_bytes > 0) {  // some recordings do not say what is free
        EXPECT_FALSE(plan.changes.empty());
      }
    }
  }
  EXPECT_GT(machines, 5);
}

TEST(Planner, WhatItSaysFitsFitsOnRandomMachines) {
  const auto names = names_of_models();
  test::Random random(3);
  int fitting = 0;
  int failing = 0;
  for (int round = 0; round < 50; ++round) {
    const auto& name = names[static_cast<std::size_t>(random.below(static_cast<int>(names.size())))];
    const auto profile = test::invented_model(name);
    std::string text = "cpu:" + std::to_string(50 + random.below(700)) + "MiB";
    for (int i = random.below(3); i > 0; --i) text += ",rpc:" + std::to_string(20 + random.below(400)) + "MiB";
    if (random.coin()) text += ",cuda:" + std::to_string(650 + random.below(600)) + "MiB";
    if (random.below(4) == 0) text += ",vulkan:shared";
    SCOPED_TRACE(name + " on " + text);
    const auto machine = simulate(text);
    const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 512 << random.below(6)}, .search_ms = 20});
    if (plan.outcome == PlanOutcome::fits) {
      ++fitting;
      expect_sound(plan, profile, machine);
    } else {
      ++failing;
      expect_changes_do(plan, profile, machine);
    }
    EXPECT_EQ(Plan::from_dict(Value::from_json(plan.to_dict().to_json())), plan);
  }
  EXPECT_GT(fitting, 15);
  EXPECT_GT(failing, 5);
}

/// What each item lies on, layers first and the output last: 0 is the CPU, then the workers.
using Places = std::vector<int>;

Device device_at(int place) { return place == 0 ? Device::cpu() : Device::rpc(place - 1); }

Placement placement_at(const Places& places) {
  Placement placement{.layers = {}, .output = device_at(places.back())};
  for (int i = 0; i + 1 < static_cast<int>(places.size()); ++i) {
    const auto device = device_at(places[static_cast<std::size_t>(i)]);
    if (!placement.layers.empty() && placement.layers.back().device == device)
      ++placement.layers.back().count;
    else
      placement.layers.push_back({i, 1, device});
  }
  return placement;
}

Places random_places(std::size_t items, int places, test::Random& random) {
  Places chosen;
  while (chosen.size() < items) chosen.push_back(random.below(places));
  std::ranges::sort(chosen);
  return chosen;
}

/// A machine with as much of each device as `use` takes, and `per_mille` more or less.
Inventory machine_for(const std::vector<DeviceUse>& use, int workers, int per_mille) {
  std::string text = "cpu:1GiB";
  for (int i = 0; i < workers; ++i) text += ",rpc:1GiB";
  auto machine = simulate(text);
  for (auto& device : machine.devices) {
    device.free_bytes = 0;
    for (const auto& each : use)
      if (each.device == device.device)
        device.free_bytes = each.total() / 1000 * static_cast<std::uint64_t>(1000 + per_mille);
    for (auto& pool : machine.pools)
      if (device.pool == pool.id && device.device.type() != DeviceType::disk) pool.free_bytes = device.free_bytes;
  }
  return machine;
}

/// Whether the placement fits with the feed-forward parts of any layers from `layer` on apart.
bool some_division_fits(const ModelProfile& profile, const ContextSpec& context, const Inventory& machine, int workers,
                        const Placement& placement, std::uint64_t layer) {
  if (layer == *profile.block_count) {
    const auto uses = memory_of(profile, placement, context, generation_options(context), &machine);
    return std::ranges::all_of(uses, [&](const DeviceUse& use) {
      const auto* info = machine.find(use.device);
      return info != nullptr && use.total() <= info->free_bytes;
    });
  }
  if (some_division_fits(profile, context, machine, workers, placement, layer + 1)) return true;
  for (int place = 0; place <= workers; ++place) {
    auto divided = placement;
    for (const auto& tensor : profile.tensors)
      if (tensor.layer == layer && tensor.role.find("ffn_") != std::string::npos)
        divided.tensors.set(tensor.name, device_at(place));
    if (some_division_fits(profile, context, machine, workers, divided, layer + 1)) return true;
  }
  return false;
}

/// Whether any placement of items from `placed` on fits.
bool some_placement_fits(const ModelProfile& profile, const ContextSpec& context, const Inventory& machine, int workers,
                         Places& placed) {
  if (placed.size() > *profile.block_count)
    return some_division_fits(profile, context, machine, workers, placement_at(placed), 0);
  for (int place = placed.empty() ? 0 : placed.back(); place <= workers; ++place) {
    placed.push_back(place);
    if (some_placement_fits(profile, context, machine, workers, placed)) return true;
    placed.pop_back();
  }
  return false;
}

/// With next to nothing to spare.
Inventory machine_that_just_holds(const ModelProfile& profile, const Placement& placement, const ContextSpec& context,
                                  int workers, test::Random& random) {
  const auto everywhere = simulate("cpu:1GiB,rpc:3x1GiB");
  const auto uses = memory_of(profile, placement, context, generation_options(context), &everywhere);
  return machine_for(uses, workers, 1 + random.below(5));
}

TEST(Planner, FindsAPlanOnEachMachineThatHoldsSomePlacementWithNothingToSpare) {
  test::Random random(11);
  for (int round = 0; round < 30; ++round) {
    const int workers = 2 + random.below(2);
    const auto profile = round % 2 == 0
                             ? test::small_model("llama", {}, 4 + static_cast<std::uint64_t>(random.below(8)))
                             : test::invented_model(round % 4 == 1 ? "qwen3" : "gemma2");
    const ContextSpec context{.n_ctx = 512 << random.below(5)};
    const auto placement = placement_at(random_places(*profile.block_count + 1, workers + 1, random));
    const auto machine = machine_that_just_holds(profile, placement, context, workers, random);
    SCOPED_TRACE(placement.to_dict().to_json() + " of " + profile.path.filename().string() + ", " +
                 std::to_string(context.n_ctx) + " tokens");
    const auto plan = make_plan(profile, machine, {.context = context});
    EXPECT_EQ(plan.outcome, PlanOutcome::fits);
    if (plan.outcome == PlanOutcome::fits) expect_sound(plan, profile, machine);
  }
}

/// A placement with some parts of layers, and maybe the embeddings, apart from where they belong.
Placement divided_placement(const ModelProfile& profile, int places, test::Random& random) {
  auto placement = placement_at(random_places(*profile.block_count + 1, places, random));
  const auto device = [&] { return device_at(random.below(places)); };
  if (random.below(3) == 0 && placement.output != Device::cpu())
    placement.input = random.coin() ? placement.output : Device::cpu();
  const bool together = random.coin();
  for (std::uint64_t layer = 0; layer < *profile.block_count; ++layer)
    for (const std::string_view part : {"attention", "ffn_", "_exps"}) {
      if (random.below(part == "attention" || (part == "ffn_" && together) ? 20 : 4) > 0) continue;
      const auto apart = device();
      for (const auto& tensor : profile.tensors) {
        const bool is_expert = tensor.role.find("_exps") != std::string::npos;
        const auto kind = is_expert ? "_exps" : tensor.role.find("ffn_") != std::string::npos ? "ffn_" : "attention";
        if (tensor.layer == layer && kind == part) placement.tensors.set(tensor.name, apart);
      }
    }
  return placement;
}

TEST(Planner, FindsAPlanWhereSomeDividedPlacementFitsWithNothingToSpare) {
  test::Random random(13);
  constexpr int rounds = 60;
  int found = 0;
  for (int round = 0; round < rounds; ++round) {
    const int workers = 1 + random.below(2);
    const auto profile = round % 3 == 0
                             ? test::small_model("llama", {}, 2 + static_cast<std::uint64_t>(random.below(8)))
                             : test::invented_model(round % 3 == 1 ? "qwen3next" : "qwen3moe");
    const ContextSpec context{.n_ctx = 512 << random.below(5)};
    const auto placement = divided_placement(profile, workers + 1, random);
    const auto machine = machine_that_just_holds(profile, placement, context, workers, random);
    SCOPED_TRACE(placement.to_dict().to_json() + " of " + profile.path.filename().string() + ", " +
                 std::to_string(context.n_ctx) + " tokens");
    const auto plan = make_plan(profile, machine, {.context = context});
    if (plan.outcome != PlanOutcome::fits) continue;
    ++found;
    expect_sound(plan, profile, machine);
  }
  EXPECT_GE(found, rounds - 2);  // so long is a search
}

TEST(Planner, SaysThatAModelDoesNotFitOnlyWhereNoPlacementDoes) {
  test::Random random(12);
  int failing = 0;
  for (int round = 0; round < 16; ++round) {
    const int workers = 1 + random.below(2);
    const auto profile = test::small_model("llama", {}, 2 + static_cast<std::uint64_t>(random.below(3)));
    const ContextSpec context{.n_ctx = 512 << random.below(5)};
    const auto placement = placement_at(random_places(*profile.block_count + 1, workers + 1, random));
    const auto everywhere = simulate("cpu:1GiB,rpc:3x1GiB");
    const auto uses = memory_of(profile, placement, context, generation_options(context), &everywhere);
    const auto machine = machine_for(uses, workers, random.below(300) - 290);
    SCOPED_TRACE(placement.to_dict().to_json() + ", " + std::to_string(context.n_ctx) + " tokens");
    if (make_plan(profile, machine, {.context = context}).outcome == PlanOutcome::fits) continue;
    ++failing;
    Places placed;
    EXPECT_FALSE(some_placement_fits(profile, context, machine, workers, placed))
        << placement_at(placed).to_dict().to_json();
  }
  EXPECT_GT(failing, 4);
}

TEST(Planner, FindsAPlaceForEmbeddingsOfLayersWhereTheCpuHasNone) {
  const auto profile = test::invented_model("gemma3n");
  const auto machine = simulate("cpu:800MiB,vulkan:4GiB");
  const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 512}});
  expect_sound(plan, profile, machine);
  EXPECT_EQ(plan.placement.tensors.at("per_layer_token_embd.weight"), Device(DeviceType::vulkan, 0));
}

TEST(Planner, FindsTheLongestContextThatFits) {
  const auto profile = test::small_model("llama", {}, 8);
  for (const std::string machine : {"cpu:10MiB,rpc:30MiB", "cpu:40MiB", "cpu:20MiB,rpc:20MiB,rpc:12MiB"}) {
    SCOPED_TRACE(machine);
    const auto inventory = simulate(machine);
    const auto plan =
        make_plan(profile, inventory, {.context = {.n_ctx = 1 << 20}, .objective = Objective::largest_context});
    expect_sound(plan, profile, inventory);
    EXPECT_GT(plan.context.n_ctx, 256);
    EXPECT_LT(plan.context.n_ctx, 1 << 20);
    EXPECT_EQ(make_plan(profile, inventory, {.context = {.n_ctx = plan.context.n_ctx + 256}}).outcome,
              PlanOutcome::does_not_fit);
  }
}

TEST(Planner, SaysOfWhatDoesNotFitWhatWouldDo) {
  const auto profile = test::small_model("llama", {}, 8);
  const auto inventory = simulate("cpu:25MiB,rpc:25MiB");
  const auto plan = make_plan(profile, inventory, {.context = {.n_ctx = 16384}});
  ASSERT_EQ(plan.outcome, PlanOutcome::does_not_fit);
  EXPECT_FALSE(plan.missing.empty());
  EXPECT_GE(plan.changes.size(), 2U);
  expect_changes_do(plan, profile, inventory);
}

TEST(Planner, ReadsAnOutputThatIsTheEmbeddingsWhereTheyLie) {
  const auto profile = test::small_model("llama");
  auto parts =
      plan::parts_of(profile, {}, {.n_ctx = 2048}, [&](const Placement& placement, const ContextSpec& context) {
        return plan::stored_bytes(profile, placement, context);
      });
  parts.move_part(parts.layer_count(), plan::PartKind::attention, Device::rpc(0));
  const auto& output = parts.layers.back();
  ASSERT_EQ(output.pinned.size(), 1U);
  EXPECT_EQ(output.pinned[0].read_bytes, 256 * 2);  // the norm alone
  EXPECT_EQ(output.read_bytes, 256 * 1000 * 2);
}

TEST(Planner, StandInDevicesHoldWhatMemoryOfSaysOfOneDevice) {
  // Weights and cache of each layer, asked of a device for each: the sum is that of one device, but for what each device
  // holds of its own.
  for (const std::string name : {"qwen3", "qwen3moe", "gemma2", "ds2-old-lite", "mamba1", "llama4"}) {
    SCOPED_TRACE(name);
    const auto profile = test::invented_model(name);
    const auto parts =
        plan::parts_of(profile, {}, {.n_ctx = 2048}, [&](const Placement& placement, const ContextSpec& context) {
          return plan::stored_bytes(profile, placement, context);
        });
    std::uint64_t apart = 0;
    for (const auto& layer : parts.layers) apart += layer.bytes;
    const auto count = static_cast<int>(*profile.block_count);
    const Placement one{.layers = {{0, count, Device::rpc(0)}}, .output = Device::rpc(0)};
    const auto whole = memory_of(profile, one, {.n_ctx = 2048}, {.n_outputs_max = 1});
    EXPECT_GE(apart, whole.front().weights + whole.front().cache);
    EXPECT_LE(apart, (whole.front().weights + whole.front().cache) * 102 / 100 + 4096);
  }
}

}  // namespace
}  // namespace berth
