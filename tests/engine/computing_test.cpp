/// What calls of an engine should take, by what they took before.
#include "engine/computing.h"

#include <gtest/gtest.h>

#include <thread>

namespace berth {
namespace {

using std::chrono::milliseconds;

void compute(std::size_t tokens, milliseconds time, bool waits = true) {
  Computing computing(tokens, waits);
  std::this_thread::sleep_for(time);
  if (waits) computing.finish();
}

/// What is known of a call of that many tokens, which fails.
std::optional<Computing::Clock::duration> usual(std::size_t tokens) {
  const Computing computing(tokens);
  return Computing::now().usual;
}

TEST(Computing, IsKnownByWhatCameBeforeIt) {
  EXPECT_FALSE(Computing::now().usual);
  const auto number = Computing::now().number;
  compute(100, milliseconds(50));
  EXPECT_FALSE(Computing::now().usual) << "nothing is computed";
  EXPECT_NE(Computing::now().number, number);
  EXPECT_GE(usual(1), milliseconds(50)) << "no longer than many";
  compute(100, milliseconds(50));
  EXPECT_GE(usual(101), milliseconds(100));
  compute(1, milliseconds(5));
  compute(100, milliseconds(50));
  EXPECT_LT(usual(1), milliseconds(50));
  EXPECT_GE(usual(1), Computing::Clock::duration::zero());
}

TEST(Computing, OfACallThatDoesNotWaitIsPartOfTheNext) {
  compute(100, milliseconds(50));
  compute(1, milliseconds(20));
  compute(100, milliseconds(0), false);
  EXPECT_GE(usual(100), milliseconds(100)) << "200 tokens";
}

TEST(Computing, OfSeveralAtTheSameTimeMayWaitForEachOther) {
  compute(1, milliseconds(20));
  const Computing first(1);
  const auto alone = Computing::now().usual;
  const Computing second(1);
  EXPECT_EQ(Computing::now().usual, *alone * 2);
}

}  // namespace
}  // namespace berth
