#include <gtest/gtest.h>

#include "jinja/template_case.h"
#include "json_file.h"

namespace berth {
namespace {

TEST(RecordedTemplates, GiveWhatPythonGives) {
  const auto cases = test::json_file("templates/cases.json");
  ASSERT_FALSE(cases.as_array().empty());
  for (const auto& entry : cases.as_array()) {
    const auto& each = entry.as_object();
    EXPECT_EQ(test::outcome(each), test::expected_outcome(each))
        << each.at("group").as_string() << ": " << each.at("template").as_string();
  }
}

}  // namespace
}  // namespace berth
