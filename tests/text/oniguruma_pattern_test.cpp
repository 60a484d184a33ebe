#include "text/oniguruma_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "refusal.h"
#include "text/regex.h"

namespace berth::test {
namespace {

using Spans = std::vector<std::pair<std::size_t, std::size_t>>;

Spans spans(std::string_view pattern, std::string_view text) {
  Spans found;
  Regex(pattern, Regex::Dialect::oniguruma).for_each_span(text, [&](std::size_t begin, std::size_t end) {
    found.emplace_back(begin, end);
  });
  return found;
}

TEST(OnigurumaPattern, KnowsItsOwnEscapes) {
  EXPECT_EQ(spans(R"(\h+)", "xAf09z"), (Spans{{1, 5}}));
  EXPECT_EQ(spans(R"(\v)", "a\nb\vc"), (Spans{{3, 4}}));
  EXPECT_EQ(spans(R"(\u00e9|\x{1F6A2})", "é🚢"), (Spans{{0, 2}, {2, 6}}));
  EXPECT_EQ(spans(R"(a.b)", "a\nb"), Spans());
  EXPECT_EQ(spans(R"((?m:a.b))", "a\nb"), (Spans{{0, 3}}));
  EXPECT_EQ(spans(R"(a\Ob)", "a\nb"), (Spans{{0, 3}}));
  EXPECT_EQ(spans(R"(^b$)", "a\nb\nc"), (Spans{{2, 3}}));
}

TEST(OnigurumaPattern, PicturesWithoutAJoinerAreTwo) {
  EXPECT_EQ(spans(R"(\X)", "😀👩a"), (Spans{{0, 4}, {4, 8}, {8, 9}}));
  EXPECT_EQ(spans(R"(\X)", "👩‍👧😀"), (Spans{{0, 11}, {11, 15}}));
  EXPECT_EQ(spans(R"(\X)", "👍🏽👍🏽"), (Spans{{0, 8}, {8, 16}}));
  EXPECT_EQ(spans(R"(\X+)", "©®e\u0301"), (Spans{{0, 7}}));
}

TEST(OnigurumaPattern, WordsHaveMarksAndSpacesAreUnicodes) {
  EXPECT_EQ(spans(R"(\w+)", "e\u0301t\u203fx"), (Spans{{0, 8}}));
  EXPECT_EQ(spans(R"(\s)", "a\u180eb\u3000"), (Spans{{5, 8}}));
  EXPECT_EQ(spans(R"([^\S\n]+)", " \n\t"), (Spans{{0, 1}, {2, 3}}));
  EXPECT_EQ(spans(R"(\b)", "a b"), (Spans{{0, 0}, {1, 1}, {2, 2}, {3, 3}}));
}

TEST(OnigurumaPattern, ClassesHoldClassesAndMeet) {
  EXPECT_EQ(spans(R"([a-z&&[^aeiou]]+)", "abcde"), (Spans{{1, 4}}));
  EXPECT_EQ(spans(R"([^a[b-c]]+)", "abcde"), (Spans{{3, 5}}));
  EXPECT_EQ(spans(R"([[:alpha:]_-]+)", "a_-1"), (Spans{{0, 3}}));
  EXPECT_EQ(spans(R"([[:punct:]])", "a+"), (Spans{{1, 2}}));
  EXPECT_EQ(spans(R"([]a]+)", "]a"), (Spans{{0, 2}}));
  EXPECT_EQ(spans(R"(\p{Han}+)", "中、文"), (Spans{{0, 3}, {6, 9}}));
  EXPECT_EQ(spans(R"(\p{^Lower_case Letter}+)", "abC1"), (Spans{{2, 4}}));
}

TEST(OnigurumaPattern, PlusBehindAnIntervalRepeatsIt) {
  EXPECT_EQ(spans(R"(x{2,3}+x)", "xxxxxxx"), (Spans{{0, 7}}));
  EXPECT_EQ(spans(R"((ab){,2}c)", "ababc"), (Spans{{0, 5}}));
  EXPECT_EQ(spans(R"(a{x})", "a{x}"), (Spans{{0, 4}}));
}

TEST(OnigurumaPattern, EmptyMatchesRightBehindAnotherArePassedOver) {
  EXPECT_EQ(spans("a*", "baac"), (Spans{{0, 0}, {1, 3}, {4, 4}}));
  EXPECT_EQ(spans("|b", "bé"), (Spans{{0, 0}, {1, 1}, {3, 3}}));
  EXPECT_EQ(spans("", "中"), (Spans{{0, 0}, {3, 3}}));
}

TEST(OnigurumaPattern, RefusesWhatItCannotSay) {
  const auto problem = [](std::string_view pattern) {
    return refusal([&] { Regex(pattern, Regex::Dialect::oniguruma); });
  };
  EXPECT_EQ(problem("a(?~b)"),
            "The regular expression 'a(?~b)' is wrong at position 1: the group '(?~' is not supported");
  EXPECT_EQ(problem("[a"), "The regular expression '[a' is wrong at position 0: a class without end");
  EXPECT_EQ(problem("a\\"), "The regular expression 'a\\' is wrong at position 1: an escape at the end of the pattern");
  EXPECT_EQ(problem("a)"), "The regular expression 'a)' is wrong at position 1: unmatched close parenthesis");
  EXPECT_NE(problem(std::string(100, '[')).find("too many classes within classes"), std::string::npos);
}

}  // namespace
}  // namespace berth::test
