/// Numbers, texts and errors as Python has them; what is expected was taken from there.
#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "jinja/big_integer.h"
#include "jinja/rendered.h"

namespace berth {
namespace {

using Kind = TemplateError::Kind;
using jinja::BigInteger;
using test::rendered;

TEST(PythonValues, AreExactNumbers) {
  EXPECT_EQ(rendered("{{ 9223372036854775807 + 1 }} {{ 2 ** 100 // 3 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7.5 // -2 }}"),
            "9223372036854775808 422550200076076467165567735125 -4 2 -4.0");
  EXPECT_EQ(rendered("{{ x }} {{ x * 100 }} {{ 1e16 }} {{ 1.0 }} {{ 0.1 + 0.2 }} {{ 10 ** -2 }}", {{"x", 52.520008}}),
            "52.520008 5252.0008 1e+16 1.0 0.30000000000000004 0.01");
  EXPECT_EQ(rendered("{{ 1 == 1.0 == true }} {{ 2 ** 53 + 1 == 2.0 ** 53 }} {{ {1: 'a'}[true] }} {{ 1 < 2 < 2 }}"),
            "True False a False");
}

TEST(PythonValues, AreTextsOfAllOfUnicode) {
  EXPECT_EQ(rendered("{{ 'straße' | upper }} {{ 'ǆ' | title }} {{ 'ΟΔΟΣ' | lower }} {{ 'éa'[0] }} {{ 'ﬁx'.title() }} "
                     "{{ 'ß'.casefold() }} {{ 'ñ' | length }} {{ '🎉é'[::-1] }}"),
            "STRASSE Ǆ οδος é Fix ss 1 é🎉");
}

TEST(PythonValues, HaveErrorsOfTheirKinds) {
  const std::vector<std::pair<const char*, Kind>> all = {
      {"{{ 1 / 0 }}", Kind::zero_division},  {"{{ 1 is divisibleby 0 }}", Kind::zero_division},
      {"{{ x.y.z }}", Kind::undefined},      {"{{ 1 + 'a' }}", Kind::type},
      {"{{ 'a'.index('b') }}", Kind::value}, {"{{ ''.__class__.__mro__ }}", Kind::security},
      {"{% include 'x' %}", Kind::type},     {"{{ [].pop() }}", Kind::other},
      {"{{ 1 | nope }}", Kind::syntax},      {"{% if 0 %}{{ 1 | nope }}{% endif %}{{ 1 < 'a' }}", Kind::type}};
  for (const auto& [source, kind] : all) {
    try {
      ADD_FAILURE() << source << " gave " << rendered(source);
    } catch (const TemplateError& error) {
      EXPECT_EQ(error.kind(), kind) << source << ": " << error.what();
      EXPECT_EQ(error.line(), 1U) << source;
    }
  }
}

TEST(PythonValues, ErrorsTellTheirPlace) {
  try {
    rendered("a\n  {{ 'é' ~ 1 }}{{ b.c.d }}");
    FAIL();
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.line(), 2U);
    EXPECT_EQ(error.column(), 20U);
    EXPECT_STREQ(error.what(), "The template cannot be rendered: 'b' is undefined (line 2, column 20)");
  }
}

TEST(PythonValues, AListIsNotChangedInAChat) {
  const JinjaTemplate chat("{{ [].append(1) }}", JinjaTemplate::Kind::chat);
  try {
    (void)chat.render({});
    FAIL();
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.kind(), Kind::security);
  }
  EXPECT_EQ(rendered("{% set l = [] %}{% set _ = l.append(1) %}{{ l }}"), "[1]");
}

TEST(PythonValues, ATextBeforeLoopControlsStays) {
  const JinjaTemplate chat(
      "{% for x in l %}{{ x }}{% if x == 2 %}b{% break %}{% endif %}{% if x %}c{% continue %}{% endif %}d"
      "{% endfor %}!",
      JinjaTemplate::Kind::chat);
  EXPECT_EQ(chat.render({{"l", Value::Array{0, 1, 2, 3}}}), "0d1c2b!");
}

TEST(PythonValues, AChatKnowsTheTime) {
  jinja::Environment environment;
  environment.chat = true;
  environment.clock = [] {
    return jinja::Environment::Clock::from_time_t(1'700'000'000) + std::chrono::microseconds(250);
  };
  EXPECT_EQ(JinjaTemplate("{{ strftime_now('%Y') }}", environment).render({}), "2023");
  // As a time without a zone says it.
  EXPECT_EQ(JinjaTemplate("{{ strftime_now('%z%Z|%f|%%z|%%%f|%') }}", environment).render({}), "|000250|%z|%000250|%");
}

/// Laws of whole numbers, over many of them.
TEST(BigIntegers, DivideAndMultiplyBack) {
  BigInteger a(1);
  BigInteger b(-3);
  for (int i = 1; i < 60; ++i) {
    a = a * BigInteger(0x7FFF'FFFF'FFFF'FFE7) + BigInteger(i);
    if (i % 3 == 0) b = b * BigInteger(0x7FFF'FFFF) - BigInteger(i);
    for (const auto& [x, y] : {std::pair(a, b), std::pair(-a, b), std::pair(b, a), std::pair(-b, -a)}) {
      const auto [quotient, rest] = floor_divide(x, y);
      EXPECT_EQ(quotient * y + rest, x);
      EXPECT_TRUE(rest.is_zero() || rest.negative() == y.negative());
      EXPECT_LT(rest.negative() ? -rest : rest, y.negative() ? -y : y);
    }
    const auto text = a.to_string();
    EXPECT_EQ(BigInteger::from_digits(text, 10), a);
    EXPECT_EQ(BigInteger::from_digits(a.to_string(16), 16), a);
  }
}

}  // namespace
}  // namespace berth
