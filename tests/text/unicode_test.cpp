#include "text/unicode.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(WithoutSpace, TakesUnicodesSpaceFromTheEndsAsked) {
  EXPECT_EQ(without_space(" \u3000a b\u00A0\n\x1c"), "a b");
  EXPECT_EQ(without_space(" a ", true, false), "a ");
  EXPECT_EQ(without_space(" a ", false, true), " a");
  EXPECT_EQ(without_space("\u2003"), "");
}

TEST(WithoutSpace, KeepsWhatIsNotUtf8) {
  EXPECT_EQ(without_space("a \xB9"), "a \xB9");
  EXPECT_EQ(without_space("a \xE2\x80 "), "a \xE2\x80");
  EXPECT_EQ(without_space("a  \x80\x80\x80"), "a  \x80\x80\x80");
}

TEST(Identifiers, AreThoseOfUnicode) {
  EXPECT_TRUE(starts_identifier('_') && starts_identifier('z') && starts_identifier(0x3C3) &&
              starts_identifier(0x2118));
  EXPECT_FALSE(starts_identifier('1') || starts_identifier(0x300) || starts_identifier(0xB2) || starts_identifier('-'));
  EXPECT_TRUE(continues_identifier('1') && continues_identifier(0x300) && continues_identifier(0xB7));
  EXPECT_FALSE(continues_identifier(0xB2) || continues_identifier(' ') || continues_identifier(0x10FFFF));
}

}  // namespace
}  // namespace berth
