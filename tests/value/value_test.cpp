#include "berth/value.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "berth/error.h"
#include "refusal.h"
#include "value/python_compare.h"
#include "value/python_text.h"

namespace berth {
namespace {

using test::refusal;
TEST(Value, HoldsEachType) {
  EXPECT_TRUE(Value().is_null());
  EXPECT_TRUE(Value(nullptr).is_null());
  EXPECT_TRUE(Value(true).as_bool());
  EXPECT_EQ(Value(-3).as_int(), -3);
  EXPECT_EQ(Value(1.5).as_double(), 1.5);
  EXPECT_EQ(Value(2).as_double(), 2.0);
  EXPECT_EQ(Value("text").as_string(), "text");
  EXPECT_EQ(Value(Value::Array{1, "a"}).as_array().size(), 2u);
  EXPECT_EQ(*Value(Value::Object{{"a", 1}}).find("a"), Value(1));
}

TEST(Value, HasOneTypeOnly) {
  EXPECT_TRUE(Value(1).is_number() && Value(1.0).is_number());
  EXPECT_FALSE(Value(true).is_number());
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(Value(1), Value(true));
  EXPECT_NE(Value(), Value(false));
  EXPECT_NE(Value(""), Value());
}

TEST(Value, SaysWhatWasExpectedAndFound) {
  EXPECT_EQ(refusal([] { Value().as_bool(); }), "expected a boolean, found null");
  EXPECT_EQ(refusal([] { Value(1.0).as_int(); }), "expected an integer, found a number");
  EXPECT_EQ(refusal([] { Value("1").as_double(); }), "expected a number, found a string");
  EXPECT_EQ(refusal([] { Value(1).as_string(); }), "expected a string, found an integer");
  EXPECT_EQ(refusal([] { Value(Value::Object{}).as_array(); }), "expected a list, found an object");
  EXPECT_EQ(refusal([] { Value(Value::Array{}).as_object(); }), "expected an object, found a list");
  EXPECT_EQ(refusal([] { Value(true).as_object(); }), "expected an object, found a boolean");
}

TEST(Value, ChangesInPlace) {
  Value value = Value::Object{{"list", Value::Array{}}};
  value.as_object().find("list")->as_array().push_back(1);
  EXPECT_EQ(value.to_json(), R"({"list": [1]})");
}

TEST(Value, FindsNothingInWhatIsNoObject) {
  EXPECT_EQ(Value("a").find("a"), nullptr);
  EXPECT_EQ(Value(Value::Object{}).find("a"), nullptr);
}

TEST(Value, KeepsAnUnsignedIntegerAbove63Bits) {
  EXPECT_EQ(Value(std::uint64_t{1} << 63), Value::integer("9223372036854775808"));
  EXPECT_EQ(Value((std::uint64_t{1} << 63) - 1), Value(std::numeric_limits<std::int64_t>::max()));
}

TEST(Value, EqualityOfObjectsDoesNotLookAtTheOrder) {
  const Value a = Value::Object{{"x", 1}, {"y", Value::Object{{"p", 1}, {"q", 2}}}};
  EXPECT_EQ(a, Value(Value::Object{{"y", Value::Object{{"q", 2}, {"p", 1}}}, {"x", 1}}));
  EXPECT_NE(a.to_json(), Value(Value::Object{{"y", 1}, {"x", 1}}).to_json());
}

TEST(Value, PrintsAsJson) {
  std::ostringstream out;
  out << Value(Value::Object{{"a", Value::Array{nullptr, true, 1, 1.0, "x"}}});
  EXPECT_EQ(out.str(), R"({"a": [null, true, 1, 1.0, "x"]})");
}

TEST(PythonText, IsWhatPythonWrites) {
  EXPECT_EQ(python_str(nullptr), "None");
  EXPECT_EQ(python_str(true), "True");
  EXPECT_EQ(python_str("it's"), "it's");
  EXPECT_EQ(python_str(Value::Array{"it's", "a\"b", "both '\"", "a\\b", "a\nb", 1, 1.0, false, nullptr}),
            R"(["it's", 'a"b', 'both \'"', 'a\\b', 'a\nb', 1, 1.0, False, None])");
  EXPECT_EQ(python_str(Value::Object{{"b", 0}, {"c", Value::Object{}}}), "{'b': 0, 'c': {}}");
}

TEST(PythonText, WritesFloatsAsPython) {
  const std::pair<double, const char*> cases[] = {{0.0, "0.0"},
                                                  {-0.0, "-0.0"},
                                                  {1.0, "1.0"},
                                                  {1.5, "1.5"},
                                                  {0.1, "0.1"},
                                                  {0.0001, "0.0001"},
                                                  {0.00001, "1e-05"},
                                                  {123456789.125, "123456789.125"},
                                                  {1e15, "1000000000000000.0"},
                                                  {1e16, "1e+16"},
                                                  {1.2345e22, "1.2345e+22"},
                                                  {5e-324, "5e-324"},
                                                  {1.7976931348623157e308, "1.7976931348623157e+308"}};
  for (const auto& [number, text] : cases) EXPECT_EQ(python_float(number), text);
  EXPECT_EQ(python_float(std::nan("")), "nan");
  EXPECT_EQ(python_float(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(Errors, SayWhereAndWhat) {
  const FormatError error("model.gguf", 8, "version 9", "version 2 or 3");
  EXPECT_STREQ(error.what(), "model.gguf: byte 8: found version 9, expected version 2 or 3");
  EXPECT_EQ(error.path(), "model.gguf");
  EXPECT_EQ(error.offset(), 8u);
  EXPECT_EQ(error.found(), "version 9");
  EXPECT_EQ(error.expected(), "version 2 or 3");
  EXPECT_STREQ(FormatError({}, 0, "nothing", "JSON").what(), "byte 0: found nothing, expected JSON");
  const EngineError engine("llama.cpp", "cuda:0", "out of memory");
  EXPECT_STREQ(engine.what(), "llama.cpp on cuda:0: out of memory");
  EXPECT_EQ(engine.engine(), "llama.cpp");
  EXPECT_EQ(engine.device(), "cuda:0");
  EXPECT_EQ(engine.cause(), "out of memory");
  EXPECT_STREQ(EngineError("llama.cpp", "", "no").what(), "llama.cpp: no");
}

TEST(Value, HoldsIntegersBeyond64Bits) {
  const auto large = Value::integer("18446744073709551616");
  EXPECT_FALSE(large.is_int());
  EXPECT_TRUE(large.is_large_int());
  EXPECT_TRUE(large.is_number());
  EXPECT_EQ(large.int_text(), "18446744073709551616");
  EXPECT_EQ(large.as_double(), 0x1p64);
  EXPECT_EQ(large.type_name(), "integer");
  EXPECT_EQ(refusal([&] { (void)large.as_int(); }), "expected an integer, found an integer beyond 64 bits");
  EXPECT_EQ(refusal([&] { (void)large.as_string(); }), "expected a string, found an integer beyond 64 bits");
}

TEST(Value, MakesIntegersOfDigits) {
  EXPECT_EQ(Value::integer("-9223372036854775808"), Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(Value::integer("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(Value::integer("+0007"), Value(7));
  EXPECT_EQ(Value::integer("-0"), Value(0));
  EXPECT_EQ(Value::integer("000"), Value(0));
  EXPECT_EQ(Value::integer("-00018446744073709551616").int_text(), "-18446744073709551616");
  EXPECT_EQ(Value::integer("1" + std::string(308, '0')).as_double(), 1e308);
  EXPECT_EQ(refusal([] { Value::integer("1" + std::string(309, '0')); }),
            "an integer of 310 digits is beyond the range of a double, about 308 digits");
  for (const auto* text : {"", "-", "+", "--1", "1.0", "0x1", " 1", "1e3"})
    EXPECT_THAT(refusal([&] { Value::integer(text); }), testing::HasSubstr("is no integer")) << text;
}

TEST(PythonOrder, IsExactBeyond64Bits) {
  const auto below = Value::integer("18446744073709551615");
  const auto at = Value::integer("18446744073709551616");
  const auto above = Value::integer("18446744073709551617");
  EXPECT_EQ(python_order(below, at), std::partial_ordering::less);
  EXPECT_EQ(python_order(above, at), std::partial_ordering::greater);
  EXPECT_EQ(python_order(at, Value(0x1p64)), std::partial_ordering::equivalent);
  EXPECT_EQ(python_order(above, Value(0x1p64)), std::partial_ordering::greater);
  EXPECT_EQ(python_order(Value(0x1p64), below), std::partial_ordering::greater);
  EXPECT_EQ(python_order(at, Value(1)), std::partial_ordering::greater);
  EXPECT_EQ(python_order(Value::integer("-18446744073709551616"), Value(true)), std::partial_ordering::less);
  EXPECT_EQ(python_order(at, Value(std::numeric_limits<double>::infinity())), std::partial_ordering::less);
  EXPECT_EQ(python_order(at, Value(std::nan(""))), std::partial_ordering::unordered);
  EXPECT_TRUE(python_equal(at, Value(0x1p64)));
  EXPECT_FALSE(python_equal(below, Value(0x1p64)));
  EXPECT_EQ(python_repr(at), "18446744073709551616");
  EXPECT_EQ(python_type_name(at), "int");
}

}  // namespace
}  // namespace berth
