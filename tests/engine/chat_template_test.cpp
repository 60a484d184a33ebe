#ifdef BERTH_WITH_LLAMA
#include "engine/llama/chat_template.h"

#include <gtest/gtest.h>

namespace berth::llama {
namespace {

std::string rendered(const std::string& source, const std::vector<ChatMessage>& messages) {
  return Prompt(ChatTemplate(source).render(messages, "<s>", "</s>", {})).text();
}

const ToolCall search{.tool_name = "search", .arguments = {{"q", "é"}, {"n", 2}}, .id = "7"};

TEST(ChatTemplate, SeesTheNameTheReasoningAndTheToolCallsOfAMessage) {
  const auto source =
      "{% for m in messages %}{{ m.role }}:{{ m.content }}"
      "{% if m.reasoning_content %}({{ m.reasoning_content }}){% endif %}"
      "{% for c in m.tool_calls %}[{{ c.id }} {{ c.type }} {{ c.function.name }} {{ c.function.arguments.q }} "
      "{{ c.function.arguments.n + 1 }}]{% endfor %}"
      "{% if m.name %} by {{ m.name }}{% endif %}{% if m.tool_call_id %} of {{ m.tool_call_id }}{% endif %};{% endfor "
      "%}";
  EXPECT_EQ(rendered(source, {ChatMessage::from_user("Hi", {}, "Bo"),
                              ChatMessage::from_assistant("Well", {}, {}, {search}, ReasoningContent{"Hm"}),
                              ChatMessage::from_tool("found", search)}),
            "user:Hi by Bo;assistant:Well(Hm)[7 function search é 3];tool:found by search of 7;");
}

TEST(ChatTemplate, GivesAllTextsOfAMessageAsOne) {
  EXPECT_EQ(rendered("{{ messages[0].content }}", {ChatMessage(ChatRole::user, {TextContent{"a"}, TextContent{"b"}})}),
            "ab");
}

TEST(ChatTemplate, GivesPartsToATemplateThatTakesNothingElse) {
  EXPECT_EQ(rendered("{% for m in messages %}{% for p in m.content %}{% if p.type == 'text' %}<{{ p.text }}>{% endif %}"
                     "{% endfor %}{% endfor %}",
                     {ChatMessage::from_user("hi")}),
            "<hi>");
  EXPECT_EQ(rendered("{{ messages[0].content is string }}", {ChatMessage::from_user("hi")}), "True");
}

TEST(ChatTemplate, KeepsTextBeforeATagAndExactNumbers) {
  const ToolCall call{.tool_name = "f", .arguments = {{"lat", 52.520008}}};
  EXPECT_EQ(rendered("a{% for m in messages %}{{ m.tool_calls[0].function.arguments | tojson }}{% endfor %}",
                     {ChatMessage::from_assistant(std::nullopt, {}, {}, {call})}),
            "a{\"lat\": 52.520008}");
}

TEST(ChatTemplate, TrustsNothingOfWhatAMessageHolds) {
  const auto pieces = ChatTemplate(
                          "{{ messages[0].content }}|{{ messages[0].tool_calls[0].function.name }}|"
                          "{{ messages[0].tool_calls[0].function.arguments.q }}|{{ messages[0].name }}")
                          .render({ChatMessage::from_assistant("text", {}, "name", {search})}, "", "", {});
  std::string trusted;
  std::string untrusted;
  for (const auto& piece : pieces) (piece.trusted ? trusted : untrusted) += piece.text;
  EXPECT_EQ(trusted, "|||");
  EXPECT_EQ(untrusted, "textsearchéname");
}

}  // namespace
}  // namespace berth::llama
#endif
