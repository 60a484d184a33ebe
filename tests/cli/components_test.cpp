#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "berth/component.h"
#include "cli/process.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string class_name(const ComponentClass& component) { return component.type.substr(component.type.rfind('.') + 1); }

TEST(ComponentsCommand, ListsEachAndWhereItRuns) {
  const auto outcome = berth_command({"components"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const ComponentClass* each : component_classes())
    EXPECT_THAT(outcome.out, HasSubstr("\n" + class_name(*each) + " "));
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 80U) << line;
    const auto expects = [&](const std::string& name, const std::string& where) {
      if (line.starts_with(name + " ")) {
        EXPECT_THAT(line, HasSubstr("  " + where + "  "));
      }
    };
    expects("HuggingFaceLocalGenerator", "a device here");
    expects("OpenAIGenerator", "elsewhere");
    expects("DocumentWriter", "-");
  }
}

TEST(ComponentsCommand, TellsAllOfEachOneByEitherNameWithoutCredentials) {
  const std::map<std::string, std::optional<std::string>> none = {{"OPENAI_API_KEY", std::nullopt},
                                                                  {"AZURE_OPENAI_API_KEY", std::nullopt},
                                                                  {"AZURE_OPENAI_ENDPOINT", std::nullopt}};
  for (const ComponentClass* each : component_classes()) {
    const auto outcome = berth_command({"components", class_name(*each)}, {.environment = none});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, AllOf(StartsWith(each->type + "\n"), HasSubstr("\nInputs:\n"), HasSubstr("\nOutputs:\n")));
    for (const auto& parameter : each->parameters) EXPECT_THAT(outcome.out, HasSubstr("\n  " + parameter.name));
    EXPECT_EQ(berth_command({"components", each->type}, {.environment = none}).out, outcome.out);
  }
}

TEST(ComponentsCommand, GivesOneJsonDocument) {
  const auto all = json::parse(berth_command({"components", "--json"}).out).at("components");
  EXPECT_EQ(all.size(), component_classes().size());
  const auto one = json::parse(berth_command({"components", "HuggingFaceLocalGenerator", "--json"}).out);
  EXPECT_EQ(one.at("runs_on"), "device");
  EXPECT_EQ(one.at("parameters").at(0), json({{"name", "model"}, {"type", "str"}, {"default", "Qwen/Qwen3-0.6B"}}));
  EXPECT_EQ(one.at("inputs").at(0), json({{"name", "prompt"}, {"type", "str"}, {"is_mandatory", true}}));
  EXPECT_THAT(all, testing::Contains(one));
}

TEST(ComponentsCommand, KnowsWhatWasMeant) {
  const auto outcome = berth_command({"components", "PromtBuilder"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'PromptBuilder'?"));
  EXPECT_THAT(berth_command({"components", "a\x1b[31m"}).err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace berth::test
