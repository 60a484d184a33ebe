#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

namespace berth {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> random_scores(std::mt19937& random, std::size_t n_vocab) {
  std::normal_distribution<float> distribution(0, 3);
  std::vector<float> scores(n_vocab);
  for (auto& score : scores) score = distribution(random);
  return scores;
}

/// The probability of each token that may be chosen, as the options are documented: step by step over a sorted list of
/// the vocabulary.
std::map<std::int32_t, double> probabilities(const GenerationOptions& options, const std::vector<float>& scores,
                                             const std::set<std::int32_t>& seen) {
  std::vector<std::pair<double, std::int32_t>> left;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    double score = scores[i];
    const auto token = static_cast<std::int32_t>(i);
    if (seen.contains(token)) {
      if (score > 0)
        score /= options.repetition_penalty;
      else
        score *= options.repetition_penalty;
      score = static_cast<float>(score);
    }
    left.emplace_back(score / options.temperature, token);
  }
  std::ranges::stable_sort(left, [](const auto& a, const auto& b) { return a.first > b.first; });
  const double largest = left[0].first;
  const auto total = [&] {
    double sum = 0;
    for (const auto& each : left) sum += std::exp(each.first - largest);
    return sum;
  };
  if (options.top_k > 0 && left.size() > static_cast<std::size_t>(options.top_k))
    left.resize(static_cast<std::size_t>(options.top_k));
  if (options.top_p < 1) {
    const double part = options.top_p * total();
    std::size_t count = 0;
    for (double sum = 0; count < left.size() && sum < part; ++count) sum += std::exp(left[count].first - largest);
    left.resize(count);
  }
  if (options.min_p > 0)
    std::erase_if(left, [&](const auto& each) { return each.first < largest + std::log(options.min_p); });
  const double sum = total();
  std::map<std::int32_t, double> result;
  for (const auto& [score, token] : left) result[token] = std::exp(score - largest) / sum;
  return result;
}

GenerationOptions sampling(double temperature, int top_k, double top_p = 1, double min_p = 0) {
  return {.do_sample = true, .temperature = temperature, .top_k = top_k, .top_p = top_p, .min_p = min_p};
}

TEST(Sampler, GreedyTakesTheFirstOfTheLargest) {
  std::vector<float> scores(5000, 1);
  scores[4000] = scores[1234] = 7;
  Sampler sampler({}, 0, {}, scores.size());
  EXPECT_EQ(sampler.next(scores), 1234);
}

TEST(Sampler, ChoosesOnlyWhatTheOptionsLeave) {
  std::mt19937 random(1);
  for (const auto& options :
       {sampling(1, 1), sampling(1, 2), sampling(0.7, 40), sampling(1, 300), sampling(1, 0, 0.1), sampling(1, 0, 0.5),
        sampling(0.3, 0, 0.9), sampling(1, 0, 1, 0.2), sampling(2, 0, 0.8, 0.1), sampling(1.5, 50, 0.6, 0.05),
        sampling(1, 0, 1, 1), sampling(1, 1000000), sampling(1, 0)}) {
    auto scores = random_scores(random, 1000);
    const auto expected = probabilities(options, scores, {});
    Sampler sampler(options, 5, {}, scores.size());
    for (int i = 0; i < 300; ++i) {
      const auto token = sampler.next(scores);
      ASSERT_TRUE(token && expected.contains(*token)) << options.top_k << ' ' << options.top_p << ' ' << options.min_p;
    }
  }
}

/// Chi-square over many draws: 20 tokens, so that each is drawn often.
TEST(Sampler, DrawsWithTheProbabilitiesOfThePlainComputation) {
  std::mt19937 random(2);
  std::normal_distribution<float> distribution(0, 1);
  for (auto options : {sampling(1, 0), sampling(1, 50), sampling(0.8, 12), sampling(1, 0, 0.8),
                       sampling(1.3, 0, 1, 0.1), sampling(1, 15, 0.9, 0.02)}) {
    for (const double penalty : {1.0, 1.4}) {
      options.repetition_penalty = penalty;
      std::vector<float> scores(300, -infinity);  // two blocks; 20 tokens can be chosen
      for (std::size_t i = 0; i < 20; ++i) scores[i * 15] = distribution(random);
      const std::vector<std::int32_t> prompt = {15, 30, 45, 30};
      auto expected = probabilities(options, scores, penalty == 1 ? std::set<std::int32_t>{} : std::set{15, 30, 45});
      std::erase_if(expected, [](const auto& each) { return each.second == 0; });

      std::map<std::int32_t, int> drawn;
      constexpr int draws = 2000;
      for (std::uint32_t seed = 0; seed < draws; ++seed) {
        Sampler sampler(options, seed, prompt, scores.size());
        ++drawn[sampler.next(scores).value()];
      }
      double chi_square = 0;
      int drawn_as_expected = 0;
      for (const auto& [token, probability] : expected) {
        const double mean = probability * draws;
        chi_square += (drawn[token] - mean) * (drawn[token] - mean) / mean;
        drawn_as_expected += drawn[token];
      }
      EXPECT_EQ(drawn_as_expected, draws);
      // Beyond this once in a million, for up to 20 tokens.
      EXPECT_LT(chi_square, 65) << options.top_k << ' ' << options.top_p << ' ' << options.min_p << ' ' << penalty;
    }
  }
}

TEST(Sampler, TheSameSeedGivesTheSameTokens) {
  std::mt19937 random(3);
  auto scores = random_scores(random, 3000);
  for (const auto& options : {sampling(1, 50), sampling(1, 0), sampling(1, 0, 0.9), sampling(1, 0, 1, 0.1)})
    for (const std::uint32_t seed : {0U, 7U, std::numeric_limits<std::uint32_t>::max()}) {
      Sampler one(options, seed, {}, scores.size());
      Sampler same(options, seed, {}, scores.size());
      Sampler other(options, seed + 1, {}, scores.size());
      bool differs = false;
      for (int i = 0; i < 30; ++i) {
        const auto token = one.next(scores);
        EXPECT_EQ(token, same.next(scores));
        differs |= token != other.next(scores);
      }
      EXPECT_TRUE(differs);
    }
}

TEST(Sampler, ThePenaltyIsForThePromptAndWhatWasChosen) {
  std::vector<float> scores = {4, 3.5F, 3, -1};
  Sampler sampler({.repetition_penalty = 2}, 0, std::vector<std::int32_t>{0, 0}, scores.size());
  EXPECT_EQ(sampler.next(scores), 1);  // 4 counts as 2, once
  EXPECT_EQ(sampler.next(scores), 2);  // 3.5 as 1.75
  EXPECT_EQ(sampler.next(scores), 0);  // 2 is the largest of 2, 1.75, 1.5, -1
}

TEST(Sampler, ThePenaltyLowersScoresBelowZeroToo) {
  std::vector<float> scores = {-1, -1.5F};
  Sampler sampler({.repetition_penalty = 2}, 0, std::vector<std::int32_t>{0}, scores.size());
  EXPECT_EQ(sampler.next(scores), 1);
}

TEST(Sampler, ScoresAreAfterwardsAsTheyWere) {
  std::mt19937 random(4);
  auto scores = random_scores(random, 700);
  scores[600] = -infinity;
  const auto before = scores;
  std::vector<std::int32_t> prompt = {1, 2, 3, 600};
  auto options = sampling(0.9, 20);
  options.repetition_penalty = 1.7;
  Sampler sampler(options, 1, prompt, scores.size());
  for (int i = 0; i < 50; ++i) sampler.next(scores);
  EXPECT_EQ(scores, before);

  scores[5] = nan;
  EXPECT_EQ(sampler.next(scores), std::nullopt);
  EXPECT_EQ(scores[1], before[1]);
}

TEST(Sampler, ScoresThatSayNothingGiveNoToken) {
  for (const float bad : {nan, -nan, infinity})
    for (auto options :
         {GenerationOptions{}, sampling(1, 50), sampling(1, 0), sampling(1, 0, 0.9), sampling(1, 0, 1, 0.1)})
      for (const double penalty : {1.0, 1.5}) {
        options.repetition_penalty = penalty;
        std::vector<float> scores(1000, 1);
        scores[777] = bad;
        Sampler sampler(options, 1, std::vector<std::int32_t>{777}, scores.size());
        EXPECT_EQ(sampler.next(scores), std::nullopt);
        std::ranges::fill(scores, -infinity);
        EXPECT_EQ(sampler.next(scores), std::nullopt);
        scores[3] = 0;  // the only one that is left
        EXPECT_EQ(sampler.next(scores), 3);
      }
}

TEST(Sampler, ExtremeOptionsHaveTheirLimits) {
  std::mt19937 random(5);
  auto scores = random_scores(random, 1000);
  const auto likeliest = static_cast<std::int32_t>(std::ranges::max_element(scores) - scores.begin());
  for (const int top_k : {0, 1, 50, 1000, std::numeric_limits<int>::max()})
    for (const double top_p : {1.0, 0.5, 1e-300}) {
      for (const double temperature : {1e-310, 1e-45, 1e-30, 1e-3}) {
        Sampler cold(sampling(temperature, top_k, top_p), 1, {}, scores.size());
        for (int i = 0; i < 5; ++i) EXPECT_EQ(cold.next(scores), likeliest) << temperature;
      }
      Sampler hot(sampling(1e300, top_k, top_p), 1, {}, scores.size());
      std::set<std::int32_t> drawn;
      for (int i = 0; i < 40; ++i) drawn.insert(hot.next(scores).value());
      if (top_p == 1 && top_k != 1) {
        EXPECT_GT(drawn.size(), 20U);
      }
      if (top_k == 1) {
        EXPECT_EQ(drawn, std::set{likeliest});
      }
    }
  for (const double penalty : {1e-300, 1e300}) {
    std::vector<float> few = {1, 0, -1};
    Sampler sampler({.repetition_penalty = penalty}, 1, std::vector<std::int32_t>{0, 1, 2}, few.size());
    EXPECT_EQ(sampler.next(few), 0);
  }
}

TEST(Sampler, GoesOnFromTokensThatAnotherOneChose) {
  std::mt19937 random(4);
  for (auto options : {GenerationOptions{}, sampling(1, 50), sampling(1, 0), sampling(0.7, 0, 0.5), sampling(1, 0, 1, 0.1)}) {
    options.repetition_penalty = 1.3;
    Sampler first(options, 9, {}, 400);
    Sampler second(options, 9, {}, 400);
    for (int i = 0; i < 20; ++i) {
      auto scores = random_scores(random, 400);
      second.accept(first.next(scores).value());
    }
    for (int i = 0; i < 20; ++i) {
      auto scores = random_scores(random, 400);
      EXPECT_EQ(second.next(scores), first.next(scores));
    }
  }
}

TEST(Sampler, AVocabularyOfOneTokenHasOneAnswer) {
  std::vector<float> scores = {-5};
  for (const auto& options :
       {GenerationOptions{}, sampling(1, 50), sampling(1, 0), sampling(1, 0, 0.5), sampling(1, 0, 1, 0.5)}) {
    Sampler sampler(options, 1, {}, 1);
    EXPECT_EQ(sampler.next(scores), 0);
  }
}

}  // namespace
}  // namespace berth
