/// Templates and what Python's implementations render them to.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "berth/document.h"
#include "corpus/haystack_corpus.h"
#include "jinja/template.h"

namespace berth::corpus {
namespace {

std::filesystem::path jinja_folder() { return folder().parent_path() / "jinja"; }

std::string_view kind_name(TemplateError::Kind kind) {
  static constexpr std::array<std::string_view, 7> names = {"syntax", "undefined",     "security", "type",
                                                            "value",  "zero_division", "other"};
  return names[static_cast<std::size_t>(kind)];
}

/// The variables of a case, with its documents as such.
Value::Object variables_of(const Value::Object& each) {
  auto variables = each.at("variables").as_object();
  const Value* documents = each.find("documents");
  if (documents == nullptr) return variables;
  for (const auto& name : documents->as_array()) {
    Value::Array list;
    for (const auto& entry : variables.at(name.as_string()).as_array()) list.push_back(Document::from_dict(entry));
    variables.set(name.as_string(), std::move(list));
  }
  return variables;
}

/// The text, or the kind of error.
std::string outcome(const Value::Object& each) {
  const bool chat = each.at("group").as_string() == "chat";
  try {
    const JinjaTemplate parsed(each.at("template").as_string(),
                               chat ? JinjaTemplate::Kind::chat : JinjaTemplate::Kind::text);
    return "text " + parsed.render(variables_of(each));
  } catch (const TemplateError& error) {
    return "error " + std::string(kind_name(error.kind()));
  }
}

/// The variables that a PromptBuilder has inputs for.
void expect_variables(const Value::Object& each) {
  const Value* expected = each.find("undeclared");
  if (expected == nullptr) return;
  auto variables = JinjaTemplate(each.at("template").as_string(), JinjaTemplate::Kind::text).variables();
  std::ranges::sort(variables);
  EXPECT_EQ(Value(Value::Array(variables.begin(), variables.end())), *expected) << each.at("name").as_string();
}

TEST(JinjaCorpus, EachTemplateGivesWhatPythonGives) {
  BERTH_NEEDS_CORPUS(jinja_folder());
  for (const auto& file : std::filesystem::directory_iterator(jinja_folder())) {
    if (file.path().extension() != ".json") continue;
    const auto document = Value::from_json(read_text(file.path()));
    for (const auto& entry : document.find("cases")->as_array()) {
      const auto& each = entry.as_object();
      const Value* text = each.find("expected");
      const auto expected = text == nullptr ? "error " + each.at("error").as_string() : "text " + text->as_string();
      EXPECT_EQ(outcome(each), expected) << each.at("name").as_string() << " (" << each.at("group").as_string()
                                         << "): " << each.at("template").as_string();
      expect_variables(each);
    }
  }
}

}  // namespace
}  // namespace berth::corpus
