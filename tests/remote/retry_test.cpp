#include "remote/retry.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

constexpr double now = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT

TEST(Retry, ComesAfterWhatMayPass) {
  for (const long status : {408, 409, 429, 500, 502, 503, 504, 529})
    EXPECT_TRUE(should_retry(status, {}, now)) << status;
  for (const long status : {300, 302, 400, 401, 403, 404, 405, 413, 422})
    EXPECT_FALSE(should_retry(status, {}, now)) << status;
}

TEST(Retry, ComesWhereTheServerSaysSo) {
  EXPECT_TRUE(should_retry(400, {.should_retry = "true"}, now));
  EXPECT_FALSE(should_retry(500, {.should_retry = "false"}, now));
  EXPECT_TRUE(should_retry(500, {.should_retry = "perhaps"}, now));
}

TEST(Retry, DoesNotComeWhereTheServerAsksForMoreThanTwoMinutes) {
  EXPECT_TRUE(should_retry(429, {.retry_after = "120"}, now));
  EXPECT_FALSE(should_retry(429, {.retry_after = "121"}, now));
  EXPECT_FALSE(should_retry(429, {.retry_after = "1e999"}, now));
  EXPECT_FALSE(should_retry(429, {.retry_after = "Tue, 14 Nov 2023 22:16:20 GMT", .should_retry = "true"}, now));
}

TEST(Retry, WaitsAsTheServerAsks) {
  EXPECT_EQ(seconds_asked_for({.retry_after = "7"}, now), 7);
  EXPECT_EQ(seconds_asked_for({.retry_after = "1.5"}, now), 1.5);
  EXPECT_EQ(seconds_asked_for({.retry_after_ms = "250", .retry_after = "7"}, now), 0.25);
  EXPECT_EQ(seconds_asked_for({.retry_after_ms = "soon", .retry_after = "7"}, now), 7);
  EXPECT_EQ(seconds_asked_for({.retry_after = "Tue, 14 Nov 2023 22:13:50 GMT"}, now), 30);
  EXPECT_EQ(retry_delay(3, 30, 0.5), 30);
}

TEST(Retry, PassesOverWhatCannotBeRead) {
  for (const auto* text : {"", "soon", "7 s", "nan", "-inf", "inf", "0x10"})
    EXPECT_EQ(seconds_asked_for({.retry_after = text}, now), std::nullopt) << text;
}

TEST(Retry, WaitsLongerEachTimeAndEightSecondsAtMost) {
  double before = 0;
  for (const auto retries : {0, 1, 2, 3, 4}) {
    EXPECT_EQ(retry_delay(retries, {}, 0), 0.5 * (1 << retries));
    EXPECT_GT(retry_delay(retries, {}, 0.999), before);
    EXPECT_GE(retry_delay(retries, {}, 0.999), retry_delay(retries, {}, 0) * 0.75);
    before = retry_delay(retries, {}, 0) / 2;
  }
  EXPECT_EQ(retry_delay(5, {}, 0), 8);
  EXPECT_EQ(retry_delay(2'000'000'000, {}, 0), 8);
}

TEST(Retry, DoesNotTrustAWaitThatIsOverOrAbsurd) {
  EXPECT_EQ(retry_delay(0, -5, 0), 0.5);
  EXPECT_EQ(retry_delay(0, 0, 0), 0.5);
  EXPECT_EQ(retry_delay(0, 1e9, 0), 0.5);
}

}  // namespace
}  // namespace berth
