#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <limits>

#include "berth/error.h"
#include "berth/value.h"
#include "random_values.h"

namespace berth {
namespace {

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
}

/// "OFFSET: found FOUND, expected EXPECTED" of the error that `text` gives.
std::string error_of(std::string_view text) {
  try {
    return "no error: " + Value::from_json(text).to_json();
  } catch (const FormatError& error) {
    return std::to_string(error.offset()) + ": found " + error.found() + ", expected " + error.expected();
  }
}

TEST(Json, ReadsWhatItWrites) {
  test::Random random;
  for (int i = 0; i < 3000; ++i) {
    const Value value = random.value();
    for (const int indent : {-1, 0, 2}) {
      const auto text = value.to_json(indent);
      const auto read = Value::from_json(text);
      ASSERT_EQ(read, value) << text;
      ASSERT_EQ(read.to_json(indent), text);  // the order too
    }
  }
}

TEST(Json, IsWrittenAsPythonWritesIt) {
  const Value value = Value::from_json(R"({"b":[1,2.5,{}],"a":{"x":null,"y":[]}})");
  EXPECT_EQ(value.to_json(), R"({"b": [1, 2.5, {}], "a": {"x": null, "y": []}})");
  EXPECT_EQ(value.to_json(2), R"({
  "b": [
    1,
    2.5,
    {}
  ],
  "a": {
    "x": null,
    "y": []
  }
})");
}

TEST(Json, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(Value("\"\\\b\f\n\r\t\x01\x1f/\x7f\xC3\xBC").to_json(), R"("\"\\\b\f\n\r\t\u0001\u001f/)"
                                                                    "\x7f\xC3\xBC\"");
  EXPECT_EQ(Value::from_json(R"("\u00fc\ud83d\ude00\/")"), Value("\xC3\xBC\xF0\x9F\x98\x80/"));
}

TEST(Json, WritesValidUtf8Only) {
  EXPECT_EQ(Value("a\xff"
                  "b")
                .to_json(),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(Value("\xED\xA0\x80").to_json(), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // a surrogate
  EXPECT_EQ(Value("\xC0\x80").to_json(), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                  // overlong
  EXPECT_EQ(Value("\xF4\x90\x80\x80").to_json().size(), 2u + 4 * 3);                       // beyond U+10FFFF
  EXPECT_EQ(Value("\xE2\x82").to_json(), "\"\xEF\xBF\xBD\"");                              // cut short
}

TEST(Json, KeepsWhatIsAnIntegerAndWhatIsNot) {
  EXPECT_TRUE(Value::from_json("1").is_int());
  EXPECT_TRUE(Value::from_json("1.0").is_double());
  EXPECT_TRUE(Value::from_json("1e2").is_double());
  EXPECT_EQ(Value::from_json("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(Value::from_json("-9223372036854775808"), Value(std::numeric_limits<std::int64_t>::min()));
}

TEST(Json, KeepsIntegersBeyond64Bits) {
  for (const auto* text :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
        "123456789012345678901234567890", "-1000000000000000019884624838656"}) {
    const auto value = Value::from_json(text);
    EXPECT_TRUE(value.is_large_int()) << text;
    EXPECT_EQ(value.to_json(), text);
    EXPECT_EQ(Value::from_json(value.to_json()), value);
  }
  EXPECT_EQ(Value(std::numeric_limits<std::uint64_t>::max()), Value::from_json("18446744073709551615"));
  EXPECT_EQ(error_of(std::string(310, '1')).substr(0, 27), "310: found number overflow ");
}

TEST(Json, HasNoInfinities) {
  EXPECT_EQ(Value(std::numeric_limits<double>::infinity()).to_json(), "null");
  EXPECT_EQ(Value(std::nan("")).to_json(), "null");
  EXPECT_EQ(error_of("[1e999]"),
            "7: found number overflow parsing '1e999', expected a number within the range of a double");
  EXPECT_THROW(Value::from_json("NaN"), FormatError);
}

TEST(Json, TellsWhereItBreaks) {
  EXPECT_EQ(error_of(""), "0: found unexpected end of input, expected '[', '{', or a literal");
  EXPECT_EQ(error_of("{\"a\": 1"), "7: found unexpected end of input, expected '}'");
  EXPECT_EQ(error_of("[1] x").substr(0, 17), "5: found invalid ");
  EXPECT_EQ(error_of("{\"a\": 1, \"a\": 2}"), "12: found the name \"a\" twice in one object, expected each name once");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const char* text :
       {"{",      "[",   "\"",   "[1,]", "{\"a\":}", "{a: 1}",           "'a'",         "01",     "1.",
        ".5",     "+1",  "tru",  "nul",  "[1 2]",    "\"\\x\"",          "\"\\ud800\"", "\"\t\"", "{\"a\" 1}",
        "{1: 2}", "[]]", "// c", "\xff", "\"\xff\"", "\"\xED\xA0\x80\"", "1 2"})
    EXPECT_THROW(Value::from_json(text), FormatError) << text;
  EXPECT_THROW(Value::from_json(std::string_view("1\0", 2)), FormatError);
}

TEST(Json, LimitsTheDepth) {
  EXPECT_NO_THROW(Value::from_json(nested(512)));
  EXPECT_EQ(error_of(nested(513)), "513: found more than 512 levels, expected at most 512");
  EXPECT_THROW(Value::from_json(nested(2000000)), FormatError);
  EXPECT_THROW(Value::from_json(std::string(1000000, '[')), FormatError);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  EXPECT_THROW(Value::from_json(objects), FormatError);
}

TEST(Json, RepeatsLittleOfAHostileText) {
  const std::string name(1000000, 'x');
  EXPECT_LT(error_of("{\"" + name + "\": 1, \"" + name + "\": 2}").size(), 500u);
  EXPECT_LT(error_of("[" + name + "]").size(), 500u);
  EXPECT_LT(error_of("\"" + name).size(), 500u);
  for (const auto& text : {error_of("{\"\x7f\": 1, \"\x7f\": 2}"), error_of("[\"\x1b[31m\"]"), error_of("[\"\xff\"]")})
    for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << text;
}

// Names that are hard on a scan, and on a table of hashes that is not one.
TEST(Json, ReadsManyNamesInLittleTime) {
  const auto start = std::clock();  // of the processor: others may keep the machine busy
  std::string text = "{";
  for (int i = 0; i < 100000; ++i)
    text += (i == 0 ? "\"" : ", \"") + std::string(40, 'n') + std::to_string(i) + "\": 1";
  const auto value = Value::from_json(text + "}");
  EXPECT_EQ(value.as_object().size(), 100000u);
  EXPECT_THROW(Value::from_json(text + ", \"" + std::string(40, 'n') + "0\": 1}"), FormatError);
  EXPECT_LT(std::clock() - start, 30 * CLOCKS_PER_SEC);
}

// Cut, doubled and changed texts: an answer or a FormatError, never anything else.
TEST(Json, BearsAnyText) {
  test::Random random(2);
  for (int i = 0; i < 3000; ++i) {
    std::string text = random.value().to_json();
    for (int change = random.below(4); change >= 0; --change) {
      const auto at = static_cast<std::size_t>(random.below(static_cast<int>(text.size()) + 1));
      switch (random.below(3)) {
        case 0:
          text.erase(at);
          break;
        case 1:
          text.insert(at, 1, static_cast<char>(random.below(256)));
          break;
        default:
          text.insert(at, text.substr(at / 2));
      }
      if (text.size() > 10000) break;
    }
    try {
      const auto value = Value::from_json(text);
      ASSERT_EQ(Value::from_json(value.to_json()), value);
    } catch (const FormatError& error) {
      ASSERT_LE(error.offset(), text.size());
    }
  }
}

}  // namespace
}  // namespace berth
