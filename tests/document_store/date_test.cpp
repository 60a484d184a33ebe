#include "document_store/date.h"

#include <gtest/gtest.h>

#include "json_file.h"

namespace berth {
namespace {

TEST(FilterDate, IsWhatHaystackReads) {
  const auto answers = test::json_file("retrieval/dates.json");
  ASSERT_GT(answers.find("dates")->as_array().size(), 60U);
  for (const auto& one : answers.find("dates")->as_array()) {
    const auto& text = one.as_array()[0].as_string();
    const auto date = parse_date(text);
    const Value& clock = one.as_array()[1];
    ASSERT_EQ(date.has_value(), !clock.is_null()) << text;
    if (!date) continue;
    // Python writes its answers in ISO 8601.
    const auto expected = parse_date(clock.as_string());
    EXPECT_EQ(date->clock, expected->clock) << text << " " << clock;
    const Value offset = date->offset ? Value(date->offset->count()) : Value();
    EXPECT_EQ(offset, one.as_array()[2]) << text;
  }
}

TEST(FilterDate, CountsFromTheEpoch) {
  EXPECT_EQ(parse_date("1970-01-02")->clock.time_since_epoch(), std::chrono::hours(24));
  EXPECT_EQ(parse_date("1970-01-01T00:00:01.5")->clock.time_since_epoch(), std::chrono::milliseconds(1500));
}

TEST(FilterDate, TakesTheDayOfTodayWhereOnlyAMonthIsSaid) {
  const auto month = parse_date("2023-02");
  ASSERT_TRUE(month);
  EXPECT_GE(month->clock, parse_date("2023-02-01")->clock);
  EXPECT_LE(month->clock, parse_date("2023-02-28")->clock);
  EXPECT_TRUE(parse_date("2023"));
}

TEST(FilterDate, OfOneClockWithoutOffsetIsTakenToBeOfTheOther) {
  EXPECT_EQ(compare(*parse_date("2020-01-01T10:00+02:00"), *parse_date("2020-01-01T08:00Z")), 0);
  EXPECT_EQ(compare(*parse_date("2020-01-01T10:00+02:00"), *parse_date("2020-01-01T10:00")), 0);
  EXPECT_LT(compare(*parse_date("2020-01-01T10:00"), *parse_date("2020-01-01T10:00:00.000001Z")), 0);
  EXPECT_GT(compare(*parse_date("2020-01-01T10:00Z"), *parse_date("2020-01-01T10:00+01:00")), 0);
}

TEST(FilterDate, IsNotInLongOrBrokenText) {
  EXPECT_FALSE(parse_date(std::string(1'000'000, '2')));
  EXPECT_FALSE(parse_date("2020-01-0\xff"));
  EXPECT_FALSE(parse_date("99999999999999999999-01-01"));
}

}  // namespace
}  // namespace berth
