#include "text/printable.h"

#include <gtest/gtest.h>

#include "random_values.h"
#include "text/utf8.h"

namespace berth {
namespace {

TEST(Printable, LeavesOrdinaryTextAsItIs) {
  for (const char* text : {"", "cuda:0", "it's \"quoted\" \\ back", "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, EscapesWhatActsOnATerminal) {
  EXPECT_EQ(printable("a\x1b[31m"), "a\\x1b[31m");
  EXPECT_EQ(printable(std::string_view("\0\n\t\r\x7f", 5)), "\\x00\\n\\t\\r\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"), "\\x9b");  // C1: also starts an escape sequence
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\u202e"
            "b");  // turns the writing round
  EXPECT_EQ(printable("\xE2\x81\xA6\xE2\x80\xA8"), "\\u2066\\u2028");
}

TEST(Printable, ShowsBytesThatAreNoText) {
  EXPECT_EQ(printable("a\xff\xfe"), "a\\xff\\xfe");
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xC0\x80"), "\\xc0\\x80");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable(std::string(200, 'x')), std::string(200, 'x'));
  EXPECT_EQ(printable(std::string(201, 'x')), std::string(200, 'x') + "...");
  EXPECT_EQ(printable("ab\xC3\xBC", 3), "ab...");
  EXPECT_EQ(printable("ab\xC3\xBC", 4), "ab\xC3\xBC");
}

TEST(Escaped, KeepsLinesWhereAsked) {
  EXPECT_EQ(escaped("a\n\tb\r"), "a\\n\\tb\\r");
  EXPECT_EQ(escaped("a\n\tb\r", true), "a\n\tb\\r");
  EXPECT_EQ(escaped(std::string(1000, 'x')).size(), 1000U);
}

TEST(Printable, IsAlwaysValidAndShort) {
  test::Random random;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (int n = random.below(400); n > 0; --n) bytes += static_cast<char>(random.below(256));
    std::string_view text;
    const std::string shown = printable(bytes);
    ASSERT_LE(shown.size(), 200u * 6 + 3);
    for (text = shown; !text.empty(); text.remove_prefix(first_character(text).length)) {
      ASSERT_EQ(first_character(text).state, Utf8Character::whole);
      ASSERT_GE(static_cast<unsigned char>(text.front()), 0x20);
    }
    ASSERT_EQ(printable(shown, shown.size()), shown);
  }
}

TEST(InMarkup, KeepsTheCharactersOfMarkupAndOfTerminalsOut) {
  EXPECT_EQ(in_markup("<a href=\"x\">R&D\x1b</a>"), "&lt;a href=&quot;x&quot;&gt;R&amp;D\\x1b&lt;/a&gt;");
}

}  // namespace
}  // namespace berth
