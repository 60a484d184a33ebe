/// The strategies of accelerate for llama.cpp, plans of models in safetensors, and of several models together.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "berth/memory.h"
#include "berth/plan.h"
#include "model/safetensors_writer.h"
#include "plan/small_model.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

std::vector<int> layer_counts(const Plan& plan, const std::vector<Device>& devices) {
  std::vector<int> counts;
  for (const auto& device : devices) {
    counts.push_back(0);
    for (const auto& run : plan.placement.layers)
      if (run.device == device) counts.back() += run.count;
  }
  return counts;
}

Plan plan_by(MapStrategy strategy, const std::string& machine, PlanRequest request = {}) {
  request.strategy = strategy;
  request.context.n_ctx = 1024;
  return make_plan(test::small_model("llama", {}, 12), simulate(machine), request);
}

const std::vector<Device> cpu_and_two = {Device::cpu(), Device::rpc(0), Device::rpc(1)};

TEST(PlanStrategies, DivideLayersAsAccelerateDividesModules) {
  const std::string machine = "cpu:1GiB,rpc:2x1GiB";
  const auto sequential = plan_by(MapStrategy::sequential, machine);
  EXPECT_THAT(layer_counts(sequential, cpu_and_two), ElementsAre(0, 12, 0));
  const auto balanced = layer_counts(plan_by(MapStrategy::balanced, machine), cpu_and_two);
  EXPECT_EQ(balanced[0], 0);
  EXPECT_THAT(balanced[1], testing::AllOf(testing::Ge(4), testing::Le(8)));
  const auto low = layer_counts(plan_by(MapStrategy::balanced_low_0, machine), cpu_and_two);
  EXPECT_LT(low[1], balanced[1]);
  EXPECT_EQ(plan_by(MapStrategy::auto_, machine).placement, plan_by(MapStrategy::balanced, machine).placement);
}

TEST(PlanStrategies, SayWhatTheEngineDoesOtherwise) {
  const auto plan = plan_by(MapStrategy::sequential, "cpu:1GiB,rpc:16MiB");
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  ASSERT_EQ(plan.placement.layers.size(), 2U);
  EXPECT_EQ(plan.placement.layers.front().device, Device::cpu());  // accelerate would have them last
  EXPECT_THAT(plan.reasons, Contains(Field(&Reason::text, HasSubstr("leaves the last"))));
  EXPECT_THAT(plan.reasons, Contains(Field(&Reason::text, HasSubstr("its part by sequential"))));
  EXPECT_THAT(plan.reasons, Contains(Field(&Reason::part, "input")));
}

TEST(PlanStrategies, LeaveRoomForCacheAndBuffersWhereWeightsAloneFit) {
  const auto profile = test::small_model("llama", {}, 12);
  for (const auto* machine : {"cpu:1GiB,rpc:20MiB,rpc:20MiB", "cpu:40MiB,rpc:14MiB,rpc:18MiB"})
    for (const auto strategy : {MapStrategy::sequential, MapStrategy::balanced, MapStrategy::balanced_low_0}) {
      SCOPED_TRACE(std::string(machine) + " " + std::string(to_string(strategy)));
      const auto inventory = simulate(machine);
      const auto plan = make_plan(profile, inventory, {.context = {.n_ctx = 8192}, .strategy = strategy});
      if (plan.outcome != PlanOutcome::fits) {
        EXPECT_FALSE(plan.changes.empty());
        continue;
      }
      EXPECT_TRUE(check(plan, inventory).empty());
    }
}

TEST(PlanStrategies, LeaveOnTheDiskWhatAccelerateLeavesThere) {
  int only_with_disk = 0;
  for (int mib = 8; mib <= 40; mib += 2)
    for (const auto strategy : {MapStrategy::sequential, MapStrategy::balanced}) {
      const auto machine = fmt::format("cpu:{}MiB,rpc:12MiB", mib);
      if (plan_by(strategy, machine).outcome == PlanOutcome::fits) continue;
      const auto plan = plan_by(strategy, machine + ",disk:10GiB");
      if (plan.outcome != PlanOutcome::fits) continue;
      ++only_with_disk;
      EXPECT_TRUE(check(plan, simulate(machine + ",disk:10GiB")).empty());
      EXPECT_TRUE(check(plan, test::small_model("llama", {}, 12)).empty());
      EXPECT_EQ(plan.placement.layers.front().device, Device::disk());
      EXPECT_THAT(plan.reasons, Contains(Field(&Reason::text, HasSubstr("are read from the file when they are used"))));
    }
  EXPECT_GT(only_with_disk, 3);
}

TEST(PlanStrategies, UseOnlyTheAcceleratorsWithABudget) {
  const auto plan = plan_by(MapStrategy::balanced, "cpu:1GiB,rpc:2x1GiB", {.max_memory = {{Device::rpc(1), 1 << 29}}});
  EXPECT_THAT(layer_counts(plan, cpu_and_two), ElementsAre(0, 0, 12));
}

ModelProfile llama_in_safetensors(const std::filesystem::path& folder, int layers) {
  test::SafetensorsWriter writer;
  writer.tensor("lm_head.weight", "BF16", {1000, 256}, 512000);
  writer.tensor("model.embed_tokens.weight", "BF16", {1000, 256}, 512000);
  for (int i = 0; i < layers; ++i) {
    const auto tensor = [&](const std::string& name, std::uint64_t rows, std::uint64_t columns) {
      writer.tensor(fmt::format("model.layers.{}.{}.weight", i, name), "BF16", {rows, columns}, 2 * rows * columns);
    };
    tensor("mlp.down_proj", 256, 512);
    tensor("mlp.gate_proj", 512, 256);
    tensor("mlp.up_proj", 512, 256);
    tensor("self_attn.k_proj", 128, 256);
    tensor("self_attn.o_proj", 256, 256);
    tensor("self_attn.q_proj", 256, 256);
    tensor("self_attn.v_proj", 128, 256);
  }
  writer.tensor("model.norm.weight", "BF16", {256}, 512);
  writer.write_sparse(folder / "model.safetensors");
  test::GgufWriter::write_file(folder / "config.json",
                               fmt::format(R"({{"model_type": "llama", "architectures": ["LlamaForCausalLM"],
      "num_hidden_layers": {}, "hidden_size": 256, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1000,
      "intermediate_size": 512, "max_position_embeddings": 4096, "rope_theta": 10000.0}})",
                                           layers));
  return read_model(folder);
}

TEST(PlanOfSafetensors, HasExactWeightsAndCacheAndMarksTheEstimate) {
  const test::TemporaryFolder folder;
  const auto profile = llama_in_safetensors(folder.path(), 8);
  const auto machine = simulate("cpu:64MiB,rpc:24MiB,rpc:64MiB");
  for (const auto strategy : {MapStrategy::optimal, MapStrategy::sequential}) {
    const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 2048}, .strategy = strategy});
    ASSERT_EQ(plan.outcome, PlanOutcome::fits);
    std::uint64_t weights = 0;
    std::uint64_t cache = 0;
    for (const auto& use : plan.use) {
      weights += use.weights;
      cache += use.cache;
    }
    EXPECT_EQ(weights, profile.tensor_bytes);
    EXPECT_EQ(cache, 2048U * 8 * 2 * 128 * 2);
    EXPECT_TRUE(check(plan, machine).empty());
    EXPECT_THAT(plan.reasons, Contains(Field(&Reason::part, "compute")));
    EXPECT_THAT(explain(plan, "model.layers.7.mlp.up_proj.weight"), HasSubstr("with layer 7"));
  }
}

TEST(PlanOfSafetensors, CountsBuffersForComputingAsOfTheSameModelInGguf) {
  const test::TemporaryFolder folder;
  const auto machine = simulate("cpu:1GiB,cuda:2GiB");
  const PlanRequest request{.context = {.n_ctx = 2048}};
  const auto compute = [&](const ModelProfile& profile) {
    for (const auto& use : make_plan(profile, machine, request).use)
      if (use.device != Device::cpu()) return use.compute;
    return std::uint64_t{0};
  };
  const auto in_gguf = compute(test::small_model("llama", {}, 8));
  ASSERT_GT(in_gguf, 0U);
  const auto guessed = compute(llama_in_safetensors(folder.path(), 8));
  EXPECT_GE(guessed, in_gguf);
  EXPECT_LE(guessed, 3 * in_gguf);
}

TEST(PlansTogether, LeaveEachOtherRoom) {
  const auto machine = simulate("cpu:40MiB,rpc:64MiB");
  const auto model = test::small_model("llama", {}, 12);
  const PlanRequest request{.context = {.n_ctx = 1024}};
  const auto plans = make_plans({{model, request, 1}, {model, request, 2}, {model, request, 0}}, machine);
  ASSERT_EQ(plans.size(), 3U);
  EXPECT_EQ(plans[1], make_plan(model, machine, request));  // the first to choose
  std::map<std::string, std::uint64_t> taken;
  for (const auto& plan : plans)
    if (plan.outcome == PlanOutcome::fits)
      for (const auto& use : plan.use) taken[use.pool] += use.total();
  for (const auto& [pool, bytes] : taken) EXPECT_LE(bytes, machine.pool(pool)->free_bytes) << pool;
  EXPECT_EQ(plans[0].outcome, PlanOutcome::fits);
}

TEST(PlansTogether, LetTheOneWithoutRoomGoFirstWhereAllFitSo) {
  // The small one can run on the CPU too, the large one fits on the GPU only.
  const auto machine = simulate("cpu:26MiB,cuda:700MiB");
  const auto small = test::small_model("llama", {}, 4);
  const auto large = test::small_model("llama", {}, 24);
  const PlanRequest request{.context = {.n_ctx = 1024}};
  ASSERT_EQ(make_plan(small, machine, request).placement.output, Device::gpu(0));
  const auto plans = make_plans({{small, request, 1}, {large, request, 0}}, machine);
  EXPECT_EQ(plans[0].outcome, PlanOutcome::fits);
  EXPECT_EQ(plans[1].outcome, PlanOutcome::fits);
}

TEST(PlansTogether, KeepWhatRunningModelsTake) {
  const auto machine = simulate("cpu:64MiB,cuda:700MiB");
  const auto model = test::small_model("llama", {}, 12);
  PlanRequest request{.context = {.n_ctx = 1024}};
  ASSERT_EQ(make_plan(model, machine, request).placement.output, Device::gpu(0));
  const auto pool = machine.find(Device::gpu(0))->pool;
  request.reserved = {{pool, 80 << 20}};
  const auto plan = make_plan(model, machine, request);
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  for (const auto& use : plan.use) EXPECT_TRUE(use.pool != pool || use.total() <= 620U << 20);
  request.reserved = {{"nowhere", 1}};
  EXPECT_THAT(test::refusal([&] { make_plan(model, machine, request); }), HasSubstr("no memory pool 'nowhere'"));
}

TEST(PlanPins, NameWhatIsNearWhereNothingMatches) {
  const auto machine = simulate("cpu:1GiB");
  const auto model = test::small_model("llama", {}, 12);
  const auto hint = [&](const std::string& pattern) {
    const auto message = test::refusal([&] { make_plan(model, machine, {.pins = {{pattern, Device::cpu()}}}); });
    return message.substr(message.find("of the model") + 12);
  };
  EXPECT_EQ(hint("ffn_dwn"), "; did you mean a part of 'blk.0.ffn_down.weight'?");
  EXPECT_EQ(hint("token_embed"), "; did you mean a part of 'token_embd.weight'?");
  EXPECT_EQ(hint("attn_output\\.weigth"), "; did you mean a part of 'blk.0.attn_output.weight'?");
  EXPECT_EQ(hint("blk\\.99"), ": it has the layers 0 to 11");
  EXPECT_EQ(hint("blk\\.12\\.attn_q"), ": it has the layers 0 to 11");
  EXPECT_EQ(hint("_exps"), ": it has no experts");
  EXPECT_THAT(hint("nothing of it"), HasSubstr(", such as 'blk."));
}

TEST(PlanCompanions, KeepTheirBytesInASmallerQuantization) {
  auto model = test::small_model("llama", {}, 12);
  model.tensors.push_back(test::small_tensor("output.weight", {256, 1000}));
  for (const auto& tensor : model.tensors) model.tensor_bytes += tensor.bytes;
  const PlanRequest request{.context = {.n_ctx = 256}, .companions = {{CompanionKind::draft, model, Device::cpu()}}};
  const auto whole = make_plan(model, simulate("cpu:1GiB"), request).use.front().total();
  const auto lacking = model.tensor_bytes / 4;
  const auto plan = make_plan(model, simulate("cpu:" + std::to_string(whole - lacking) + "B"), request);
  ASSERT_EQ(plan.outcome, PlanOutcome::does_not_fit);
  const auto change = std::ranges::find(plan.changes, "quantization", &PlanChange::what);
  ASSERT_NE(change, plan.changes.end());
  EXPECT_LE(*change->bytes, model.tensor_bytes - lacking);
  EXPECT_GE(*change->bytes, (model.tensor_bytes - lacking) / 100 * 99);
}

TEST(PlanCompanions, CountWithTheirModel) {
  const auto machine = simulate("cpu:256MiB,cuda:2x1GiB");
  const auto model = test::small_model("llama", {}, 12);
  const PlanRequest alone{.context = {.n_ctx = 1024}, .use = {Device::gpu(0)}};
  const auto before = make_plan(model, machine, alone);
  const auto use_of = [](const Plan& plan, const Device& device) {
    const auto found = std::ranges::find(plan.use, device, &DeviceUse::device);
    return found == plan.use.end() ? DeviceUse{} : *found;
  };

  auto request = alone;
  ModelProfile projector;
  projector.tensors = {test::small_tensor("v.patch_embd.weight", {14, 14, 3, 64})};
  request.companions = {{CompanionKind::projector, projector, Device::cpu()}};
  auto plan = make_plan(model, machine, request);
  EXPECT_EQ(use_of(plan, Device::cpu()).weights, use_of(before, Device::cpu()).weights + 14 * 14 * 3 * 64 * 2);
  EXPECT_GT(use_of(plan, Device::cpu()).compute, use_of(before, Device::cpu()).compute);

  const auto draft = test::small_model("llama", {}, 2);
  request.companions = {{CompanionKind::draft, draft, {}}};
  plan = make_plan(model, machine, request);
  EXPECT_EQ(use_of(plan, Device::gpu(0)).cache, use_of(before, Device::gpu(0)).cache / 12 * 14);
  EXPECT_THAT(plan.reasons, Contains(Field(&Reason::part, "draft")));
  EXPECT_EQ(plan.companions, (std::vector<PlacedCompanion>{{CompanionKind::draft, "", "llama", Device::gpu(0)}}));
  EXPECT_THAT(check(plan, model), testing::IsEmpty());

  ModelProfile adapter;
  adapter.tensors = {test::small_tensor("blk.3.attn_q.weight.lora_a", {256, 8})};
  request.companions = {{CompanionKind::adapter, adapter, {}}};
  plan = make_plan(model, machine, request);
  EXPECT_EQ(use_of(plan, Device::gpu(0)).weights, use_of(before, Device::gpu(0)).weights + 256 * 8 * 2);
}

TEST(PlanCompanions, LieOnDevicesThatThePlanMayUse) {
  const auto machine = simulate("cpu:256MiB,cuda:2x1GiB");
  const auto model = test::small_model("llama", {}, 12);
  auto draft = test::small_model("llama", {}, 2);
  draft.path = "draft.gguf";
  PlanRequest request{.companions = {{CompanionKind::draft, draft, Device::gpu(9)}}, .avoid = {Device::gpu(1)}};
  EXPECT_THAT(test::refusal([&] { make_plan(model, machine, request); }), HasSubstr("no device 'cuda:9'"));
  request.companions.front().device = Device::gpu(1);
  EXPECT_EQ(test::refusal([&] { make_plan(model, machine, request); }),
            "The draft 'draft.gguf' asks for cuda:1, which the plan may not use");
  request.companions.front().device = Device::cpu();
  EXPECT_EQ(make_plan(model, machine, request).outcome, PlanOutcome::fits);
}

TEST(PlanCompanions, AreOfTheKindThatIsAskedFor) {
  const auto machine = simulate("cpu:1GiB");
  auto model = test::small_model("llama", {}, 4);
  model.path = "model.gguf";
  auto encoder = test::small_model("bert", {}, 2);
  encoder.path = "encoder.gguf";
  for (auto& layer : encoder.layers) layer.has_cache = false;
  const auto refused = [&](CompanionKind kind, const ModelProfile& file) {
    return test::refusal([&] { make_plan(model, machine, {.companions = {{kind, file, {}}}}); });
  };
  EXPECT_EQ(refused(CompanionKind::projector, model),
            "The projector 'model.gguf' is a language model (llama), where a projector is needed");
  EXPECT_EQ(refused(CompanionKind::adapter, model),
            "The adapter 'model.gguf' is a language model (llama), where a LoRA adapter is needed");
  EXPECT_EQ(refused(CompanionKind::draft, encoder),
            "The draft 'encoder.gguf' is an encoder (bert), where a language model is needed");
  auto adapter = model;
  adapter.metadata.set("general.type", "adapter");
  EXPECT_THAT(refused(CompanionKind::draft, adapter), HasSubstr("is a LoRA adapter (llama)"));
}

}  // namespace
}  // namespace berth
