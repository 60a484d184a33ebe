#include "model/layers.h"

#include <gtest/gtest.h>

#include "model/tensor_role.h"

namespace berth::model {
namespace {

ModelProfile profile_of(const std::string& architecture, std::uint64_t layers, const Value::Object& entries) {
  ModelProfile profile;
  profile.architecture = architecture;
  profile.block_count = layers;
  for (const auto& [key, value] : entries) profile.metadata.set(architecture + "." + key, value);
  set_layers(profile);
  return profile;
}

std::vector<std::uint64_t> windows(const ModelProfile& profile) {
  std::vector<std::uint64_t> windows;
  for (const auto& layer : profile.layers) windows.push_back(layer.window);
  return windows;
}

TEST(Layers, HaveTheHeadsOfTheMetadata) {
  const auto profile = profile_of(
      "llama", 2, {{"embedding_length", 4096}, {"attention.head_count", 32}, {"attention.head_count_kv", 8}});
  ASSERT_EQ(profile.layers.size(), 2U);
  EXPECT_EQ(profile.layers[1].heads, 32U);
  EXPECT_EQ(profile.layers[1].kv_heads, 8U);
  EXPECT_EQ(profile.layers[1].key_length, 128U);
  EXPECT_TRUE(profile.layers[1].has_cache);
  EXPECT_FALSE(profile.layers[1].recurrent);
}

TEST(Layers, HaveWindowsInThePatternOfTheirArchitecture) {
  const Value::Object entries = {
      {"embedding_length", 64}, {"attention.head_count", 4}, {"attention.sliding_window", 512}};
  using List = std::vector<std::uint64_t>;
  EXPECT_EQ(windows(profile_of("gemma3", 7, entries)), (List{512, 512, 512, 512, 512, 0, 512}));
  EXPECT_EQ(windows(profile_of("gpt-oss", 4, entries)), (List{512, 0, 512, 0}));
  EXPECT_EQ(windows(profile_of("phi3", 2, entries)), (List{0, 0}));  // the engine passes it over
  EXPECT_EQ(windows(profile_of("llama", 2, entries)), (List{0, 0}));
  EXPECT_EQ(windows(profile_of("llama4", 4, {{"embedding_length", 64}})), (List{8192, 8192, 8192, 0}));
}

TEST(Layers, ShareTheCacheOfEarlierOnesInGemma3n) {
  const auto profile = profile_of(
      "gemma3n", 30, {{"embedding_length", 64}, {"attention.head_count", 4}, {"attention.sliding_window", 512}});
  EXPECT_FALSE(profile.layers[19].cache_of);
  EXPECT_TRUE(profile.layers[19].has_cache);
  EXPECT_EQ(profile.layers[20].cache_of, 18U);  // with a window, as that has
  EXPECT_EQ(profile.layers[24].cache_of, 19U);
  EXPECT_FALSE(profile.layers[24].has_cache);
}

TEST(Layers, OfHybridsAreRecurrentWhereTheyHaveNoKeys) {
  const auto profile = profile_of("jamba", 3,
                                  {{"embedding_length", 64},
                                   {"attention.head_count", 4},
                                   {"attention.head_count_kv", Value::Array{0, 2, 0}},
                                   {"ssm.conv_kernel", 4},
                                   {"ssm.inner_size", 128},
                                   {"ssm.state_size", 16}});
  EXPECT_TRUE(profile.layers[0].recurrent);
  EXPECT_FALSE(profile.layers[0].has_cache);
  EXPECT_EQ(profile.layers[0].convolution_state, 3U * 128);
  EXPECT_EQ(profile.layers[0].recurrent_state, 16U * 128);
  EXPECT_TRUE(profile.layers[1].attention);
  EXPECT_FALSE(profile.layers[1].recurrent);
}

TEST(Layers, ThatGuessTokensAheadAreNotLoaded) {
  const auto profile =
      profile_of("glm4moe", 3, {{"embedding_length", 64}, {"attention.head_count", 4}, {"nextn_predict_layers", 1}});
  EXPECT_TRUE(profile.layers[1].loaded);
  EXPECT_FALSE(profile.layers[2].loaded);
  EXPECT_FALSE(profile.layers[2].has_cache);
}

TEST(Layers, AreAbsentWhereTheirCountMakesNoSense) {
  EXPECT_TRUE(profile_of("llama", 1ULL << 62, {}).layers.empty());
  EXPECT_TRUE(profile_of("llama", 0, {}).layers.empty());
}

TEST(Layers, BelieveNoMetadataOfTheWrongKind) {
  const auto profile = profile_of("llama", 2,
                                  {{"embedding_length", "wide"},
                                   {"attention.head_count", Value::Array{1}},
                                   {"attention.head_count_kv", -5},
                                   {"attention.key_length", std::int64_t{1} << 60},
                                   {"attention.sliding_window_pattern", Value::Array{true}}});
  ASSERT_EQ(profile.layers.size(), 2U);
  EXPECT_EQ(profile.layers[0].heads, 0U);
  EXPECT_EQ(profile.layers[0].key_length, 0U);
  EXPECT_FALSE(profile.embedding_length);
}

TEST(TensorRole, FollowsFromTheName) {
  const auto role = [](const char* name) {
    TensorInfo tensor;
    tensor.name = name;
    set_role(tensor);
    return std::pair(tensor.layer, tensor.role);
  };
  using Role = std::pair<std::optional<std::uint64_t>, std::string>;
  EXPECT_EQ(role("blk.3.ffn_up.weight"), (Role{3, "ffn_up"}));
  EXPECT_EQ(role("blk.0.ssm_a"), (Role{0, "ssm_a"}));
  EXPECT_EQ(role("blk.3.exp_probs_b"), (Role{3, "exp_probs_b"}));
  EXPECT_EQ(role("blk.12.post_attention_norm"), (Role{12, "post_attention_norm"}));
  EXPECT_EQ(role("dec.blk.1.attn_q.weight"), (Role{1, "dec.attn_q"}));
  EXPECT_EQ(role("token_embd.weight"), (Role{std::nullopt, "token_embd"}));
  EXPECT_EQ(role("blk.x.ffn_up.weight"), (Role{std::nullopt, "blk.x.ffn_up"}));
  EXPECT_EQ(role("blk.7"), (Role{std::nullopt, "blk"}));
  EXPECT_EQ(role("blk.1.shortconv.in_proj.weight"), (Role{1, "shortconv.in_proj"}));
  EXPECT_EQ(role(""), (Role{std::nullopt, ""}));
}

TEST(Layers, OfAModelThatIsGoneThroughAFewTimesComeAgainWithTheirWeights) {
  const Value::Object entries = {{"embedding_length", 64}, {"attention.head_count", 4}};
  auto looped = entries;
  looped.set("num_loops", 3);
  const auto profile = profile_of("nanbeige", 2, looped);
  EXPECT_EQ(profile.block_count, 6U);
  ASSERT_EQ(profile.layers.size(), 6U);
  EXPECT_FALSE(profile.layers[1].weights_of);
  EXPECT_EQ(profile.layers[2].weights_of, 0U);
  EXPECT_EQ(profile.layers[5].weights_of, 1U);
  EXPECT_TRUE(profile.layers[5].has_cache);
  EXPECT_EQ(profile_of("nanbeige", 2, entries).layers.size(), 2U);
  EXPECT_EQ(profile_of("llama", 2, looped).layers.size(), 2U) << "a key of nanbeige";
}

TEST(Layers, OfLoopsWithoutEndAreNone) {
  for (const auto loops : {std::int64_t{0}, std::int64_t{1} << 40, std::int64_t{-1}}) {
    const auto profile = profile_of("nanbeige", 2, {{"attention.head_count", 4}, {"num_loops", loops}});
    EXPECT_TRUE(profile.layers.empty()) << loops;
    EXPECT_NE(profile.block_count, 2U) << loops;
  }
}

TEST(Layers, OfStacksHaveTheWeightsOfTheLowOrTheHighOne) {
  const auto profile =
      profile_of("hrm_text", 12,
                 {{"attention.head_count", 4}, {"hrm.layers_per_stack", 2}, {"hrm.h_cycles", 2}, {"hrm.l_cycles", 2}});
  std::vector<std::uint64_t> weights;
  for (std::size_t i = 0; i < profile.layers.size(); ++i) weights.push_back(profile.layers[i].weights_of.value_or(i));
  EXPECT_EQ(weights, (std::vector<std::uint64_t>{0, 1, 0, 1, 2, 3, 0, 1, 0, 1, 2, 3}));
}

}  // namespace
}  // namespace berth::model
