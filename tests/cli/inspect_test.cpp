#include <gmock/gmock.h>

#include <sstream>

#include "berth/model.h"
#include "cli/process.h"
#include "model/gguf_writer.h"
#include "model/safetensors_writer.h"
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

TEST_F(InspectCommand, TellsExpertsFromWhatTheyShareInSafetensors) {
  SafetensorsWriter writer;
  for (const std::string name : {"0.mlp.experts.0.down_proj", "0.mlp.shared_experts.down_proj", "0.self_attn.q_proj",
                                 "1.mlp.down_proj", "1.mixer.in_proj"})
    writer.tensor("model.layers." + name + ".weight", "F32", {8, 32}, 1024);
  writer.write(folder_.path() / "m" / "model.safetensors");
  GgufWriter::write_file(folder_.path() / "m" / "config.json",
                         R"({"model_type": "x", "num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 2})");
  const auto text = berth_command({"inspect", (folder_.path() / "m").string()}).out;
  for (const std::string part : {"experts", "shared experts", "attention", "feed-forward", "recurrent"})
    EXPECT_THAT(text, testing::ContainsRegex("\n" + part + " +1 ")) << text;
  EXPECT_THAT(text, HasSubstr("a dense part of 32"));
}

TEST_F(InspectCommand, KnowsTheNamesOfEncodersAsEmbedDoes) {
  const auto models = folder_.path() / "berth" / "models";
  std::filesystem::create_directories(models);
  std::filesystem::copy(BERTH_TEST_DATA_DIR "/encoders/st_dense", models / "minilm",
                        std::filesystem::copy_options::recursive);
  const ProcessOptions options{.environment = {{"XDG_CACHE_HOME", folder_.path().string()}}};
  for (const auto* name : {"minilm", "all-MiniLM-L6-v2"})
    EXPECT_THAT(berth_command({"inspect", name}, options).out, HasSubstr("Architecture  bert"));
  EXPECT_EQ(berth_command({"plan", "minilm", "--simulate", "cpu:1GiB"}, options).exit_code, 0);
  const auto unknown = berth_command({"inspect", "nonesuch"}, options);
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("There is no model 'nonesuch'"));
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
