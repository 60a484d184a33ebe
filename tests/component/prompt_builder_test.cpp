#include "berth/prompt_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "berth/document.h"
#include "refusal.h"

namespace berth {
namespace {

using test::refusal;
std::string prompt(PromptBuilder& builder, const Value::Object& inputs) {
  return run_component(builder, inputs).at("prompt").as_string();
}

std::vector<std::string> names(const Component& component) {
  std::vector<std::string> names;
  for (const auto& socket : component.inputs()) names.push_back(socket.name);
  return names;
}

TEST(PromptBuilder, FillsDocumentsAndVariablesIntoItsTemplate) {
  PromptBuilder builder({.prompt_template =
                             "{% for d in documents %}{{ loop.index }}: {{ d.content }} ({{ d.meta.page }})\n"
                             "{% endfor %}{{ query }}"});
  EXPECT_EQ(prompt(builder, {{"documents", Value::Array{Document({.content = "Rome is old.", .meta = {{"page", 3}}})}},
                             {"query", "How old?"}}),
            "1: Rome is old. (3)\nHow old?");
}

TEST(PromptBuilder, HasAnInputForEachVariable) {
  EXPECT_THAT(names(PromptBuilder({.prompt_template = "{{ a }}{% set b = c %}{{ b }}"})),
              testing::UnorderedElementsAre("a", "c", "template", "template_variables"));
  EXPECT_THAT(names(PromptBuilder({.prompt_template = "{{ a }}", .variables = std::vector<std::string>{"x", "y"}})),
              testing::UnorderedElementsAre("x", "y", "template", "template_variables"));
}

TEST(PromptBuilder, TakesAnEmptyTextForWhatIsNotRequired) {
  PromptBuilder builder({.prompt_template = "[{{ a }}{{ b.c }}]"});
  EXPECT_EQ(prompt(builder, {}), "[]");
}

TEST(PromptBuilder, NeedsWhatIsRequired) {
  for (const auto& required : {RequiredVariables("*"), RequiredVariables(std::vector<std::string>{"a"})}) {
    PromptBuilder builder({.prompt_template = "{{ a }}", .required_variables = required});
    EXPECT_THAT(refusal([&] { prompt(builder, {}); }), testing::HasSubstr("input 'a' is missing"));
    EXPECT_EQ(prompt(builder, {{"a", 1}}), "1");
  }
  PromptBuilder builder({.prompt_template = "{{ x }}{{ y }}",
                         .required_variables = std::vector<std::string>{"x", "z"},
                         .variables = std::vector<std::string>{"y"}});
  EXPECT_EQ(
      refusal([&] {
        prompt(builder, {{"y", 1}});
      }),
      "Missing required input variables in PromptBuilder: x, z. Required variables: ['x', 'z']. Provided variables: "
      "{'y'}.");
  EXPECT_EQ(prompt(builder, {{"y", 1}, {"template_variables", Value::Object{{"x", 2}, {"z", 3}}}}), "21");
}

TEST(PromptBuilder, TakesAnotherTemplateAndOtherVariablesForOneRun) {
  PromptBuilder builder({.prompt_template = "{{ a }}"});
  EXPECT_EQ(
      prompt(builder, {{"a", 1}, {"template", "{{ a }}, {{ b }}"}, {"template_variables", Value::Object{{"b", 2}}}}),
      "1, 2");
  EXPECT_EQ(prompt(builder, {{"a", 1}, {"template_variables", Value::Object{{"a", 3}}}}), "3");
  EXPECT_EQ(prompt(builder, {{"a", 1}}), "1");
}

TEST(PromptBuilder, StandsInADictionaryAsHaystackWritesIt) {
  const auto dict = Value::from_json(
      R"({"type": "haystack.components.builders.prompt_builder.PromptBuilder", "init_parameters": {"template": "{{x}}", )"
      R"("variables": null, "required_variables": "*"}})");
  EXPECT_EQ(PromptBuilder({.prompt_template = "{{x}}", .required_variables = "*"}).to_dict(), dict);
  EXPECT_EQ(component_from_dict(dict)->to_dict(), dict);
}

TEST(PromptBuilder, RefusesWhatItCannotUse) {
  EXPECT_THAT(refusal([] { PromptBuilder({}); }), testing::HasSubstr("needs a template"));
  EXPECT_THAT(refusal([] { PromptBuilder({.prompt_template = "{{"}); }), testing::HasSubstr("This is no template"));
  EXPECT_THAT(refusal([] { PromptBuilder({.prompt_template = "", .required_variables = "a"}); }),
              testing::HasSubstr("required_variables is 'a': it is a list of names or \"*\" for all"));
}

}  // namespace
}  // namespace berth
