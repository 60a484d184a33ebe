#include "plan/device_map/hf_layout.h"

#include <gmock/gmock.h>

#include "plan/device_map/hf_layouts.h"

namespace berth::plan {
namespace {

TEST(HfLayout, ReadsItsNotation) {
  const auto layout = read_layout(
      "model(scale: drop~ layers[!?attn!1?mamba(attn(bias<bool:1,n_positions>))] norm(count<>)) lm_head|model|"
      "lm_head.weight=model.wte.weight a.weight~b.weight|language_model>model");
  ASSERT_EQ(layout.root.children.size(), 2U);
  const auto& model = layout.root.children[0];
  EXPECT_THAT(model.parameters, testing::ElementsAre("scale"));
  ASSERT_EQ(model.children.size(), 3U);
  EXPECT_TRUE(model.children[0].is_empty);
  const auto& layer = *model.children[1].child("7");
  ASSERT_EQ(layer.blocks.size(), 2U);
  EXPECT_EQ(layer.blocks[0].child, "attn");
  EXPECT_EQ(layer.blocks[1].number, "1");
  const auto& bias = layer.child("attn")->buffers.at(0);
  EXPECT_EQ(bias.dtype, "bool");
  EXPECT_FALSE(bias.is_saved);
  EXPECT_THAT(bias.dims, testing::ElementsAre("1", "n_positions"));
  EXPECT_TRUE(model.children[2].buffers.at(0).is_saved);
  EXPECT_EQ(layout.base, "model");
  ASSERT_EQ(layout.ties.size(), 2U);
  EXPECT_TRUE(layout.ties[0].is_usual);
  EXPECT_FALSE(layout.ties[1].is_usual);
  EXPECT_EQ(layout.ties[1].first, "b.weight");
  EXPECT_THAT(layout.renames, testing::ElementsAre(testing::Pair("language_model", "model")));
}

std::size_t modules_in(const LayoutModule& module) {
  std::size_t count = 1;
  for (const auto& child : module.children) count += modules_in(child);
  return count;
}

TEST(HfLayout, OfEveryClassCanBeRead) {
  for (const auto& [classes, text] : hf_layouts) {
    SCOPED_TRACE(classes);
    const auto layout = read_layout(text);
    EXPECT_GT(modules_in(layout.root), 1U);
    for (const auto& tie : layout.ties)
      for (const auto name : {tie.name, tie.first})
        EXPECT_NE(layout.root.child(name.substr(0, name.find('.'))), nullptr);
  }
}

TEST(HfLayout, IsThatOfTheWholeName) {
  EXPECT_TRUE(hf_layout("GPT2LMHeadModel"));
  EXPECT_FALSE(hf_layout("GPT2LMHead"));
  EXPECT_FALSE(hf_layout(""));
}

}  // namespace
}  // namespace berth::plan
