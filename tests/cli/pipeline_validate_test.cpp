#include <gmock/gmock.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/pipeline_file.h"
#include "cli/process.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PipelineValidate : public PipelineFileTest {
 protected:
  /// What is told of a file that is wrong.
  std::string refused(const std::string& yaml) const {
    const auto path = file("p.yaml", yaml);
    const auto outcome = berth_command({"pipeline", "validate", path});
    EXPECT_EQ(outcome.exit_code, 1) << yaml;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    const auto start = "berth: error: " + path;
    EXPECT_THAT(outcome.err, StartsWith(start));
    return outcome.err.substr(std::min(start.size(), outcome.err.size()));
  }
};

TEST_F(PipelineValidate, TellsComponentsDevicesModelsInputsAndOutputs) {
  const auto outcome = berth_command({"pipeline", "validate", file("p.yaml", capital_yaml())});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("llm        HuggingFaceLocalGenerator  cpu     smollm2\n"),
                                 HasSubstr("must be given:\n  prompt.country  Any\n"),
                                 HasSubstr("Outputs:\n  llm.replies  list[str]\n"), Not(HasSubstr("llm.prompt"))));
}

TEST_F(PipelineValidate, LooksForNoModelOfWhatCannotRun) {
  const auto outcome = berth_command(
      {"pipeline", "validate",
       file("p.yaml",
            "components:\n  ears:\n    type: haystack.components.audio.whisper_local.LocalWhisperTranscriber\n"
            "    init_parameters: {model: small, device: {type: single, device: cpu}}\nconnections: []\n")});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("no engine for Whisper"), Not(HasSubstr("hf download"))));
}

TEST_F(PipelineValidate, GivesOneJsonDocument) {
  const auto outcome = berth_command({"pipeline", "validate", "-", "--json"}, {.input = capital_yaml()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto document = json::parse(outcome.out);
  EXPECT_EQ(document.at("components").at(1),
            json({{"name", "llm"},
                  {"type", "haystack.components.generators.hugging_face_local.HuggingFaceLocalGenerator"},
                  {"device", "cpu"},
                  {"model", "smollm2"}}));
  EXPECT_TRUE(document.at("inputs").at("prompt").at("country").at("is_mandatory").get<bool>());
  EXPECT_EQ(document.at("outputs"), json::parse(R"({"llm": {"replies": {"type": "list[str]"}}})"));
}

TEST_F(PipelineValidate, NamesFileLineColumnComponentAndSocketOfAMistake) {
  const auto yaml = capital_yaml();
  EXPECT_THAT(refused(exchanged(yaml, "prompt_builder.PromptBuilder", "prompt_builder.PromtBuilder")),
              AllOf(StartsWith(":3:5: components.prompt: "), HasSubstr("PromtBuilder"), HasSubstr("did you mean")));
  EXPECT_THAT(refused(exchanged(yaml, "required_variables", "required_variabels")),
              AllOf(StartsWith(":6:7: components.prompt: "), HasSubstr("did you mean 'required_variables'?")));
  EXPECT_THAT(refused(exchanged(yaml, "{max_new_tokens: 1}", "[1]")),
              AllOf(StartsWith(":13:7: components.llm: "), HasSubstr("'generation_kwargs': expected an object")));
  EXPECT_THAT(refused(exchanged(yaml, "device: cpu", "device: gpu")),
              AllOf(StartsWith(":12:7: components.llm: "), HasSubstr("'gpu'"), HasSubstr("cpu, cuda, ")));
  EXPECT_THAT(refused(exchanged(yaml, "receiver: llm.prompt", "receiver: llm.promt")),
              AllOf(StartsWith(":15:3: connections.0: 'llm.promt' does not exist"), HasSubstr("prompt (type str)")));
  EXPECT_THAT(refused(exchanged(yaml, "receiver: llm.prompt", "receiver: llm.generation_kwargs")),
              AllOf(StartsWith(":15:3: connections.0: Cannot connect 'prompt.prompt' with 'llm.generation_kwargs'"),
                    HasSubstr("prompt: str"), HasSubstr("generation_kwargs: dict[str, Any] | None")));
  EXPECT_THAT(refused(exchanged(yaml, "sender: prompt.prompt\n  ", "")),
              AllOf(StartsWith(":15:3: connections.0: Missing sender")));
  EXPECT_THAT(refused(exchanged(yaml, "sender: prompt", "sender: promt")),
              AllOf(StartsWith(":15:3: connections.0: "), HasSubstr("promt not found")));
  EXPECT_THAT(refused(exchanged(yaml, "  llm:", "  prompt:")), StartsWith(":7:3: found the key 'prompt' twice"));
  EXPECT_THAT(refused("components: [1"), StartsWith(":2:1: found "));
  EXPECT_THAT(refused("- 1"), StartsWith(":1:1: a pipeline is an object"));
  EXPECT_THAT(refused(""), HasSubstr("this is empty"));
}

TEST_F(PipelineValidate, EscapesWhatAFileHolds) {
  EXPECT_THAT(refused("components: {\"a\\e[31m\": {type: \"x\\e]0;y\\a\"}}"),
              AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")), HasSubstr("a\\x1b[31m")));
  const auto outcome =
      berth_command({"pipeline", "validate",
                     file("q.yaml", exchanged(builders_yaml(), "  first:",
                                              "  \"fi\\erst\":\n    type: "
                                              "haystack.components.builders.answer_builder.AnswerBuilder\n"
                                              "  first:"))});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(Not(HasSubstr("\x1b")), HasSubstr("fi\\x1brst")));
}

TEST_F(PipelineValidate, RefusesWhatIsNoFile) {
  const auto missing = berth_command({"pipeline", "validate", (folder_.path() / "nonesuch.yaml").string()});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("nonesuch.yaml"), HasSubstr("No such file")));
  const auto folder = berth_command({"pipeline", "validate", folder_.path().string()});
  EXPECT_EQ(folder.exit_code, 1);
  EXPECT_THAT(folder.err, AllOf(HasSubstr(folder_.path().string()), HasSubstr("directory")));
}

TEST_F(PipelineValidate, WarnsOfWhatWouldGoWrong) {
  const auto yaml = exchanged(exchanged(capital_yaml("/nonesuch.gguf"), "device: cpu", "device: 'cuda:97'"),
                              "  receiver: llm.prompt\n",
                              "  receiver: llm.prompt\n- {sender: llm.replies, receiver: prompt.country}\n");
  const auto outcome = berth_command({"pipeline", "validate", file("p.yaml", yaml), "--json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("berth: warning: 'llm': This machine has no device 'cuda:97'"),
                                 HasSubstr("/nonesuch.gguf"), HasSubstr("'prompt' can never run"),
                                 HasSubstr("'llm' can never run")));
  EXPECT_EQ(json::parse(outcome.out).at("warnings").size(), 4U);
}

std::string openai_yaml() {
  return R"(components:
  llm:
    type: haystack.components.generators.chat.openai.OpenAIChatGenerator
    init_parameters: {model: gpt-4o-mini}
)";
}

TEST_F(PipelineValidate, LooksForTheModelOfAnEmbedderAmongEncoders) {
  const auto yaml = [](const std::string& model) {
    return "components:\n  text:\n    type: "
           "haystack.components.embedders.sentence_transformers_text_embedder.SentenceTransformersTextEmbedder\n"
           "    init_parameters: {device: auto, model: " +
           model + "}\nconnections: []\n";
  };
  const auto found =
      berth_command({"pipeline", "validate", file("p.yaml", yaml(BERTH_TEST_DATA_DIR "/encoders/st_dense"))});
  EXPECT_EQ(found.exit_code, 0);
  EXPECT_EQ(found.err, "");
  const auto missing = berth_command({"pipeline", "validate", file("p.yaml", yaml("nonesuch"))});
  EXPECT_THAT(missing.err, HasSubstr("'text': There is no"));
}

TEST_F(PipelineValidate, TellsAllMistakesOfAFile) {
  const auto path = file("p.yaml", R"(components:
  a: {type: haystack.components.fetchers.link_content.LinkContentFetcher, init_parameters: {}}
  b: {type: haystack.components.converters.html.HTMLToDocument, init_parameters: {}}
connections:
- {sender: a.streams, receiver: b.sources}
)");
  const auto outcome = berth_command({"pipeline", "validate", path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(path + ":2:7: components.a: There is no component 'haystack"),
                                 HasSubstr(path + ":3:7: components.b: There is no component 'haystack"),
                                 Not(HasSubstr("connections"))));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 2);
  const auto document = json::parse(berth_command({"pipeline", "validate", path, "--json"}).out);
  EXPECT_EQ(document.at("error").at("problems").size(), 2U);
}

TEST_F(PipelineValidate, NeedsNoKey) {
  const ProcessOptions without_key{.environment = {{"OPENAI_API_KEY", std::nullopt}}};
  const auto path = file("p.yaml", openai_yaml());
  const auto outcome = berth_command({"pipeline", "validate", path}, without_key);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("berth: warning: 'llm' cannot run: "), HasSubstr("'OPENAI_API_KEY'"),
                                 Not(HasSubstr("gpt-4o-mini"))));
  EXPECT_EQ(berth_command({"pipeline", "draw", path}, without_key).exit_code, 0);
  const auto run = berth_command({"pipeline", "run", path, "--input", "messages=Hi"}, without_key);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("'OPENAI_API_KEY'"));
}

TEST_F(PipelineValidate, LooksForNoFileOfAModelThatRunsElsewhere) {
  const auto outcome = berth_command({"pipeline", "validate", file("p.yaml", openai_yaml())},
                                     {.environment = {{"OPENAI_API_KEY", "none"}}});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST_F(PipelineValidate, SaysWhatCannotRunOnLinesOfTheirOwn) {
  const std::string yaml = R"(components:
  llm:
    type: haystack.components.generators.chat.hugging_face_local.HuggingFaceLocalChatGenerator
    init_parameters: {model: no/such-model, task: image-text-to-text}
connections: []
)";
  const auto outcome = berth_command({"pipeline", "validate", file("p.yaml", yaml)});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("'llm' cannot run: The task 'image-text-to-text' cannot be run yet"),
                                 HasSubstr("no/such-model"), Not(HasSubstr("\\n"))));
}

TEST_F(PipelineValidate, TellsTheNamesOfTheFile) {
  const auto path =
      file("p.yaml", builders_yaml() + "inputs: {who: [first.name]}\noutputs: {greeting: second.prompt}\n");
  const auto outcome = berth_command({"pipeline", "validate", path});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("Inputs by the names of the file:\n  who  first.name\n"),
                                 HasSubstr("Outputs by the names of the file:\n  greeting  second.prompt\n")));
  const auto document = json::parse(berth_command({"pipeline", "validate", path, "--json"}).out);
  EXPECT_EQ(document.at("input_names"), json::parse(R"({"who": ["first.name"]})"));
  EXPECT_EQ(document.at("output_names"), json::parse(R"({"greeting": ["second.prompt"]})"));
}

}  // namespace
}  // namespace berth::test
