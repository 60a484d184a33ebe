#include "berth/filters.h"

#include <gmock/gmock.h>

#include "berth/value_traits.h"
#include "json_file.h"
#include "random_values.h"
#include "refusal.h"

namespace berth {
namespace {
using test::refusal;
using testing::HasSubstr;

Value::Object comparison(std::string field, std::string op, Value value) {
  return {{"field", std::move(field)}, {"operator", std::move(op)}, {"value", std::move(value)}};
}

/// true, false, or what the error says.
Value answer(const Value::Object& filters, const Document& document) {
  try {
    return document_matches_filter(filters, document);
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
}

TEST(Filters, MatchWhatHaystackMatches) {
  const auto file = test::json_file("retrieval/filters.json");
  const auto documents = from_value<std::vector<Document>>(*file.find("documents"));
  ASSERT_GT(file.find("matches")->as_array().size(), 250U);
  for (const auto& one : file.find("matches")->as_array()) {
    const auto& filters = one.as_array()[0].as_object();
    const auto& expected = one.as_array()[1].as_array();
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const auto found = answer(filters, documents[i]);
      const Value& haystack = expected[expected.size() == 1 ? 0 : i];
      if (haystack == Value("TypeError"))
        EXPECT_TRUE(found.is_string()) << one.as_array()[0] << " on document " << documents[i].id;
      else
        EXPECT_EQ(found, haystack) << one.as_array()[0] << " on document " << documents[i].id;
    }
  }
}

TEST(Filters, OfOppositeOperatorsExcludeEachOther) {
  test::Random random;
  for (int i = 0; i < 2000; ++i) {
    const Document document({.id = "1", .meta = {{"x", random.value()}}});
    const auto value = random.value();
    EXPECT_NE(answer(comparison("meta.x", "==", value), document), answer(comparison("meta.x", "!=", value), document));
    EXPECT_EQ(answer(comparison("x", "==", value), document),
              answer(comparison("meta.x", "in", Value::Array{value}), document));
    const Value condition = comparison("meta.x", "==", value);
    const auto logic = [&](const char* op) {
      return answer({{"operator", op}, {"conditions", Value::Array{condition}}}, document);
    };
    EXPECT_EQ(logic("AND"), logic("OR"));
    EXPECT_NE(logic("AND"), logic("NOT"));
    EXPECT_EQ(answer(comparison("meta.x", "==", document.meta.at("x")), document), Value(true));
  }
}

TEST(Filters, RefuseWhatIsNone) {
  const Document document({.id = "1"});
  EXPECT_EQ(refusal([&] {
              document_matches_filter({{"field", 3}}, document);
            }),
            "The 'field' of a filter must be a string, not of type 'int'");
  EXPECT_EQ(refusal([&] {
              document_matches_filter({{"operator", "AND"}, {"conditions", "x"}}, document);
            }),
            "The 'conditions' of a filter must be a list, not of type 'str'");
  EXPECT_EQ(refusal([&] {
              document_matches_filter({{"operator", "OR"}, {"conditions", Value::Array{3}}}, document);
            }),
            "A condition of a filter must be a dictionary, not of type 'int'");
  test::Random random;
  for (int i = 0; i < 2000; ++i) (void)answer(random.object(), document);
}

TEST(Filters, KeepControlCharactersOutOfTheirErrors) {
  EXPECT_THAT(refusal([] { document_matches_filter(comparison("x", "\x1b[2J", 1), Document({.id = "1"})); }),
              HasSubstr("Unknown comparison operator '\\x1b[2J'."));
}

}  // namespace
}  // namespace berth
