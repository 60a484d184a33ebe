#include "text/rate.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Rate, HasTheDigitsThatSaySomething) {
  EXPECT_EQ(rate_text(161889.4), "161889");
  EXPECT_EQ(rate_text(1000), "1000");
  EXPECT_EQ(rate_text(61.34), "61.3");
  EXPECT_EQ(rate_text(0.97), "1.0");
  EXPECT_EQ(rate_text(0.034), "0.034");
}

}  // namespace
}  // namespace berth
