/// Device maps of models with an encoder and a decoder.
#include <gmock/gmock.h>

#include "berth/memory.h"
#include "berth/placement.h"
#include "refusal.h"
#include "test_model.h"
#include "tiny_t5.h"

namespace berth {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;

const Device first = Device::gpu(0);
const Device second = Device::gpu(1);

ModelProfile tiny_t5(const test::TinyT5& model = {}) {
  const test::TemporaryFolder folder;
  return read_model(model.write(folder.path() / "t5.gguf"));
}

TEST(StackNames, PartALayerOfTheEngineByStacks) {
  const auto placement =
      placement_of(tiny_t5(), DeviceMap{{"", Device::cpu()}, {"decoder", first}, {"lm_head", first}});
  EXPECT_EQ(placement.layers, (std::vector<LayerRun>{{0, 3, first}}));
  EXPECT_EQ(placement.output, first);
  EXPECT_EQ(placement.input, Device::cpu());
  ASSERT_NE(placement.tensors.find("enc.blk.1.attn_q.weight"), nullptr);
  EXPECT_EQ(placement.tensors.at("enc.blk.1.attn_q.weight"), Device::cpu());
  EXPECT_EQ(placement.tensors.at("enc.output_norm.weight"), Device::cpu());
  EXPECT_EQ(placement.tensors.find("dec.blk.1.attn_q.weight"), nullptr);
  EXPECT_EQ(placement.tensors.find("dec.output_norm.weight"), nullptr);
}

TEST(StackNames, AreThoseOfTransformersDownToTensors) {
  const auto tensors_of = [](const std::string& name) {
    std::string names;
    const DeviceMap map{{"", first}, {name, second}};
    for (const auto& [tensor, device] : placement_of(tiny_t5(), map).tensors) names += tensor + " ";
    return names;
  };
  EXPECT_EQ(tensors_of("decoder.block.1.layer.1"),
            "dec.blk.1.cross_attn_norm.weight dec.blk.1.cross_attn_q.weight dec.blk.1.cross_attn_k.weight "
            "dec.blk.1.cross_attn_v.weight dec.blk.1.cross_attn_o.weight ");
  EXPECT_EQ(tensors_of("decoder.block.1.layer.1.EncDecAttention.q"), "dec.blk.1.cross_attn_q.weight ");
  EXPECT_EQ(tensors_of("decoder.block.2.layer.2.DenseReluDense.wi_0.weight"), "dec.blk.2.ffn_gate.weight ");
  EXPECT_EQ(tensors_of("encoder.block.0.layer.0.SelfAttention.relative_attention_bias"),
            "enc.blk.0.attn_rel_b.weight ");
  EXPECT_EQ(tensors_of("encoder.block.0.layer.1.layer_norm"), "enc.blk.0.ffn_norm.weight ");
  EXPECT_EQ(tensors_of("encoder.final_layer_norm"), "enc.output_norm.weight ");
  EXPECT_EQ(tensors_of("enc.blk.2.attn_v"), "enc.blk.2.attn_v.weight ");
  EXPECT_EQ(tensors_of("encoder.dropout"), "");
}

TEST(StackNames, ALayerLiesWhereTheKeysOfItsDecoderAre) {
  const auto placement =
      placement_of(tiny_t5(), DeviceMap{{"", first}, {"decoder.block.1.layer.0.SelfAttention.k", second}});
  EXPECT_EQ(placement.layers, (std::vector<LayerRun>{{0, 1, first}, {1, 1, second}, {2, 1, first}}));
  EXPECT_EQ(placement.tensors.at("enc.blk.1.attn_k.weight"), first);
}

TEST(StackNames, EmbeddingsHaveThreeNamesAndTheOutputMayBeThem) {
  for (const auto* name : {"shared", "encoder.embed_tokens", "decoder.embed_tokens"})
    EXPECT_EQ(placement_of(tiny_t5(), DeviceMap{{"", first}, {name, Device::cpu()}}).input, Device::cpu()) << name;
  const auto tied = tiny_t5({.tied = true});
  EXPECT_EQ(placement_of(tied, DeviceMap{{"", Device::cpu()}, {"lm_head", first}}).output, first);
  EXPECT_EQ(placement_of(tied, DeviceMap{{"", first}, {"decoder.block.0.layer.2.DenseReluDense.wi", second}})
                .tensors.at("dec.blk.0.ffn_up.weight"),
            second);
}

TEST(StackNames, WhatNoStackHasIsRefusedWithTheNearestName) {
  const auto of = [](const std::string& name) {
    return refusal([&] { placement_of(tiny_t5(), DeviceMap{{"", first}, {name, second}}); });
  };
  EXPECT_THAT(of("encoder.block.1.layer.0.SelfAttention.p"),
              HasSubstr("did you mean 'encoder.block.1.layer.0.SelfAttention"));
  EXPECT_THAT(of("encoder.block.1.layer.2"), HasSubstr("which the model does not have"));
  EXPECT_THAT(of("encoder.block.7"), AllOf(HasSubstr("'encoder.block.7'"), HasSubstr("encoder.block.")));
  EXPECT_THAT(of("model.layers.1"), HasSubstr("which the model does not have"));
}

std::uint64_t compute_of(const ModelProfile& profile, const ContextSpec& context, const MemoryOptions& options) {
  std::uint64_t bytes = 0;
  for (const auto& use : memory_of(profile, placement_of(profile, Device::cpu()), context, options))
    bytes += use.compute;
  return bytes;
}

TEST(EncoderMemory, IsCountedWherePromptsAreEncodedAndGrowsWithTheLongest) {
  const auto profile = tiny_t5();
  const ContextSpec small{.n_ctx = 1024, .n_ubatch = 128};
  const ContextSpec large{.n_ctx = 1024, .n_ubatch = 1024};
  EXPECT_GT(compute_of(profile, small, generation_options(small)), compute_of(profile, small, {.n_outputs_max = 1}));
  EXPECT_GT(compute_of(profile, large, generation_options(large)),
            4 * compute_of(profile, small, generation_options(small)));
}

}  // namespace
}  // namespace berth
