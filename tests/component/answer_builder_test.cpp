#include "berth/answer_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth {
namespace {

const Value::Array documents = {Document({.id = "0", .content = "B"}), Document({.id = "1", .content = "P"}),
                                Document({.id = "2", .content = "R"})};
const std::string reference = R"(\[(\d+)\])";

std::vector<GeneratedAnswer> answers(AnswerBuilderParameters parameters, Value::Array replies,
                                     Value::Object inputs = {}) {
  AnswerBuilder builder(std::move(parameters));
  inputs.set("query", "q");
  inputs.set("replies", std::move(replies));
  return from_value<std::vector<GeneratedAnswer>>(run_component(builder, inputs).at("answers"));
}

std::string answer(const std::string& pattern, const std::string& reply) {
  return answers({.pattern = pattern}, {reply}).at(0).data;
}

std::string refusal(AnswerBuilderParameters parameters, Value::Array replies, const Value::Object& inputs = {}) {
  try {
    answers(std::move(parameters), std::move(replies), inputs);
    return "";
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
}

/// "1+ 2-": the source_index of each document, and whether it was referenced.
std::string sources(const GeneratedAnswer& answer) {
  std::string text;
  for (const auto& document : answer.documents) {
    text += (text.empty() ? "" : " ") + std::to_string(document.meta.at("source_index").as_int());
    if (const Value* referenced = document.meta.find("referenced")) text += referenced->as_bool() ? "+" : "-";
  }
  return text;
}

TEST(AnswerBuilder, TakesTheGroupOrTheWholeMatchForTheAnswer) {
  EXPECT_EQ(answer("Answer: (.*)", "x. Answer: y"), "y");
  EXPECT_EQ(answer("[^ ]+$", "x. Answer: y"), "y");
  EXPECT_EQ(answer("z(a)?", "x"), "");
  EXPECT_EQ(answer("z(a)?", "xz"), "z");
}

TEST(AnswerBuilder, GivesTheDocumentsThatAReplyRefersTo) {
  const Value::Object inputs{{"documents", documents}};
  EXPECT_EQ(sources(answers({}, {"[2]"}, inputs).at(0)), "1 2 3");
  EXPECT_EQ(sources(answers({.reference_pattern = reference}, {"Paris [2]."}, inputs).at(0)), "2+");
  EXPECT_EQ(sources(answers({.reference_pattern = reference, .return_only_referenced_documents = false},
                            {"Paris [2][9][0]."}, inputs)
                        .at(0)),
            "1- 2+ 3-");
  EXPECT_EQ(sources(answers({.reference_pattern = reference}, {"[99999999999999999999][3]"}, inputs).at(0)), "3+");
  EXPECT_EQ(answers({.reference_pattern = reference}, {"[2]"}, inputs).at(0).documents.at(0).id, "1");
}

TEST(AnswerBuilder, ExpandsRangesOfReferences) {
  const Value::Object inputs{{"documents", documents}};
  const AnswerBuilderParameters ranges{.reference_pattern = reference, .expand_reference_ranges = true};
  EXPECT_EQ(sources(answers(ranges, {"[1-2,3] [9-1]"}, inputs).at(0)), "1+ 2+ 3+");
  EXPECT_EQ(sources(answers(ranges, {"[2-99999999999]"}, inputs).at(0)), "2+ 3+");
  auto off = inputs;
  off.set("expand_reference_ranges", false);
  EXPECT_EQ(sources(answers(ranges, {"[1-2] [3]"}, off).at(0)), "3+");
}

TEST(AnswerBuilder, KeepsAllRepliesAndTheirMeta) {
  const auto made = answers({}, {ChatMessage::from_assistant("hi", {{"x", 1}, {"y", 1}})},
                            {{"meta", Value::Array{Value::Object{{"y", 2}}}}});
  EXPECT_EQ(
      made.at(0),
      (GeneratedAnswer{"hi",
                       "q",
                       {},
                       {{"x", 1},
                        {"y", 2},
                        {"all_messages", Value::Array{ChatMessage::from_assistant("hi", {{"x", 1}, {"y", 1}})}}}}));
  const auto last = answers({.last_message_only = true}, {"a", "b"},
                            {{"meta", Value::Array{Value::Object{{"m", 1}}, Value::Object{{"m", 2}}}}});
  EXPECT_EQ(last, (std::vector<GeneratedAnswer>{{"b", "q", {}, {{"m", 2}, {"all_messages", Value::Array{"a", "b"}}}}}));
  EXPECT_TRUE(answers({.last_message_only = true}, {}).empty());
}

TEST(AnswerBuilder, WarnsOfReferencesToNoDocument) {
  std::vector<std::string> told;
  AnswerBuilder builder({.reference_pattern = R"(\[(\d+)\])"});
  run_component(builder, {{"query", "q"}, {"replies", Value::Array{"[1] [99]"}}, {"documents", documents}},
                {{}, [&](LogLevel, std::string_view message) { told.emplace_back(message); }});
  EXPECT_THAT(told, testing::ElementsAre("Document index '99' referenced in Generator output is out of range."));
}

TEST(AnswerBuilder, RefusesWhatItCannotUse) {
  EXPECT_EQ(refusal({}, {"a", "b"}, {{"meta", Value::Array{Value::Object{{"a", 1}}}}}),
            "Number of replies (2), and metadata (1) must match.");
  EXPECT_EQ(
      refusal({.pattern = "(a)(b)"}, {"a"}),
      "Pattern '(a)(b)' contains multiple capture groups. Please specify a pattern with at most one capture group.");
  EXPECT_EQ(refusal({}, {"a"}, {{"pattern", "(a)(b)"}}), refusal({.pattern = "(a)(b)"}, {"a"}));
  EXPECT_NE(refusal({.pattern = "("}, {"a"}), "");
  const Value::Object inputs{{"documents", documents}};
  EXPECT_THAT(refusal({.reference_pattern = R"(\[(\w)\])"}, {"[a]"}, inputs),
              testing::HasSubstr("invalid literal for int() with base 10: 'a'"));
  EXPECT_THAT(refusal({.reference_pattern = "(1)(2)"}, {"12"}, inputs), testing::HasSubstr("has 2 groups"));
  EXPECT_NE(refusal({}, {1}), "");
}

TEST(AnswerBuilder, StandsInADictionaryAsHaystackWritesIt) {
  const auto dict = Value::from_json(
      R"({"type": "haystack.components.builders.answer_builder.AnswerBuilder", "init_parameters": {"pattern": null, )"
      R"("reference_pattern": null, "last_message_only": false, "return_only_referenced_documents": true, )"
      R"("expand_reference_ranges": false}})");
  EXPECT_EQ(AnswerBuilder().to_dict(), dict);
  EXPECT_EQ(component_from_dict(dict)->to_dict(), dict);
}

TEST(AnswerBuilder, TakesAnEmptyPatternOfItsOwnForOneThatMatchesNothing) {
  EXPECT_EQ(answer("", "Answer: yes"), "");
  EXPECT_EQ(answers({.pattern = "y.s"}, {"Answer: yes"}, {{"pattern", ""}}).at(0).data, "yes");
}

TEST(AnswerBuilder, AsksForOneGroupOnlyWhereThereIsAReference) {
  const std::string two = R"(\[(\d)-(\d)\])";
  EXPECT_EQ(answers({.reference_pattern = two}, {"no [1]"}, {{"documents", documents}}).at(0).documents.size(), 0U);
  EXPECT_EQ(answers({.reference_pattern = two}, {"[1-2]"}).at(0).data, "[1-2]");
  EXPECT_NE(refusal({.reference_pattern = two}, {"[1-2]"}, {{"documents", documents}}), "");
}

}  // namespace
}  // namespace berth
