// Templates of the kinds that models ship, in tests/data/templates/chat, and what Python makes of them: jinja2 3.1.6 with the
// environment that transformers gives to chat templates.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string>

#include "jinja/template.h"
#include "json_file.h"

namespace berth {
namespace {

std::string source_of(const std::string& name) {
  std::ifstream file(BERTH_TEST_DATA_DIR "/templates/chat/" + name + ".jinja");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The text, or the kind of error.
std::string outcome(const Value::Object& each, const Value& given) {
  static constexpr std::array<std::string_view, 7> kinds = {"syntax", "undefined",     "security", "type",
                                                            "value",  "zero_division", "other"};
  const auto& conversation = each.at("conversation").as_string();
  Value::Object variables{{"messages", *given.find("conversations")->find(conversation)},
                          {"add_generation_prompt", each.at("add_generation_prompt")},
                          {"bos_token", "<s>"},
                          {"eos_token", "</s>"}};
  if (each.at("tools").as_bool()) variables.set("tools", *given.find("tools"));
  try {
    return "text " +
           JinjaTemplate(source_of(each.at("template").as_string()), JinjaTemplate::Kind::chat).render(variables);
  } catch (const TemplateError& error) {
    return "error " + std::string(kinds[static_cast<std::size_t>(error.kind())]);
  }
}

TEST(ChatTemplates, GiveWhatPythonGives) {
  const auto given = test::json_file("templates/chat/expected.json");
  const auto& cases = given.find("cases")->as_array();
  ASSERT_FALSE(cases.empty());
  for (const auto& entry : cases) {
    const auto& each = entry.as_object();
    const Value* text = each.find("expected");
    const auto expected = text == nullptr ? "error " + each.at("error").as_string() : "text " + text->as_string();
    EXPECT_EQ(outcome(each, given), expected)
        << each.at("template").as_string() << ", " << each.at("conversation").as_string();
  }
}

}  // namespace
}  // namespace berth
