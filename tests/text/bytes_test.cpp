#include "text/bytes.h"

#include <gtest/gtest.h>

#include "random_values.h"

namespace berth {
namespace {

TEST(Bytes, AreReadInEachUnit) {
  EXPECT_EQ(parse_bytes("0"), 0U);
  EXPECT_EQ(parse_bytes("100"), 100U);
  EXPECT_EQ(parse_bytes("100 B"), 100U);
  EXPECT_EQ(parse_bytes("2kB"), 2000U);
  EXPECT_EQ(parse_bytes("2 KiB"), 2048U);
  EXPECT_EQ(parse_bytes("1.5gib"), 1610612736U);
  EXPECT_EQ(parse_bytes("24GB"), 24000000000U);
  EXPECT_EQ(parse_bytes("1PiB"), std::uint64_t{1} << 50);
}

TEST(Bytes, NothingElseIsRead) {
  for (const auto* text : {"", "GiB", "-1", "+1", "1e3", "1 G", "1  GiB", "1 GiB ", " 1", "0x10", "inf", "nan", "1.2.3",
                           "9223372036854775808", "99999 PiB", "1,5 GiB"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(Bytes, AreReadAsTheyArePrinted) {
  test::Random random;
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(24 * (std::uint64_t{1} << 30)), "24 GiB");
  EXPECT_EQ(bytes_text(1000), "1000 B");
  for (int i = 0; i < 1000; ++i) {
    const auto bytes = static_cast<std::uint64_t>(random.below(1 << 30)) << random.below(20);
    ASSERT_EQ(parse_bytes(bytes_text(bytes)), bytes);
  }
}

}  // namespace
}  // namespace berth
