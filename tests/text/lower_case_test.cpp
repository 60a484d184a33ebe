#include "text/lower_case.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "berth/value.h"

namespace berth {
namespace {

TEST(LowerCase, IsPythons) {
  std::ifstream file(BERTH_TEST_DATA_DIR "/python/lower_case.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto answers = Value::from_json(text.str());
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
