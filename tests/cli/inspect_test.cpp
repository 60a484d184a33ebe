#include <gmock/gmock.h>

#include <sstream>

#include "berth/model.h"
#include "cli/process.h"
#include "plan/invented_models.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class InspectCommand : public testing::Test {
 protected:
  std::string model(const std::string& name) const {
    const auto path = folder_.path() / (name + ".gguf");
    write_invented_model(name, path);
    return path.string();
  }
  TemporaryFolder folder_;
};

TEST_F(InspectCommand, SaysWhatTheHeaderHolds) {
  const auto outcome = berth_command({"inspect", model("qwen3moe")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\nArchitecture  qwen3moe\n"), HasSubstr("\nLayers by kind\n  0-"),
                                 HasSubstr("attention of "), HasSubstr("experts, "), HasSubstr("\nexperts "),
                                 HasSubstr("\nTYPE "), HasSubstr("\nCache "), HasSubstr(" for 4096 tokens")));
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST_F(InspectCommand, NamesLayersOfEachKind) {
  EXPECT_THAT(berth_command({"inspect", model("gemma2")}).out, HasSubstr(" tokens"));
  EXPECT_THAT(berth_command({"inspect", model("mamba1")}).out, HasSubstr("a recurrent state"));
}

TEST_F(InspectCommand, JsonIsTheProfile) {
  const auto path = model("qwen3");
  const auto outcome = berth_command({"inspect", path, "--json"});
  EXPECT_EQ(ModelProfile::from_dict(Value::from_json(outcome.out)), read_model(path));
}

TEST_F(InspectCommand, RefusesWhatIsNoModel) {
  const auto outcome = berth_command({"inspect", (folder_.path() / "none.gguf").string()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("none.gguf"));
  EXPECT_EQ(berth_command({"inspect"}).exit_code, 2);
}

}  // namespace
}  // namespace berth::test
