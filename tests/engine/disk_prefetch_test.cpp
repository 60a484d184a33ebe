#include "engine/llama/disk_prefetch.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <memory>

#include "berth/engine.h"
#include "engine/llama/llama_model.h"
#include "test_model.h"

namespace berth::llama {
namespace {

/// The default model with some of its layers on the disk, and nodes of a graph that use their weights.
class DiskPrefetched : public testing::Test {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  std::shared_ptr<const LlamaModel> load(const Placement& placement) const {
    return std::dynamic_pointer_cast<const LlamaModel>(
        engine("llama.cpp").load({.model = test::model_path(), .placement = placement}));
  }

  /// As the engine does when it comes to a layer. How many bytes are read ahead.
  std::size_t bytes_read_at(DiskPrefetch& prefetch, int layer) {
    bytes_ = 0;
    ggml_tensor weight = {};
    std::snprintf(weight.name, sizeof weight.name, "blk.%d.attn_norm.weight", layer);
    ggml_tensor states = {};
    ggml_tensor node = {};
    node.src[0] = &states;
    node.src[1] = &weight;
    const bool begins = prefetch.look(node, true);
    EXPECT_TRUE(!begins || prefetch.look(node, false));
    return bytes_;
  }

  DiskPrefetch::Read count() {
    return [this](DiskPrefetch::Pages pages) { bytes_ += pages.size(); };
  }

  static std::uint64_t bytes_of_layer(const LlamaModel& model, int layer) {
    std::uint64_t bytes = 0;
    for (const auto& tensor : model.tensors())
      if (tensor.name.starts_with("blk." + std::to_string(layer) + ".")) bytes += tensor.bytes;
    return bytes;
  }

  static constexpr std::size_t page_bytes = 4096;
  const Placement last_two_ = {.layers = {{0, 28, Device::cpu()}, {28, 2, Device::disk()}}};
  std::size_t bytes_ = 0;
};

TEST_F(DiskPrefetched, EachLayerOnTheDiskIsReadWhileTheOneBeforeItIsComputed) {
  const auto model = load(last_two_);
  DiskPrefetch prefetch(*model->handle(), model->info().placement, count());
  const auto least = [&](int layer) { return testing::Ge(bytes_of_layer(*model, layer)); };
  EXPECT_EQ(bytes_read_at(prefetch, 0), 0U);
  EXPECT_EQ(bytes_read_at(prefetch, 26), 0U);
  EXPECT_THAT(bytes_read_at(prefetch, 27), least(28));
  EXPECT_LE(bytes_read_at(prefetch, 28), bytes_of_layer(*model, 29) + 20 * page_bytes);
  EXPECT_EQ(bytes_read_at(prefetch, 28), 0U) << "the layer's other nodes";
  EXPECT_THAT(bytes_read_at(prefetch, 29), least(28)) << "for the next token";
}

TEST_F(DiskPrefetched, PartsOfALayerAreReadToo) {
  Placement placement = {.layers = {{0, 30, Device::cpu()}}};
  placement.tensors.set("blk.5.ffn_down.weight", Device::disk());
  const auto model = load(placement);
  DiskPrefetch prefetch(*model->handle(), model->info().placement, count());
  EXPECT_EQ(bytes_read_at(prefetch, 3), bytes_read_at(prefetch, 6));
  const auto bytes = bytes_read_at(prefetch, 4);
  EXPECT_GT(bytes, page_bytes);
  EXPECT_LT(bytes, bytes_of_layer(*model, 5) / 2);
}

TEST_F(DiskPrefetched, NothingIsAskedForWhereAllPagesAreInMemory) {
  const auto model = load(last_two_);
  DiskPrefetch prefetch(*model->handle(), model->info().placement, count());
  int quiet = 0;
  for (int i = 0; i < 100; ++i) quiet += bytes_read_at(prefetch, 28 + i % 2) == 0 ? 1 : 0;
  EXPECT_GT(quiet, 50);
}

TEST_F(DiskPrefetched, AContextIsWatchedForLayersOnTheDiskOnly) {
  const auto model = load({.layers = {{0, 30, Device::cpu()}}});
  llama_context_params params = {};
  DiskPrefetch(*model->handle(), model->info().placement).watch(params);
  EXPECT_EQ(params.cb_eval, nullptr);
  DiskPrefetch(*load(last_two_)->handle(), last_two_).watch(params);
  EXPECT_NE(params.cb_eval, nullptr);
}

}  // namespace
}  // namespace berth::llama
