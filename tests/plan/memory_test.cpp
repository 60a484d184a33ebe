#include "berth/memory.h"

#include <gtest/gtest.h>

#include "plan/invented_models.h"
#include "plan/small_model.h"
#include "random_values.h"

namespace berth {
namespace {

using test::small_model;
using test::small_tensor;

/// The first `on_gpu` devices hold equal runs of the last layers, and the output.
Placement placed(int layers, int on_host, const std::vector<Device>& devices) {
  Placement placement;
  if (on_host > 0) placement.layers.push_back({0, on_host, Device::cpu()});
  int next = on_host;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const int count = i + 1 == devices.size() ? layers - next : (layers - on_host) / static_cast<int>(devices.size());
    if (count > 0) placement.layers.push_back({next, count, devices[i]});
    next += count;
  }
  placement.output = devices.empty() ? Device::cpu() : devices.back();
  return placement;
}

std::uint64_t sum(const std::vector<DeviceUse>& uses, std::uint64_t DeviceUse::*part) {
  std::uint64_t total = 0;
  for (const auto& use : uses) total += use.*part;
  return total;
}

std::uint64_t cache_of(const ModelProfile& profile, const ContextSpec& context, const MemoryOptions& options = {}) {
  const auto layers = static_cast<int>(profile.layers.size());
  return sum(memory_of(profile, placed(layers, layers, {}), context, options), &DeviceUse::cache);
}

TEST(Cache, OfFullAttentionHoldsKeysAndValuesOfAllCells) {
  // 4 layers, keys and values of 2 heads of 64 elements, 2 bytes each.
  EXPECT_EQ(cache_of(small_model("llama"), {.n_ctx = 1000}), 4U * 1024 * (128 + 128) * 2);
  EXPECT_EQ(cache_of(small_model("llama"), {.n_ctx = 1024, .type_k = "Q8_0", .type_v = "F32"}),
            4U * 1024 * (128 / 32 * 34 + 128 * 4));
}

TEST(Cache, OfSeveralSequencesIsRoundedUpForEach) {
  EXPECT_EQ(cache_of(small_model("llama"), {.n_ctx = 1000, .n_seq = 3}), 4U * 3 * 512 * 256 * 2);
  EXPECT_EQ(cache_of(small_model("llama"), {.n_ctx = 1000, .n_seq = 3, .unified = true}), 4U * 1024 * 256 * 2);
}

TEST(Cache, OfASlidingWindowIsNotLongerThanWindowAndBatch) {
  const auto profile = small_model("gpt-oss", {{"attention.sliding_window", 128}});
  EXPECT_EQ(cache_of(profile, {.n_ctx = 4096, .n_ubatch = 128}), (2U * 256 + 2 * 4096) * 256 * 2);
  EXPECT_EQ(cache_of(profile, {.n_ctx = 4096, .n_ubatch = 128}, {.swa_full = true}), 4U * 4096 * 256 * 2);
}

TEST(Cache, OfLatentAttentionHoldsKeysOnly) {
  const auto profile = small_model("deepseek2", {{"attention.head_count_kv", 1},
                                                 {"attention.key_length", 576},
                                                 {"attention.value_length", 512},
                                                 {"attention.key_length_mla", 192},
                                                 {"attention.value_length_mla", 128}});
  EXPECT_EQ(cache_of(profile, {.n_ctx = 1024}), 4U * 1024 * 576 * 2);
}

TEST(Cache, OfCompressedKeysHasAStreamForEachSequenceEvenWhereCellsAreShared) {
  const auto profile = test::invented_model("deepseek4");
  const auto one = cache_of(profile, {.n_ctx = 4096});
  EXPECT_EQ(cache_of(profile, {.n_ctx = 4096, .n_seq = 3, .unified = true}), 3 * one);
}

TEST(Cache, OfAnIndexIsOnlyThatOfLayersWithOne) {
  auto profile = test::invented_model("glm-dsa");
  const auto with = cache_of(profile, {.n_ctx = 4096});
  const auto indexes =
      std::ranges::count_if(profile.layers, [](const auto& layer) { return layer.indexer_length != 0; });
  ASSERT_EQ(indexes, 2);
  for (auto& layer : profile.layers) layer.indexer_length = 0;
  EXPECT_EQ(with - cache_of(profile, {.n_ctx = 4096}), 2U * 4096 * 128 * 2);
}

TEST(Cache, OfRecurrentLayersDoesNotDependOnTheContext) {
  const auto profile = small_model("mamba", {{"ssm.conv_kernel", 4}, {"ssm.inner_size", 512}, {"ssm.state_size", 16}});
  EXPECT_EQ(cache_of(profile, {.n_ctx = 1024, .n_seq = 2}), 4U * 2 * (3 * 512 + 16 * 512) * 4);
  EXPECT_EQ(cache_of(profile, {.n_ctx = 4096, .n_seq = 2}), 4U * 2 * (3 * 512 + 16 * 512) * 4);
}

TEST(Cache, OfLayersThatShareItIsHeldOnce) {
  const auto profile = small_model("gemma3n", {{"attention.sliding_window", 128}}, 24);
  // Of 20 layers of their own, each fifth attends to everything.
  EXPECT_EQ(cache_of(profile, {.n_ctx = 4096, .n_ubatch = 128}), (16U * 256 + 4 * 4096) * 256 * 2);
}

TEST(Cache, LiesOnTheHostWhenItIsNotOffloaded) {
  const auto profile = small_model("llama");
  const auto uses = memory_of(profile, placed(4, 0, {Device::gpu()}), {.n_ctx = 1024, .offload_cache = false});
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].device, Device::gpu());
  EXPECT_EQ(uses[0].cache, 0U);
  EXPECT_GT(uses[1].cache, 0U);
}

TEST(Weights, HoldATiedOutputTwiceWhenItIsOnAnotherDevice) {
  const auto profile = small_model("llama");
  const auto on = [&](const std::vector<Device>& devices) {
    return sum(memory_of(profile, placed(4, devices.empty() ? 4 : 0, devices), {.n_ctx = 256}), &DeviceUse::weights);
  };
  EXPECT_EQ(on({Device::gpu()}), on({}) + 256U * 1000 * 2);
}

TEST(Weights, OfSingleTensorsLieWhereThePlacementSays) {
  const auto profile = small_model("llama");
  auto placement = placed(4, 0, {Device::gpu()});
  const auto before = memory_of(profile, placement, {.n_ctx = 256});
  placement.tensors.set("blk.1.ffn_up.weight", Device::cpu());
  const auto after = memory_of(profile, placement, {.n_ctx = 256});
  EXPECT_EQ(before[0].weights - after[0].weights, 256U * 512 * 2);
  EXPECT_EQ(after[1].weights - before[1].weights, 256U * 512 * 2);
}

TEST(MemoryUse, SurvivesJson) {
  const auto use = memory_use(small_model("llama"), placed(4, 2, {Device::gpu(1)}), {.n_ctx = 512});
  EXPECT_EQ(MemoryUse::from_dict(Value::from_json(use.to_dict().to_json())), use);
  EXPECT_EQ(use.buffers.back().kind, BufferKind::output);
  EXPECT_EQ(use.buffers.back().bytes, 1000U * 4);
}

TEST(MemoryUse, OfBlocksOfKeysCountsThoseOfAFullCacheWhereItRuns) {
  const auto profile = test::invented_model("minimax-m3");
  const auto on_cpu = placed(static_cast<int>(profile.layers.size()), static_cast<int>(profile.layers.size()), {});
  const auto compute = [&](int n_ctx, bool runs) {
    return sum(memory_of(profile, on_cpu, {.n_ctx = n_ctx}, {.n_outputs_max = 1, .runs = runs}), &DeviceUse::compute);
  };
  EXPECT_EQ(compute(256, true), compute(256, false));
  EXPECT_GT(compute(32'768, true), compute(32'768, false));
}

TEST(MemoryUse, OfAnEmbeddingOfSeveralStreamsHasRoomForEach) {
  const auto profile = test::invented_model("deepseek4");
  const auto all = static_cast<int>(profile.layers.size());
  const auto use = memory_use(profile, placed(all, all, {}), {.n_ctx = 512, .n_seq = 4}, {.embeddings = true});
  EXPECT_EQ(use.buffers.back().bytes, 4U * (32'000 + 4 * 1024) * 4);
}

TEST(MemoryUse, OfAnUnknownArchitectureIsAnEstimate) {
  const auto known = memory_use(small_model("llama"), placed(4, 4, {}), {.n_ctx = 512});
  const auto unknown = memory_use(small_model("a-new-one"), placed(4, 4, {}), {.n_ctx = 512});
  EXPECT_EQ(known.estimate, "");
  EXPECT_NE(unknown.estimate.find("'a-new-one' is not known"), std::string::npos) << unknown.estimate;
  EXPECT_EQ(unknown.buffers[0].bytes, known.buffers[0].bytes);  // weights
  EXPECT_GE(unknown.buffers[2].bytes, known.buffers[2].bytes);  // compute
}

TEST(MemoryOf, NamesThePoolsOfTheInventory) {
  const auto machine = simulate("cpu:64GiB,cuda:24GiB");
  const auto uses = memory_of(small_model("llama"), placed(4, 0, {Device::gpu()}), {.n_ctx = 512}, {}, &machine);
  EXPECT_EQ(uses[0].key, machine.devices[1].key());
  EXPECT_EQ(uses[0].pool, machine.devices[1].pool);
  EXPECT_GT(uses[0].overhead, 0U);
  EXPECT_EQ(uses[1].pool, "ram");
}

constexpr std::array architectures = {
    "llama",   "gemma3",     "gpt-oss",   "phi3",      "falcon",   "mamba",  "mamba2",    "jamba",     "deepseek2",
    "rwkv6",   "rwkv7",      "t5",        "bert",      "gemma3n",  "gemma4", "lfm2",      "qwen3next", "deepseek32",
    "glm-dsa", "minimax-m3", "deepseek4", "glm5-next", "qwen4exp", "hy_v4",  "dots3note", "unknown"};

TEST(MemoryOf, RefusesMoreDevicesThanItCounts) {
  Placement placement;
  for (int i = 0; i < 33'000; ++i) placement.layers.push_back({i, 1, Device::rpc(i)});
  EXPECT_THROW(memory_of(small_model("llama"), placement, {}), std::invalid_argument);
}

TEST(MemoryLaw, WeightsAreTheSameWhereverLayersLie) {
  const auto profile = small_model("llama", {}, 8);
  const auto all = sum(memory_of(profile, placed(8, 8, {}), {.n_ctx = 256}), &DeviceUse::weights);
  for (int on_host = 0; on_host < 8; ++on_host) {
    for (const auto& devices : {std::vector{Device::rpc(0)}, std::vector{Device::rpc(0), Device::rpc(1)}}) {
      const auto weights = sum(memory_of(profile, placed(8, on_host, devices), {.n_ctx = 256}), &DeviceUse::weights);
      EXPECT_EQ(weights, all + 256U * 1000 * 2);  // the tied output
    }
  }
}

TEST(MemoryLaw, CacheGrowsWithTheContext) {
  test::Random random;
  for (const auto* architecture : architectures) {
    const auto profile = small_model(
        architecture,
        {{"attention.sliding_window", 512}, {"ssm.conv_kernel", 4}, {"ssm.inner_size", 256}, {"ssm.state_size", 8}});
    std::uint64_t before = 0;
    for (int n_ctx = 256; n_ctx < 20'000; n_ctx += 1 + random.below(3000)) {
      const auto now = cache_of(profile, {.n_ctx = n_ctx, .n_seq = 2});
      EXPECT_GE(now, before) << architecture << " at " << n_ctx;
      before = now;
    }
  }
}

TEST(MemoryLaw, AbsurdProfilesGiveAnAnswer) {
  test::Random random;
  const auto absurd = [&]() -> Value {
    switch (random.below(6)) {
      case 0:
        return std::int64_t{1} << 62;
      case 1:
        return -1;
      case 2:
        return 0;
      case 3:
        return "text";
      case 4:
        return Value::Array{1, std::int64_t{1} << 40};
      default:
        return random.below(1 << 20);
    }
  };
  constexpr std::array keys = {"embedding_length",
                               "attention.head_count",
                               "attention.head_count_kv",
                               "attention.key_length",
                               "attention.value_length",
                               "attention.sliding_window",
                               "feed_forward_length",
                               "expert_count",
                               "expert_used_count",
                               "ssm.conv_kernel",
                               "ssm.inner_size",
                               "ssm.state_size",
                               "ssm.group_count",
                               "ssm.time_step_rank",
                               "wkv.head_size",
                               "attention.kv_lora_rank",
                               "rope.dimension_count",
                               "nextn_predict_layers",
                               "shortconv.l_cache",
                               "expert_group_count",
                               "decoder_block_count",
                               "attention.indexer.key_length",
                               "attention.indexer.head_count",
                               "attention.indexer.top_k",
                               "attention.indexer.block_size",
                               "attention.indexer.kpool",
                               "attention.compress_ratios",
                               "hyper_connection.count",
                               "ple.layers",
                               "ple.conv_kernel",
                               "kda.head_dim"};
  for (int i = 0; i < 400; ++i) {
    Value::Object entries;
    for (int k = random.below(6); k >= 0; --k)
      entries.set(keys[static_cast<std::size_t>(random.below(static_cast<int>(keys.size())))], absurd());
    auto profile = small_model(
        architectures[static_cast<std::size_t>(random.below(static_cast<int>(architectures.size())))], entries);
    for (int k = random.below(4); k > 0; --k) {
      auto& changed = profile.tensors[static_cast<std::size_t>(random.below(static_cast<int>(profile.tensors.size())))];
      changed.shape = {static_cast<std::uint64_t>(1 + random.below(1 << 30)),
                       static_cast<std::uint64_t>(1 + random.below(1 << 30))};
    }
    const ContextSpec context{.n_ctx = random.below(2) == 0 ? 2'147'483'647 : random.below(5000),
                              .n_seq = 1 + random.below(300),
                              .n_ubatch = 1 + random.below(5000),
                              .flash_attention = random.coin() ? FlashAttention::off : FlashAttention::automatic};
    const auto use = memory_use(profile, placed(4, random.below(5), {Device::gpu()}), context);
    for (const auto& buffer : use.buffers) EXPECT_LE(buffer.bytes, std::uint64_t{1} << 62);
  }
}

}  // namespace
}  // namespace berth
