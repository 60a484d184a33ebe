#include "engine/score_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace berth {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Many scores are equal: there are only 40 of them.
std::vector<float> random_scores(std::mt19937& random) {
  std::vector<float> scores(std::uniform_int_distribution<std::size_t>(1, 2000)(random));
  for (auto& score : scores) score = static_cast<float>(static_cast<int>(random() % 40)) - 20;
  return scores;
}

std::vector<std::int32_t> tokens(const std::vector<Candidate>& candidates) {
  std::vector<std::int32_t> all;
  for (const auto& candidate : candidates) all.push_back(candidate.token);
  return all;
}

TEST(ScoreBlocks, AgreeWithASortOfAllScores) {
  std::mt19937 random(1);
  ScoreBlocks blocks;
  std::vector<Candidate> found;
  for (int round = 0; round < 100; ++round) {
    const auto scores = random_scores(random);
    std::vector<std::int32_t> sorted(scores.size());
    std::iota(sorted.begin(), sorted.end(), 0);
    std::ranges::stable_sort(sorted, std::greater<>(),
                             [&](auto token) { return scores[static_cast<std::size_t>(token)]; });

    blocks.read(scores);
    ASSERT_TRUE(blocks.usable());
    EXPECT_EQ(blocks.index_of_largest(), sorted[0]);
    EXPECT_EQ(blocks.largest(), scores[static_cast<std::size_t>(sorted[0])]);

    const std::size_t k = 1 + random() % (scores.size() + 3);
    blocks.largest(k, found);
    EXPECT_EQ(tokens(found),
              std::vector(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(std::min(k, sorted.size()))));

    std::erase_if(sorted, [&](auto token) { return scores[static_cast<std::size_t>(token)] < 7; });
    std::ranges::sort(sorted);
    blocks.at_least(7, found);
    EXPECT_EQ(tokens(found), sorted);
  }
}

std::vector<std::int32_t> sorted_tokens(const std::vector<float>& scores) {
  std::vector<std::int32_t> sorted(scores.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::ranges::stable_sort(sorted, std::greater<>(),
                           [&](auto token) { return scores[static_cast<std::size_t>(token)]; });
  return sorted;
}

TEST(ScoreBlocks, FindTheLargestOfManyAtEachScale) {
  std::mt19937 random(1);
  ScoreBlocks blocks;
  std::vector<Candidate> found;
  for (const double scale : {0.0, 1e-38, 1e-6, 1.0, 1e6, 1e36})
    for (const int different : {3, 1000, 1'000'000}) {
      std::vector<float> scores(50'000);
      for (auto& score : scores)
        score = static_cast<float>(
            scale * (static_cast<int>(random() % static_cast<unsigned>(different)) - different / 2) / different);
      for (int i = 0; i < 40'000 && different == 1000; ++i)
        scores[static_cast<std::size_t>(i)] = -infinite;  // most blocks
      blocks.read(scores);
      ASSERT_TRUE(blocks.usable());
      auto sorted = sorted_tokens(scores);
      for (const std::size_t k : {1, 2, 50, 150}) {
        blocks.largest(k, found);
        EXPECT_EQ(tokens(found), std::vector(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(k)))
            << k << " of " << different << " times " << scale;
      }
    }
}

TEST(ScoreBlocks, MaximaThatWereFoundBeforeSayTheSame) {
  std::mt19937 random(1);
  ScoreBlocks blocks;
  for (int round = 0; round < 100; ++round) {
    auto scores = random_scores(random);
    std::vector<float> maxima(ScoreBlocks::blocks_of(scores.size()));
    ScoreBlocks::find_maxima(scores, maxima);
    blocks.read(scores, maxima);
    ASSERT_TRUE(blocks.usable());
    EXPECT_EQ(blocks.index_of_largest(), sorted_tokens(scores)[0]);

    scores[random() % scores.size()] = round % 2 == 0 ? not_a_number : infinite;
    ScoreBlocks::find_maxima(scores, maxima);
    blocks.read(scores, maxima);
    EXPECT_FALSE(blocks.usable());
  }
}

TEST(ScoreBlocks, MaximaOfOtherScoresAreNotTaken) {
  std::vector<float> scores(600, 1);
  scores[300] = 2;
  ScoreBlocks blocks;
  for (const auto& maxima : {std::vector<float>{1, 1, 3}, {3, 1, 1}, {1, 2}, {}}) {
    blocks.read(scores, maxima);
    EXPECT_EQ(blocks.index_of_largest(), 300);
    EXPECT_EQ(blocks.largest(), 2);
  }
}

TEST(ScoreBlocks, OfEqualScoresTheFirstIsTheLargest) {
  std::vector<float> scores(1000, 2.5F);
  ScoreBlocks blocks;
  blocks.read(scores);
  EXPECT_EQ(blocks.index_of_largest(), 0);
  scores[300] = scores[700] = scores[701] = 3;
  blocks.read(scores);
  EXPECT_EQ(blocks.index_of_largest(), 300);
}

TEST(ScoreBlocks, ZerosOfBothSignsAreEqual) {
  std::vector<float> scores(600, -1);
  scores[100] = -0.0F;
  scores[400] = 0.0F;
  ScoreBlocks blocks;
  blocks.read(scores);
  EXPECT_EQ(blocks.index_of_largest(), 100);
}

TEST(ScoreBlocks, FindASingleBadScoreAnywhere) {
  ScoreBlocks blocks;
  for (const float bad : {not_a_number, -not_a_number, infinite})
    for (const std::size_t size : {1, 3, 16, 255, 256, 257, 777})
      for (std::size_t at = 0; at < size; at += 1 + at / 7) {
        std::vector<float> scores(size, 1);
        scores[at] = bad;
        blocks.read(scores);
        EXPECT_FALSE(blocks.usable()) << bad << " at " << at << " of " << size;
      }
}

TEST(ScoreBlocks, MinusInfinityIsNeverACandidate) {
  std::vector<float> scores(600, -infinite);
  ScoreBlocks blocks;
  blocks.read(scores);
  EXPECT_FALSE(blocks.usable());

  scores[599] = -3;
  scores[2] = -4;
  blocks.read(scores);
  ASSERT_TRUE(blocks.usable());
  EXPECT_EQ(blocks.index_of_largest(), 599);
  std::vector<Candidate> found;
  blocks.largest(5, found);
  EXPECT_EQ(tokens(found), (std::vector{599, 2}));
  blocks.at_least(-infinite, found);
  EXPECT_EQ(tokens(found), (std::vector{2, 599}));
}

TEST(ScoreBlocks, NoScoresAreNotUsable) {
  ScoreBlocks blocks;
  blocks.read({});
  EXPECT_FALSE(blocks.usable());
}

}  // namespace
}  // namespace berth
