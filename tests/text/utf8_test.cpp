#include "text/utf8.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(FirstCharacter, HasItsCodePoint) {
  EXPECT_EQ(first_character("A").code, 0x41U);
  EXPECT_EQ(first_character("\u00E9.").code, 0xE9U);
  EXPECT_EQ(first_character("\u20AC.").code, 0x20ACU);
  EXPECT_EQ(first_character("\U0001F600.").code, 0x1F600U);
  EXPECT_EQ(first_character("\U0001F600.").length, 4U);
}

TEST(FirstCharacter, TellsWhatIsCutFromWhatIsBroken) {
  EXPECT_EQ(first_character("\xE2\x82").state, Utf8Character::cut);
  EXPECT_EQ(first_character("\xE2\x82").length, 2U);
  EXPECT_EQ(first_character("\xE2\x82|").state, Utf8Character::broken);
  EXPECT_EQ(first_character("\x82").state, Utf8Character::broken);
}

TEST(ValidUtf8, ReplacesEachMaximalBrokenPart) {
  EXPECT_EQ(valid_utf8("ok \xC3\xA9"), "ok \u00E9");
  EXPECT_EQ(valid_utf8("\xFF"), "\uFFFD");
  EXPECT_EQ(valid_utf8("\xC3"), "\uFFFD");
  EXPECT_EQ(valid_utf8("\xE2\x82|"), "\uFFFD|");
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\uFFFD\uFFFD");                      // an overlong form
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");            // a surrogate
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // beyond U+10FFFF
}

TEST(IsUtf8, IsWhatNothingIsReplacedIn) {
  for (const std::string text :
       {"", "ok", "ok \xC3\xA9", "\xFF", "ok \xC3", "\xE2\x82|", "\xED\xA0\x80", "\xC3\xA9 ok"})
    EXPECT_EQ(is_utf8(text), valid_utf8(text) == text) << text;
}

}  // namespace
}  // namespace berth
