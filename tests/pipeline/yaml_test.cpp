#include "pipeline/yaml.h"

#include <gmock/gmock.h>

#include <cmath>

#include "berth/error.h"
#include "random_values.h"

namespace berth::yaml {
namespace {

using testing::HasSubstr;

std::string refused(std::string_view text) {
  try {
    read(text);
  } catch (const FormatError& problem) {
    return problem.what();
  }
  ADD_FAILURE() << "this was read: " << text;
  return {};
}

TEST(YamlResolve, IsPyYamls) {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) EXPECT_TRUE(resolve(text).is_null()) << text;
  for (const char* text : {"yes", "On", "TRUE"}) EXPECT_EQ(resolve(text), Value(true)) << text;
  for (const char* text : {"no", "Off", "FALSE"}) EXPECT_EQ(resolve(text), Value(false)) << text;
  EXPECT_EQ(resolve("010"), Value(8));
  EXPECT_EQ(resolve("0x1F"), Value(31));
  EXPECT_EQ(resolve("0b101"), Value(5));
  EXPECT_EQ(resolve("1_000"), Value(1000));
  EXPECT_EQ(resolve("-17"), Value(-17));
  EXPECT_EQ(resolve("1:30"), Value(90));
  EXPECT_EQ(resolve("-9223372036854775807"), Value(-9223372036854775807));
  EXPECT_EQ(resolve("1.5"), Value(1.5));
  EXPECT_EQ(resolve(".5"), Value(0.5));
  EXPECT_EQ(resolve("1.e+3"), Value(1000.0));
  EXPECT_EQ(resolve("-.inf"), Value(-std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(std::isnan(resolve(".nan").as_double()));
  for (const char* text : {"1e3", "y", "0o7", "1.5.2", "-", "+", ".", "1__x", "nan", "cuda:0", "0x", "08"})
    EXPECT_EQ(resolve(text), Value(text));
}

TEST(YamlRead, TakesAliasesMergesAndStyles) {
  EXPECT_EQ(
      read("a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  l: 2\n"),
      Value(Value::Object{
          {"a", Value::Object{{"k", 1}}}, {"b", Value::Object{{"k", 1}}}, {"c", Value::Object{{"k", 1}, {"l", 2}}}}));
  EXPECT_EQ(read("- 'yes'\n- \"1\"\n- |\n  a\n  b\n- !!str 5\n- !!python/tuple [1]\n"),
            Value(Value::Array{"yes", "1", "a\nb\n", "5", Value::Array{1}}));
  EXPECT_TRUE(read("").is_null());
}

TEST(YamlRead, RefusesWhatIsHostileOrWrong) {
  EXPECT_THAT(refused("a: 1\na: 2"), HasSubstr("line 2, column 1: the key 'a' twice"));
  EXPECT_THAT(refused("1: a"), HasSubstr("text as a key"));
  EXPECT_THAT(refused("--- a\n--- b"), HasSubstr("a second document"));
  EXPECT_THAT(refused("*x"), HasSubstr("alias"));
  EXPECT_THAT(refused("!!python/name:os.system x"), HasSubstr("tag"));
  EXPECT_THAT(refused("a: b: c"), HasSubstr("line 1"));
  EXPECT_THAT(refused("a: \x01"), HasSubstr("expected YAML"));
  EXPECT_THAT(refused(std::string(100'000, '[')), HasSubstr("nesting beyond"));
  EXPECT_THAT(refused("<<: 3"), HasSubstr("merge"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j == 0 ? "*a" : ", *a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(refused(bomb), HasSubstr("anchors and aliases that repeat more than a million values"));
}

TEST(YamlWrite, IsPyYamls) {
  const Value::Object object{{"b", Value::Array{1, "1", 1.0, 1e17, nullptr, true, "yes", ""}},
                             {"a", Value::Object{{"text", "two\nlines"}, {"none", Value::Object{}}}},
                             {"date", "2020-01-01"}};
  EXPECT_EQ(
      write(object),
      "a:\n  none: {}\n  text: 'two\n\n    lines'\nb:\n- 1\n- '1'\n- 1.0\n- 1.0e+17\n- null\n- true\n- 'yes'\n- ''\n"
      "date: '2020-01-01'\n");
}

TEST(YamlWrite, IsReadBack) {
  test::Random random;
  for (int i = 0; i < 500; ++i) {
    const Value value = Value::Object{{"value", random.value()}};
    const auto text = write(value);
    ASSERT_EQ(read(text), value) << text;
    ASSERT_EQ(write(read(text)), text);
  }
}

TEST(YamlLocate, FindsThePlaceOfANameOrTheNearestAroundIt) {
  constexpr auto text = "a: 1\nb:\n  c:\n  - x\n  - d: 2\n";
  const auto at = [&](const std::vector<std::string>& path) {
    const auto mark = locate(text, path);
    return std::pair(mark.line, mark.column);
  };
  using Place = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(at({}), Place(1, 1));
  EXPECT_EQ(at({"b"}), Place(2, 1));
  EXPECT_EQ(at({"b", "c", "1", "d"}), Place(5, 5));
  EXPECT_EQ(at({"b", "nothing"}), Place(2, 1));
  EXPECT_EQ(at({"b", "c", "7"}), Place(3, 3));
}

}  // namespace
}  // namespace berth::yaml
