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

}  // namespace
}  // namespace berth
