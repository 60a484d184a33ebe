/// From device maps, by names of transformers or of GGUF, to placements.
#include <gmock/gmock.h>

#include "berth/convert.h"
#include "berth/placement.h"
#include "plan/small_model.h"
#include "refusal.h"

namespace berth {
namespace {

using test::refusal;
using test::small_model;
using test::small_tensor;
using testing::AllOf;
using testing::HasSubstr;

const Device gpu0 = Device::gpu(0);
const Device gpu1 = Device::gpu(1);

ModelProfile with_output(ModelProfile profile) {
  profile.tensors.push_back(small_tensor("output.weight", {256, 1000}));
  return profile;
}

Placement from(const ModelProfile& profile, std::initializer_list<std::pair<std::string, Device>> entries) {
  DeviceMap map;
  for (const auto& [name, device] : entries) map.set(name, device);
  return placement_of(profile, map);
}

std::string map_refusal(const ModelProfile& profile, std::initializer_list<std::pair<std::string, Device>> entries) {
  return refusal([&] { from(profile, entries); });
}

TEST(MapPlacement, OfOneDeviceHasAllLayersThere) {
  const Placement all{.layers = {{0, 4, gpu0}}, .output = gpu0};
  EXPECT_EQ(placement_of(small_model("llama"), gpu0), all);
}

TEST(MapPlacement, ReadsNamesOfTransformers) {
  const auto profile = with_output(small_model("llama"));
  const auto placement = from(profile, {{"model.embed_tokens", Device::cpu()},
                                        {"model.layers.0", Device::cpu()},
                                        {"model.layers.1", gpu0},
                                        {"model.layers.2", gpu0},
                                        {"model.layers.3", gpu1},
                                        {"model.norm", gpu1},
                                        {"model.rotary_emb", gpu1},
                                        {"lm_head", gpu1}});
  const Placement expected{.layers = {{0, 1, Device::cpu()}, {1, 2, gpu0}, {3, 1, gpu1}}, .output = gpu1};
  EXPECT_EQ(placement, expected);
}

TEST(MapPlacement, ReadsNamesOfGgufAsWell) {
  const auto profile = with_output(small_model("llama"));
  const auto placement = from(
      profile,
      {{"", Device::cpu()}, {"blk.3", gpu0}, {"output", gpu0}, {"output_norm", gpu0}, {"blk.3.ffn_up.weight", gpu1}});
  Placement expected{.layers = {{0, 3, Device::cpu()}, {3, 1, gpu0}}, .output = gpu0};
  expected.tensors.set("blk.3.ffn_up.weight", gpu1);
  EXPECT_EQ(placement, expected);
}

TEST(MapPlacement, TheLongestNameThatCoversATensorCounts) {
  const auto profile = with_output(small_model("llama"));
  const auto placement = from(
      profile, {{"model.layers.2", gpu1}, {"model", gpu0}, {"lm_head", gpu0}, {"model.layers.2.mlp.down_proj", gpu0}});
  EXPECT_EQ(placement.input, gpu0);
  ASSERT_EQ(placement.layers.size(), 3U);
  EXPECT_EQ(placement.layers[1], (LayerRun{2, 1, gpu1}));
  ASSERT_EQ(placement.tensors.size(), 1U);
  EXPECT_EQ(placement.tensors.front(), (std::pair<std::string, Device>{"blk.2.ffn_down.weight", gpu0}));
}

TEST(MapPlacement, ALayersDeviceIsThatOfItsKeys) {
  const auto profile = with_output(small_model("llama"));
  const auto placement = from(profile, {{"", gpu0},
                                        {"model.layers.1.self_attn", gpu1},
                                        {"model.layers.1.mlp", Device::cpu()},
                                        {"model.layers.1.input_layernorm", gpu1},
                                        {"model.layers.1.post_attention_layernorm", Device::cpu()}});
  ASSERT_EQ(placement.layers.size(), 3U);
  EXPECT_EQ(placement.layers[1], (LayerRun{1, 1, gpu1}));
  EXPECT_EQ(placement.tensors.size(), 4U);
  for (const char* name :
       {"blk.1.ffn_norm.weight", "blk.1.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.1.ffn_down.weight"}) {
    ASSERT_TRUE(placement.tensors.contains(name)) << name;
    EXPECT_EQ(placement.tensors.at(name), Device::cpu());
  }
}

TEST(MapPlacement, OfAccelerateStartsOnAGpuAndEndsOnCpuAndDisk) {
  const auto profile = small_model("llama");  // its output is tied
  const auto placement = from(profile, {{"model.embed_tokens", gpu0},
                                        {"model.layers.0", gpu0},
                                        {"model.layers.1", Device::cpu()},
                                        {"model.layers.2", Device::disk()},
                                        {"model.layers.3", Device::disk()},
                                        {"model.norm", Device::disk()},
                                        {"lm_head", gpu0}});
  Placement expected{
      .layers = {{0, 1, gpu0}, {1, 1, Device::cpu()}, {2, 2, Device::disk()}}, .input = gpu0, .output = gpu0};
  expected.tensors.set("output_norm.weight", Device::disk());
  EXPECT_EQ(placement, expected);
}

TEST(MapPlacement, OfOtherFamiliesHasTheirNames) {
  const auto profile = with_output(small_model("gpt2"));
  const auto placement = from(profile, {{"transformer.wte", Device::cpu()},
                                        {"transformer.h", gpu0},
                                        {"transformer.h.3.attn.c_attn", gpu1},
                                        {"transformer.ln_f", gpu0},
                                        {"lm_head", gpu0}});
  EXPECT_EQ(placement.layers.back(), (LayerRun{3, 1, gpu1})) << "the keys are a part of c_attn";
  EXPECT_EQ(placement.tensors.at("blk.3.ffn_up.weight"), gpu0);
}

TEST(MapPlacement, RefusesNamesThatTheModelDoesNotHave) {
  const auto profile = with_output(small_model("llama"));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"model.layer.3", gpu1}}),
              AllOf(HasSubstr("'model.layer.3'"), HasSubstr("did you mean 'model.layers.3'?")));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"transformer.h.0", gpu1}}), HasSubstr("its parts are called"));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"model.layers.4", gpu1}}), HasSubstr("'model.layers.4'"));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"blk.99.attn_q.weight", gpu1}}), HasSubstr("does not have"));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"model.layers.99999999999999999999", gpu1}}),
              HasSubstr("does not have"));
}

TEST(MapPlacement, RefusesTensorsWithoutADevice) {
  EXPECT_THAT(map_refusal(with_output(small_model("llama")), {{"model.layers", gpu0}, {"model.embed_tokens", gpu0}}),
              AllOf(HasSubstr("no entry for 'output_norm.weight' and 1 more"), HasSubstr("'' for all")));
}

TEST(MapPlacement, RefusesEntriesThatContradict) {
  EXPECT_THAT(map_refusal(with_output(small_model("llama")), {{"", gpu0}, {"blk.1", gpu1}, {"model.layers.1", gpu0}}),
              AllOf(HasSubstr("'blk.1'"), HasSubstr("'model.layers.1'"), HasSubstr("two devices, cuda:1 and cuda:0")));
}

TEST(MapPlacement, RefusesOneTensorInTwoPlaces) {
  EXPECT_THAT(map_refusal(small_model("llama"), {{"", gpu0}, {"lm_head", gpu1}}), HasSubstr("both on cuda:1"));
}

TEST(MapPlacement, OfAHundredThousandNamesIsReadInAMoment) {
  const auto profile = with_output(small_model("llama"));
  DeviceMap map;
  map.set("", gpu0);
  for (int i = 0; i < 100'000; ++i)
    map.set("model.layers.1.self_attn.rotary_emb" + std::string(i % 7, '.') + std::to_string(i), gpu0);
  EXPECT_THAT(refusal([&] { placement_of(profile, map); }), HasSubstr("does not have"));
}

}  // namespace
}  // namespace berth
