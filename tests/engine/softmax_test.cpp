#include "engine/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace berth {
namespace {

TEST(Softmax, WeightsAreWithinThePrecisionPromised) {
  std::vector<float> scores;
  for (double score = 3; score > -83.9; score -= 0.0037) scores.push_back(static_cast<float>(score));
  std::vector<float> weights(scores.size());
  for (const double temperature : {1.0, 3.0}) {
    const double sum = softmax_weights(scores, 3, temperature, weights);
    double exact_sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      // The quotient is rounded to a float, and so are its digits in the weight.
      const double depth = (static_cast<double>(scores[i]) - 3) / temperature;
      const double exact = std::exp(depth);
      exact_sum += exact;
      ASSERT_NEAR(weights[i] / exact, 1, 3e-7 + 1.3e-7 * -depth) << scores[i];
    }
    EXPECT_NEAR(sum / exact_sum, 1, 1e-6);
  }
}

TEST(Softmax, ExtremesHaveTheirLimits) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float most = std::numeric_limits<float>::max();
  const std::vector<float> scores = {most, -infinity, -most, 0, most};
  std::vector<float> weights(scores.size());
  for (const double temperature : {1e-300, 1e-30, 1.0, 1e30}) {
    EXPECT_EQ(softmax_weights(scores, most, temperature, weights), 2);
    EXPECT_EQ(weights, (std::vector<float>{1, 0, 0, 0, 1}));
  }
  const std::vector<float> small = {1, 2, 3};
  EXPECT_EQ(softmax_weights(small, 3, 1e300, weights), 3);  // so hot that all are as likely
}

}  // namespace
}  // namespace berth
