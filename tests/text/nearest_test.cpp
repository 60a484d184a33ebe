#include "text/nearest.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Nearest, IsWhatATextSeemsToBeASlipOf) {
  EXPECT_EQ(nearest("outpt", {"input", "output"}), "output");
  EXPECT_EQ(nearest("OUTPUT", {"input", "output"}), "output");
  EXPECT_EQ(nearest("ffn_dwn", {"blk.0.ffn_down.weight"}), "");
}

TEST(NearestPart, IsTheFirstWithAPartThatIsNear) {
  const std::vector<std::string> names = {"token_embd.weight", "blk.0.ffn_up.weight", "blk.0.ffn_down.weight",
                                          "blk.1.ffn_down.weight"};
  EXPECT_EQ(nearest_part("ffn_dwn", names), "blk.0.ffn_down.weight");
  EXPECT_EQ(nearest_part("1.ffn_down.weigth", names), "blk.1.ffn_down.weight");
  EXPECT_EQ(nearest_part("token_embed", names), "token_embd.weight");
  EXPECT_EQ(nearest_part("nothing of it", names), "");
}

}  // namespace
}  // namespace berth
