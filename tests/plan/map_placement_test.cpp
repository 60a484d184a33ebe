/// From device maps, by names of transformers or of GGUF, to placements.
#include <gmock/gmock.h>

#include "berth/convert.h"
#include "berth/placement.h"
#include "plan/invented_models.h"
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

TEST(MapPlacement, AnIndexOfTheCpuOrOfTheDiskSaysNothing) {
  const auto profile = with_output(small_model("llama"));
  const Device cpu0(DeviceType::cpu, 0);
  const Device disk1(DeviceType::disk, 1);
  EXPECT_EQ(from(profile, {{"", cpu0}, {"model.layers.3", disk1}}),
            from(profile, {{"", Device::cpu()}, {"model.layers.3", Device::disk()}}));
  EXPECT_EQ(placement_of(profile, cpu0), placement_of(profile, Device::cpu()));
  EXPECT_THAT(map_refusal(profile, {{"", Device(DeviceType::cpu, 1)}}),
              AllOf(HasSubstr("one CPU"), HasSubstr("'cpu:1'"), HasSubstr("write 'cpu'")));
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
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"nonsense", gpu1}}), HasSubstr("its parts are called"));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"model.layers.4", gpu1}}),
              AllOf(HasSubstr("'model.layers.4'"), HasSubstr("it has 4 layers, 0 to 3")));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"blk.4.attn_q.weight", gpu1}}), HasSubstr("it has 4 layers, 0 to 3"));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"blk.99.attn_q.weight", gpu1}}), HasSubstr("does not have"));
  EXPECT_THAT(map_refusal(profile, {{"", gpu0}, {"model.layers.99999999999999999999", gpu1}}),
              HasSubstr("does not have"));
}

TEST(MapPlacement, RefusesNamesThatOnlyEndLikeOnesThatAreThere) {
  const auto llama = with_output(small_model("llama"));
  for (const char* name :
       {"foo.rotary_emb", "rotary_emb", "model.layers.1.mamba", "model.layers.1.conv", "model.layers.1.foo.mlp",
        "model.layers.1.mlp.mlp.mlp", "model.layers.1.self_attn.self_attn", "model.layers.1.self_attn.up_proj",
        "model.layers.1.mlp.q_proj", "model.layers.1.up_proj", "model.layers.1.self_attn.q_proj.bias",
        "model.layers.1.weight", "model.layers.03", "foo.layers.1", "model.norm.foo", "model.norm.bias", "lm_head.bias",
        "model.embed_tokens.foo", "foo.norm"}) {
    EXPECT_THAT(map_refusal(llama, {{"", gpu0}, {name, gpu1}}), HasSubstr("does not have")) << name;
  }
}

TEST(MapPlacement, TakesTheNamesOfModulesWithoutTensors) {
  const auto llama = with_output(small_model("llama"));
  const auto plain = from(llama, {{"", gpu0}});
  for (const char* name : {"model.rotary_emb", "model.rotary_emb.inv_freq", "model.layers.1.self_attn.rotary_emb",
                           "model.layers.1.mlp.act_fn"})
    EXPECT_EQ(from(llama, {{"", gpu0}, {name, gpu1}}), plain) << name;
}

TEST(MapPlacement, TakesPartsOfLayersInTheWordsOfManyFamilies) {
  const std::vector<std::pair<const char*, std::vector<const char*>>> families = {
      {"gpt2", {"transformer.drop", "transformer.h.1.attn", "transformer.h.1.ln_2.bias", "transformer.h.1.mlp.c_fc"}},
      {"falcon", {"transformer.h.1.self_attention.query_key_value", "transformer.h.1.mlp.dense_h_to_4h"}},
      {"gptneox", {"gpt_neox.layers.1.attention.dense", "gpt_neox.layers.1.attention.rotary_emb", "embed_out"}},
      {"phi2", {"model.layers.1.self_attn.dense", "model.layers.1.mlp.fc1"}},
      {"qwen2moe", {"model.layers.1.mlp.experts.0.up_proj.weight", "model.layers.1.mlp.shared_expert.gate_proj"}},
      {"gpt-oss", {"model.layers.1.self_attn.sinks", "model.layers.1.mlp.router", "model.layers.1.mlp.experts"}},
      {"jamba", {"model.layers.1.mamba", "model.layers.1.feed_forward"}},
      {"lfm2", {"model.layers.0.conv", "model.layers.0.feed_forward"}},
      {"bert", {"encoder.layer.1.attention.self.query", "encoder.layer.1.intermediate.dense"}}};
  for (const auto& [family, names] : families) {
    const auto profile = test::invented_model(family);
    for (const char* name : names) EXPECT_NO_THROW(from(profile, {{"", gpu0}, {name, gpu0}})) << family << ' ' << name;
  }
  EXPECT_THAT(map_refusal(test::invented_model("jamba"), {{"", gpu0}, {"model.layers.1.self_attn", gpu0}}),
              HasSubstr("does not have"))
      << "that layer is a Mamba";
}

TEST(MapPlacement, NamesWhatSomebodyMayHaveMeant) {
  const auto hint = [llama = with_output(small_model("llama"))](const char* name) {
    return map_refusal(llama, {{"", gpu0}, {name, gpu1}});
  };
  EXPECT_THAT(hint("transformer.h.0"), HasSubstr("did you mean 'model.layers.0'?"));
  EXPECT_THAT(hint("transformer.h.2.mlp"), HasSubstr("did you mean 'model.layers.2.mlp'?"));
  EXPECT_THAT(hint("model.layers.03"), HasSubstr("did you mean 'model.layers.3'?"));
  EXPECT_THAT(hint("model.layers.2.self_attn.q_norm"), HasSubstr("did you mean 'model.layers.2.self_attn.q_proj'?"));
  EXPECT_THAT(hint("model.layers.2.self_atn"), HasSubstr("did you mean 'model.layers.2.self_attn'?"));
  EXPECT_THAT(hint("model.layers.2.mlp.something.else"), HasSubstr("did you mean 'model.layers.2.mlp'?"));
  EXPECT_THAT(hint("model.layers.2.foo"), HasSubstr("did you mean 'model.layers.2'?"));
  EXPECT_THAT(hint("blk.2.attn_p.weight"), HasSubstr("did you mean 'blk.2.attn_q.weight'?"));
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
  EXPECT_THAT(map_refusal(small_model("llama"), {{"", gpu0}, {"lm_head", Device::cpu()}}),
              AllOf(HasSubstr("Embeddings on cuda:0 and the output on cpu cannot be"),
                    HasSubstr("put both on cuda:0, or both on cpu")));
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
