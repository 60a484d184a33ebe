#include "engine/text_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "text/utf8.h"

namespace berth {
namespace {

TEST(TextStream, LetsPlainTextThrough) {
  const std::vector<std::string> none;
  TextStream stream(none);
  EXPECT_EQ(stream.push("Hello"), "Hello");
  EXPECT_EQ(stream.push(" world"), " world");
  EXPECT_EQ(stream.finish(), "");
  EXPECT_FALSE(stream.stopped());
}

TEST(TextStream, HoldsBackTheBytesOfACharacterUntilItIsWhole) {
  const std::vector<std::string> none;
  TextStream stream(none);
  EXPECT_EQ(stream.push("\xF0\x9F"), "");
  EXPECT_EQ(stream.push("\x98"), "");
  EXPECT_EQ(stream.push("\x80!"), "\U0001F600!");
}

TEST(TextStream, HoldsBackWhatMayBecomeAStopWord) {
  const std::vector<std::string> stop = {"STOP"};
  TextStream stream(stop);
  EXPECT_EQ(stream.push("a ST"), "a ");
  EXPECT_EQ(stream.push("AR"), "STAR");
  EXPECT_EQ(stream.push(" ST"), " ");
  EXPECT_EQ(stream.push("OP and more"), "");
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.push("never seen"), "");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, StopsAtTheFirstOfSeveralStopWords) {
  const std::vector<std::string> stop = {"two", "one"};
  TextStream stream(stop);
  EXPECT_EQ(stream.push("zero one two"), "zero ");
  EXPECT_TRUE(stream.stopped());
}

TEST(TextStream, FindsAStopWordThatStartsWithinAnotherOnesStart) {
  const std::vector<std::string> stop = {"aab"};
  TextStream stream(stop);
  EXPECT_EQ(stream.push("aa"), "");
  EXPECT_EQ(stream.push("a"), "a");
  EXPECT_EQ(stream.push("b"), "");
  EXPECT_TRUE(stream.stopped());
}

TEST(TextStream, ShowsAtTheEndWhatWasHeldBack) {
  const std::vector<std::string> stop = {"STOP"};
  TextStream stream(stop);
  EXPECT_EQ(stream.push("STO"), "");
  EXPECT_EQ(stream.finish(), "STO");
}

/// However a text is cut into pushes, the same comes out, and each chunk is whole characters.
TEST(TextStream, DoesNotDependOnHowTheBytesAreCut) {
  std::mt19937 random(7);
  const std::vector<std::string> parts = {"a", "ab", "END", "EN", "\u00E9", "\U0001F600", "\xE2\x82", "\xFF", " ", "D"};
  const std::vector<std::string> stop = {"END", "\u00E9\u00E9"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = std::uniform_int_distribution(0, 12)(random); i > 0; --i) text += parts[random() % parts.size()];

    TextStream whole(stop);
    std::string expected = whole.push(text);
    expected += whole.finish();

    TextStream cut(stop);
    std::string got;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t n = 1 + random() % 3;
      const auto chunk = cut.push(std::string_view(text).substr(at, n));
      EXPECT_EQ(valid_utf8(chunk), chunk);
      got += chunk;
      at += n;
    }
    got += cut.finish();
    ASSERT_EQ(got, expected) << "text: " << testing::PrintToString(text);
    ASSERT_EQ(cut.stopped(), whole.stopped());
    for (const auto& word : stop) ASSERT_EQ(got.find(word), std::string::npos);
  }
}

}  // namespace
}  // namespace berth
