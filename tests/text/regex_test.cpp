#include "text/regex.h"

#include <gmock/gmock.h>

#include "json_file.h"
#include "refusal.h"

namespace berth {
namespace {
using test::json_file;
using test::refusal;
using testing::AllOf;
using testing::HasSubstr;

Value as_value(const std::vector<RegexMatch>& matches) {
  Value::Array all;
  for (const auto& match : matches) {
    Value::Array one{match.begin, match.end};
    for (std::size_t i = 1; i < match.groups.size(); ++i)
      one.push_back(match.groups[i] ? Value(*match.groups[i]) : Value());
    all.emplace_back(std::move(one));
  }
  return all;
}

TEST(Regex, FindsWhatPythonFinds) {
  const auto python = json_file("python/regex.json");
  const auto& cases = python.find("finditer")->as_array();
  ASSERT_GT(cases.size(), 500U);
  for (const auto& one : cases) {
    const auto& pattern = one.find("pattern")->as_string();
    const auto& text = one.find("text")->as_string();
    EXPECT_EQ(as_value(Regex(pattern).find_all(text)), *one.find("matches")) << pattern << " in " << one;
  }
}

TEST(Regex, RefusesWhatPythonRefuses) {
  const auto python = json_file("python/regex.json");
  for (const auto& pattern : python.find("refused")->as_array())
    EXPECT_THAT(refusal([&] { (void)Regex(pattern.as_string()); }), HasSubstr(" is wrong at position ")) << pattern;
}

TEST(Regex, SaysWhereAPatternIsWrong) {
  EXPECT_EQ(refusal([] { Regex("ab\\h"); }), "The regular expression 'ab\\h' is wrong at position 2: bad escape \\h");
  EXPECT_EQ(refusal([] { Regex("(?u)\\u0061{,3}(b"); }),
            "The regular expression '(?u)\\u0061{,3}(b' is wrong at position 16: missing closing parenthesis");
  EXPECT_THAT(refusal([] { Regex("\xff"); }), HasSubstr("position 0: UTF-8 error"));
}

TEST(Regex, SearchesFromAPlaceAndSeesWhatIsBeforeIt) {
  const Regex regex(R"((?<=a)b)");
  EXPECT_EQ(regex.search("abab")->begin, 1U);
  EXPECT_EQ(regex.search("abab", 2)->begin, 3U);
  EXPECT_EQ(regex.search("abab", 3)->begin, 3U);
  EXPECT_FALSE(regex.search("abab", 4));
  EXPECT_FALSE(regex.search("abab", 5));
}

TEST(Regex, MatchesAWholeTextWhereTheFirstAlternativeMatchesAPart) {
  EXPECT_TRUE(Regex("a|ab").full_match("ab"));
  EXPECT_FALSE(Regex("a|ab").full_match("ab\n"));
  EXPECT_TRUE(Regex("").full_match(std::string_view()));
}

TEST(Regex, NamesItsGroups) {
  const Regex regex(R"((?P<year>\d{4})(?:-(?P<month>\d\d))?)");
  EXPECT_EQ(regex.group_count(), 2U);
  const std::string text = "in 2024";
  const auto match = regex.search(text);
  EXPECT_EQ(match->text(), "2024");
  EXPECT_EQ(match->group(*regex.group_number("year")), "2024");
  EXPECT_EQ(match->groups[*regex.group_number("month")], std::nullopt);
  EXPECT_EQ(match->group(*regex.group_number("month")), "");
  EXPECT_EQ(regex.group_number("day"), std::nullopt);
}

TEST(Regex, GivesUpOnAMatchWithoutEnd) {
  const std::string text(5000, 'a');
  EXPECT_THAT(refusal([&] { (void)Regex(R"((a|a?)+\d)").search(text); }),
              AllOf(HasSubstr("takes too many steps"), HasSubstr("5000 bytes")));
}

TEST(Regex, MatchesLongTextsThatNeedMuchMemory) {
  const std::string text = std::string(100'000, 'a') + "\n";
  EXPECT_EQ(Regex(R"((?:.|\n)*)").search(text)->end, text.size());
}

TEST(Regex, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(refusal([] { (void)Regex("a").search("a\xff"); }), HasSubstr("UTF-8 error"));
  EXPECT_THAT(refusal([] { (void)Regex("a").find_all("a\xc3"); }), HasSubstr("UTF-8 error"));
  EXPECT_THAT(refusal([] { (void)Regex("a").search("\xc3\xbc", 1); }), HasSubstr("cannot be matched"));
}

}  // namespace
}  // namespace berth
