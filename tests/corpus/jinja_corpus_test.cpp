/// Templates and what Python's implementations render them to.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "corpus/haystack_corpus.h"
#include "jinja/template_case.h"

namespace berth::corpus {
namespace {

std::filesystem::path jinja_folder() { return folder().parent_path() / "jinja"; }

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
      EXPECT_EQ(test::outcome(each), test::expected_outcome(each))
          << each.at("name").as_string() << " (" << each.at("group").as_string()
          << "): " << each.at("template").as_string();
      expect_variables(each);
    }
  }
}

}  // namespace
}  // namespace berth::corpus
