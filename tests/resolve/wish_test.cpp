#include <gtest/gtest.h>

#include "berth/resolve.h"
#include "random_values.h"

namespace berth {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

std::string refusal(std::string_view text) {
  try {
    return "read as " + Wish::from_str(text).str();
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
}

TEST(Wish, IsReadFromWords) {
  EXPECT_EQ(Wish::from_str("auto"), Wish{});
  EXPECT_EQ(Wish::from_str("Any"), Wish{});
  EXPECT_EQ(Wish::from_str("gpu").only,
            (std::vector{DeviceType::cuda, DeviceType::xpu, DeviceType::mps, DeviceType::vulkan}));
  EXPECT_EQ(Wish::from_str("any but cpu"), (Wish{.except = {DeviceType::cpu}}));
  EXPECT_EQ(Wish::from_str("not cpu, not npu"), (Wish{.except = {DeviceType::cpu, DeviceType::npu}}));
  EXPECT_EQ(Wish::from_str("cuda or xpu,8GiB"),
            (Wish{.only = {DeviceType::cuda, DeviceType::xpu}, .min_free_bytes = 8 * gib}));
  EXPECT_EQ(
      Wish::from_str("cuda, 1.5 GiB free, bf16, engine llama.cpp"),
      (Wish{.only = {DeviceType::cuda}, .min_free_bytes = gib + gib / 2, .types = {"bf16"}, .engine = "llama.cpp"}));
}

TEST(Wish, IsReadFromTheWordsOfASentence) {
  EXPECT_EQ(Wish::from_str("at least 8 GiB free"), Wish::from_str("8 GiB"));
  EXPECT_EQ(Wish::from_str("At least 8GiB, needs BF16, needs fp16"),
            (Wish{.min_free_bytes = 8 * gib, .types = {"bf16", "fp16"}}));
  EXPECT_EQ(Wish::from_str("not cuda or xpu"), (Wish{.except = {DeviceType::cuda, DeviceType::xpu}}));
  EXPECT_EQ(Wish::from_str("any but gpu"), Wish::from_str("not cuda, not xpu, not mps, not vulkan"));
  EXPECT_EQ(Wish::from_str("gpu or npu").only.size(), 5U);
}

TEST(Wish, TakesASizeOnlyWithItsUnit) {
  for (const std::string_view text : {"1", "5", "0", "1.5", "5 free", "at least 5", "cuda, 1"})
    EXPECT_NE(refusal(text).find("is a size without a unit; write \""), std::string::npos) << refusal(text);
  EXPECT_EQ(refusal("1"),
            "'1' is a size without a unit; write \"1 GiB free\", or for a device its type too, as in cuda:1");
}

TEST(Wish, TakesNoIndex) {
  for (const std::string_view text : {"gpu:0", "cuda:0 or cuda:1", "not cuda:0", "cuda:1, 8 GiB"})
    EXPECT_EQ(refusal(text).substr(0, 26), "A wish has no index, as in") << refusal(text);
  EXPECT_EQ(refusal("cuda:0 or cuda:1"),
            "A wish has no index, as in 'cuda:0 or cuda:1'; give one device and nothing else, such as cuda:0, or types "
            "such as \"cuda or xpu\"");
}

TEST(Wish, TakesOneEngine) {
  EXPECT_EQ(refusal("engine a, engine b"),
            "The wish says twice which engine should be able to use the device; 'engine b' is the second time");
}

TEST(Wish, SaysWhatItDoesNotUnderstand) {
  EXPECT_EQ(refusal("gqu").substr(0, 81),
            "'gqu' is no device and no wish; a wish is made of: auto, gpu, a type (cpu, cuda, ");
  EXPECT_EQ(refusal("gpu, cpu"), "The wish says twice what type the device should be; 'cpu' is the second time");
  EXPECT_EQ(refusal("cuda, not cuda"), "The wish 'cuda, not cuda' excludes all that it asks for");
  for (const std::string_view text : {"",
                                      ",",
                                      "gpu,",
                                      "not",
                                      "not me",
                                      "any but",
                                      "8 GiX",
                                      "-1 GiB",
                                      "1e99 GiB",
                                      "nan",
                                      "9999999 PiB",
                                      "engine ",
                                      "at least",
                                      "at least GiB",
                                      "needs",
                                      "needs 8 GiB",
                                      "not cuda or me",
                                      "cuda or",
                                      "or",
                                      "bf17",
                                      "8 8",
                                      "\x1b[31m",
                                      "\xff"})
    EXPECT_NE(refusal(text).find("is no device and no wish"), std::string::npos) << text << ": " << refusal(text);
}

TEST(Wish, ReadsWhatItPrints) {
  test::Random random;
  for (int i = 0; i < 1000; ++i) {
    Wish wish;
    if (random.coin()) wish.only.push_back(random.device().type());
    if (random.coin() && !wish.only.empty() && wish.only[0] != DeviceType::xpu) wish.only.push_back(DeviceType::xpu);
    if (random.coin() && wish.only.empty()) wish.except.push_back(random.device().type());
    if (random.coin()) wish.min_free_bytes = static_cast<std::uint64_t>(random.below(1 << 30)) << random.below(20);
    if (random.coin()) wish.types.emplace_back("fp16");
    if (random.coin()) wish.engine = "llama.cpp";
    ASSERT_EQ(Wish::from_str(wish.str()), wish) << wish.str();
  }
}

}  // namespace
}  // namespace berth
