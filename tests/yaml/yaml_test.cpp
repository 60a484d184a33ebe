#include "yaml/yaml.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "berth/error.h"
#include "random_values.h"

namespace berth::yaml {
namespace {

using testing::AllOf;
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
  for (const char* text : {"1:.", "1:60", "01:02", "1:"}) EXPECT_EQ(resolve(text), Value(text));
  EXPECT_EQ(resolve("-9223372036854775807"), Value(-9223372036854775807));
  EXPECT_EQ(resolve("1.5"), Value(1.5));
  EXPECT_EQ(resolve(".5"), Value(0.5));
  EXPECT_EQ(resolve("1.e+3"), Value(1000.0));
  EXPECT_EQ(resolve("-.inf"), Value(-std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(std::isnan(resolve(".nan").as_double()));
  for (const char* text : {"1e3", "y", "0o7", "1.5.2", "-", "+", ".", "1__x", "nan", "cuda:0", "0x", "08"})
    EXPECT_EQ(resolve(text), Value(text));
}

TEST(YamlResolve, KeepsIntegersBeyond64Bits) {
  EXPECT_EQ(resolve("9223372036854775808").int_text(), "9223372036854775808");
  EXPECT_EQ(resolve("-9223372036854775808"), Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(resolve("0xFFFFFFFFFFFFFFFF").int_text(), "18446744073709551615");
  EXPECT_EQ(resolve("-0x1_0000_0000_0000_0000").int_text(), "-18446744073709551616");
  EXPECT_EQ(resolve("0b1" + std::string(100, '0')).int_text(), "1267650600228229401496703205376");
  EXPECT_EQ(resolve("0" + std::string(40, '7')).int_text(), "1329227995784915872903807060280344575");
  EXPECT_EQ(resolve("123_456_789_012_345_678_901_234_567_890").int_text(), "123456789012345678901234567890");
  EXPECT_EQ(resolve("99999999999999999999:59").int_text(), "5999999999999999999999");
  EXPECT_EQ(resolve("0000"), Value(0));
}

TEST(YamlResolve, IsPyYamlsForLongNumbersToo) {
  EXPECT_EQ(resolve("0." + std::string(1000, '3')), Value(1.0 / 3));
  EXPECT_EQ(resolve("1" + std::string(400, '0') + ".5"), Value(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(resolve("1.0e-400"), Value(0.0));
  EXPECT_EQ(resolve("190:20:30.15"), Value(685230.15));
  EXPECT_EQ(resolve(std::string(500, '1') + "x"), Value(std::string(500, '1') + "x"));
}

TEST(YamlRead, RefusesIntegersBeyondTheRangeOfADouble) {
  EXPECT_THAT(refused("a: 1\nb: 1" + std::string(400, '0')),
              AllOf(HasSubstr("line 2, column 4: found '1000"), HasSubstr("about 308 digits")));
  EXPECT_THAT(refused("0x1" + std::string(2000, '0')), HasSubstr("about 308 digits"));
  EXPECT_THAT(refused("0b_"), HasSubstr("expected an integer"));
}

TEST(YamlRead, ObeysTags) {
  EXPECT_EQ(
      read("[!!float 1, !!null x, !!int \"3\", !!str 3, !!bool \"yes\", !!float '-.inf', !!float 1e3, !!int 0x10]"),
      Value(Value::Array{1.0, nullptr, 3, "3", true, -std::numeric_limits<double>::infinity(), 1000.0, 16}));
  EXPECT_EQ(read("[! 3, ! x, ! \"4\"]"), Value(Value::Array{3, "x", 4}));
  // Python's int() takes the prefix of the base too.
  EXPECT_EQ(read("[!!int 0o17, !!int 0O17, !!int -0o17, !!int 0x0x1f, !!int 0b0b11, !!int 0o1_7]"),
            Value(Value::Array{15, 15, -15, 31, 3, 15}));
  for (const auto* text : {"0X1F", "0o", "0o8"})
    EXPECT_THAT(refused("!!int " + std::string(text)), HasSubstr("expected an integer")) << text;
  EXPECT_THAT(refused("- !!int x"), HasSubstr("line 1, column 3: found 'x', expected an integer"));
  EXPECT_THAT(refused("!!float x"), HasSubstr("found 'x', expected a number"));
  EXPECT_THAT(refused("!!bool 2"), HasSubstr("found '2', expected a boolean"));
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
  EXPECT_THAT(refused("a: 1\na: 2"), HasSubstr("line 2, column 1: found the key 'a' twice"));
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

TEST(YamlRead, WhatIsMergedComesFirstAndGivesWay) {
  const auto text = [](const char* yaml) { return read(yaml).to_json(); };
  EXPECT_EQ(text("b: 1\n<<: {a: 2, b: 3}\nc: 4\n"), R"({"a": 2, "b": 1, "c": 4})");
  EXPECT_EQ(text("<<: [{a: 1}, {a: 2, b: 2}]\n"), R"({"a": 1, "b": 2})");
  EXPECT_EQ(text("<<: {a: 1}\n<<: {a: 2}\n"), R"({"a": 2})");
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

// Recorded from PyYAML: prompts in several languages, longer than a line; any letters at all; keys around the longest.
TEST(YamlWrite, IsPyYamlsByteForByte) {
  std::ifstream file(BERTH_TEST_DATA_DIR "/yaml/written.json");
  const auto recorded = Value::from_json(std::string(std::istreambuf_iterator<char>(file), {}));
  for (const auto& each : recorded.find("cases")->as_array()) {
    const auto& expected = each.find("yaml")->as_string();
    EXPECT_EQ(write(*each.find("value")), expected);
    if (each.find("value")->is_object()) {
      EXPECT_EQ(read(expected), *each.find("value"));
    }
  }
}

TEST(YamlWrite, RefusesTextThatIsNotUtf8) {
  EXPECT_THROW(write(Value::Object{{"a", "\xFF"}}), std::invalid_argument);
  EXPECT_THROW(write(Value::Object{{"\xC3", 1}}), std::invalid_argument);
}

TEST(YamlWrite, PutsAnEmptyKeyAfterAQuestionMark) {
  EXPECT_EQ(write(Value::Object{{"", "cuda:1"}, {"a", 1}}), "? ''\n: cuda:1\na: 1\n");
  EXPECT_EQ(write(Value::Object{{"map", Value::Object{{"", Value::Object{{"b", Value::Array{1}}}}}}}),
            "map:\n  ? ''\n  : b:\n    - 1\n");
}

TEST(YamlWrite, KeysOfMaxMemoryAreNumbersAsAccelerateWantsThem) {
  const std::string mixed = "max_memory:\n  1: 10GiB\n  0: 2GiB\n  cpu: 30GiB\n";  // Python cannot sort these
  EXPECT_EQ(write(read(mixed)), mixed);
  EXPECT_EQ(read(mixed),
            Value(Value::Object{{"max_memory", Value::Object{{"1", "10GiB"}, {"0", "2GiB"}, {"cpu", "30GiB"}}}}));
  EXPECT_EQ(write(read("max_memory: {10: a, 9: b}")), "max_memory:\n  9: b\n  10: a\n");
  EXPECT_EQ(write(Value::Object{{"other", Value::Object{{"0", 1}}}}), "other:\n  '0': 1\n");
  for (const char* text : {"0: a", "x: {0: a}", "max_memory: {-1: a}", "max_memory: {1.5: a}", "max_memory: [{0: a}]",
                           "- max_memory: 1\n- {0: a}", "max_memory: {0: {0: a}}", "max_memory: {0: a, '0': b}"})
    EXPECT_THROW(read(text), FormatError) << text;
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
