#include "berth/chat_prompt_builder.h"
#include "refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth {
namespace {

using test::refusal;
using Messages = std::vector<ChatMessage>;

Messages prompt(ChatPromptBuilder& builder, const Value::Object& inputs) {
  return from_value<Messages>(run_component(builder, inputs).at("prompt"));
}

const Messages conversation = {ChatMessage::from_system("Be {{ how }}."),
                               ChatMessage::from_user("{{ it }}?", {{"a", 1}}, "n"),
                               ChatMessage::from_assistant("{{ it }}")};

TEST(ChatPromptBuilder, RendersTheTextsOfTheSystemAndTheUser) {
  ChatPromptBuilder builder({.prompt_template = conversation});
  EXPECT_EQ(prompt(builder, {{"how", "brief"}, {"it", "rain"}}),
            (Messages{ChatMessage::from_system("Be brief."), ChatMessage::from_user("rain?", {{"a", 1}}, "n"),
                      ChatMessage::from_assistant("{{ it }}")}));
}

TEST(ChatPromptBuilder, MakesMessagesOfATemplateOfBlocks) {
  ChatPromptBuilder builder({.prompt_template = "{% message role='user' %}{{ a }}{% endmessage %}"});
  EXPECT_EQ(prompt(builder, {{"a", "Hi"}}), Messages{ChatMessage::from_user("Hi")});
}

TEST(ChatPromptBuilder, TakesItsTemplateAtRunTime) {
  ChatPromptBuilder builder;
  EXPECT_EQ(prompt(builder, {{"template", Value::Array{conversation[0]}},
                             {"template_variables", Value::Object{{"how", "kind"}}}}),
            Messages{ChatMessage::from_system("Be kind.")});
  EXPECT_EQ(prompt(builder, {{"template", "{% message role='system' %}a{% endmessage %}"}}),
            Messages{ChatMessage::from_system("a")});
}

TEST(ChatPromptBuilder, StandsInADictionaryAsHaystackWritesIt) {
  const auto dict = Value::from_json(
      R"({"type": "haystack.components.builders.chat_prompt_builder.ChatPromptBuilder", "init_parameters": {"template": [)"
      R"({"role": "system", "meta": {}, "name": null, "content": [{"text": "Be {{ how }}."}]}, {"role": "user", "meta": )"
      R"({"a": 1}, "name": "n", "content": [{"text": "{{ it }}?"}]}, {"role": "assistant", "meta": {}, "name": null, )"
      R"("content": [{"text": "{{ it }}"}]}], "variables": null, "required_variables": ["it"]}})");
  EXPECT_EQ(ChatPromptBuilder({.prompt_template = conversation, .required_variables = std::vector<std::string>{"it"}})
                .to_dict(),
            dict);
  EXPECT_EQ(component_from_dict(dict)->to_dict(), dict);
}

TEST(ChatPromptBuilder, RefusesWhatItCannotUseWithHaystacksReasons) {
  for (const auto& source : {std::optional<ChatTemplateSource>(), std::optional<ChatTemplateSource>(Messages()),
                             std::optional<ChatTemplateSource>("")}) {
    ChatPromptBuilder builder({.prompt_template = source});
    EXPECT_EQ(
        refusal([&] { prompt(builder, {}); }),
        "The ChatPromptBuilder requires a non-empty list of ChatMessage instances. Please provide a valid list of "
        "ChatMessage instances to render the prompt.");
  }
  EXPECT_THAT(
      refusal([] { ChatPromptBuilder({.prompt_template = Messages{ChatMessage(ChatRole::user, {})}}); }),
      testing::StartsWith("ChatMessages from user role must contain text. Received ChatMessage with no text: "));
  EXPECT_THAT(refusal([] {
                ChatPromptBuilder({.prompt_template = Messages{ChatMessage::from_user("{{ x | templatize_part }}")}});
              }),
              testing::StartsWith("The templatize_part filter cannot be used with a template containing a list of"));
}

TEST(ChatPromptBuilder, AsksForRequiredVariablesOnlyWhereThereIsATemplate) {
  const std::vector<std::string> required = {"q"};
  ChatPromptBuilder of_assistant(
      {.prompt_template = Messages{ChatMessage::from_assistant("{{ q }}")}, .required_variables = required});
  EXPECT_EQ(prompt(of_assistant, {}).at(0).text(), "{{ q }}");
  ChatPromptBuilder of_user({.prompt_template = Messages{ChatMessage::from_user("x")}, .required_variables = required});
  EXPECT_THAT(refusal([&] { prompt(of_user, {}); }), testing::HasSubstr("Missing required input variables"));
}

}  // namespace
}  // namespace berth
