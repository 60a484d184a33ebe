#include "text/lower_case.h"

#include <gtest/gtest.h>

#include "json_file.h"

namespace berth {
namespace {

TEST(LowerCase, IsPythons) {
  const auto answers = test::json_file("python/lower_case.json");
  ASSERT_EQ(answers.find("lower")->as_array().size(), 15U);
  for (const auto& one : answers.find("lower")->as_array())
    EXPECT_EQ(lower_case(one.as_array()[0].as_string()), one.as_array()[1].as_string());
}

TEST(LowerCase, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(lower_case("A\xff\xc3"), "a\uFFFD\uFFFD");
  EXPECT_EQ(lower_case("\xffΑΣ"), "\uFFFDας");
}

}  // namespace
}  // namespace berth
