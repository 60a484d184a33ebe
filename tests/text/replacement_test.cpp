#include "text/replacement.h"

#include <gmock/gmock.h>

#include "refusal.h"

namespace berth {
namespace {

std::string replaced(const std::string& pattern, const std::string& by, const std::string& text) {
  return Replacement(Regex(pattern), by).apply(text);
}

std::string refused_replacement(const std::string& pattern, const std::string& by) {
  return test::refusal([&] { Replacement(Regex(pattern), by); });
}

TEST(Replacement, PutsGroupsWhereTheyAreNamed) {
  EXPECT_EQ(replaced(R"((\w+)@(\w+))", R"(\2 at \1)", "a@b, c@d."), "b at a, d at c.");
  EXPECT_EQ(replaced(R"((?P<first>\w)(\w)?)", R"(\g<first>\g<2>\g<0>!)", "ab c"), "abab! cc!");
  EXPECT_EQ(replaced("(a)|b", R"([\1])", "ab"), "[a][]");
  EXPECT_EQ(replaced(R"((.)(.)(.)(.)(.)(.)(.)(.)(.)(.))", R"(\10\g<1>0)", "abcdefghij"), "ja0");
}

TEST(Replacement, KnowsPythonsEscapes) {
  EXPECT_EQ(replaced("x", R"(\n\t\\\.\060\0\377)", "x"), std::string("\n\t\\\\.0\0\xC3\xBF", 9));
  EXPECT_EQ(replaced("x", "ü", "axb"), "aüb");
}

TEST(Replacement, TakesEmptyMatchesAsPythonDoes) {
  EXPECT_EQ(replaced("x*", "-", "abxd"), "-a-b--d-");
  EXPECT_EQ(replaced("", "-", "é"), "-é-");
}

TEST(Replacement, RefusesWhatPythonRefuses) {
  EXPECT_EQ(refused_replacement("x", R"(a\1)"),
            R"(The replacement 'a\1' is wrong at position 1: the pattern has no group 1)");
  EXPECT_THAT(refused_replacement("x", R"(\g<name>)"), testing::HasSubstr("the pattern has no group 'name'"));
  EXPECT_THAT(refused_replacement("x", R"(\g1)"), testing::HasSubstr("a group's name is expected"));
  EXPECT_THAT(refused_replacement("x", R"(\q)"), testing::HasSubstr("bad escape \\q"));
  EXPECT_THAT(refused_replacement("x", R"(\777)"), testing::HasSubstr("beyond \\377"));
  EXPECT_THAT(refused_replacement("x", "\\"), testing::HasSubstr("ends in a backslash"));
}

}  // namespace
}  // namespace berth
