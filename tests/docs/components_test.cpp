/// The pages of the components against the components: none is missing, and none of what they have.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "berth/in_memory_document_store.h"
#include "berth/pipeline.h"

namespace berth {
namespace {

using testing::HasSubstr;

/// All pages, one after the other.
std::string pages() {
  const auto docs = std::filesystem::path(BERTH_TEST_DATA_DIR).parent_path().parent_path() / "docs";
  std::string all;
  for (const auto& each : std::filesystem::directory_iterator(docs)) {
    if (each.path().extension() != ".md") continue;
    std::ifstream file(each.path());
    all += std::string(std::istreambuf_iterator<char>(file), {}) + "\n## \n";
  }
  return all;
}

/// What stands between `start` and `end` in `text`; empty where they are not there.
std::string between(const std::string& text, const std::string& start, const std::string& end) {
  const auto from = text.find(start);
  if (from == text.npos) return {};
  const auto to = text.find(end, from + start.size());
  return text.substr(from + start.size(), to - from - start.size());
}

std::string section(const std::string& name) { return between(pages(), "\n## " + name + "\n", "\n## "); }

std::string in_code(const std::string& name) { return "`" + name + "`"; }

class ComponentPages : public testing::Test {
  // Remote generators are made, and ask nobody.
  void SetUp() override {
    setenv("OPENAI_API_KEY", "none", 1);
    setenv("AZURE_OPENAI_API_KEY", "none", 1);
  }
};

TEST_F(ComponentPages, NameTheParametersInputsAndOutputsOfEachComponent) {
  std::size_t components = 0;
  for (const auto* each : component_classes()) {
    SCOPED_TRACE(each->type);
    ++components;
    const auto text = section(each->type.substr(each->type.rfind('.') + 1));
    ASSERT_FALSE(text.empty()) << "no page has a section of it";
    EXPECT_THAT(text, HasSubstr("\n```cpp\n"));
    for (const auto& parameter : each->parameters)
      EXPECT_THAT(text, HasSubstr("\n| " + in_code(parameter.name) + " |"));

    const auto pipeline = Pipeline::loads(between(text, "\n```yaml\n", "\n```\n"));
    const auto names = pipeline.component_names();
    ASSERT_EQ(names.size(), 1U);
    const auto& component = pipeline.component(names[0]);
    EXPECT_EQ(component.type(), each->type);
    const auto flow = between(text, "\nInputs: ", "\n\n");
    for (const auto& output : component.outputs()) EXPECT_THAT(flow, HasSubstr(in_code(output.name)));
    if (each->type.ends_with("PromptBuilder")) continue;  // their inputs are the variables of the template
    for (const auto& input : component.inputs()) EXPECT_THAT(flow, HasSubstr(in_code(input.name)));
  }
  EXPECT_GE(components, 10U);
}

TEST_F(ComponentPages, NameTheParametersOfTheDocumentStore) {
  const auto text = section("InMemoryDocumentStore");
  const auto dict = InMemoryDocumentStore().to_dict();
  for (const auto& [name, value] : dict.find("init_parameters")->as_object())
    EXPECT_THAT(text, HasSubstr("\n| " + in_code(name) + " |"));
}

}  // namespace
}  // namespace berth
