#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "cli/pipeline_file.h"
#include "cli/process.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PipelineRunCommand : public PipelineFileTest {
 protected:
  Outcome run(const std::string& yaml, std::vector<std::string> more, ProcessOptions options = {}) const {
    more.insert(more.begin(), {"pipeline", "run", file("p.yaml", yaml)});
    return berth_command(std::move(more), std::move(options));
  }

  void expect_error(const std::string& yaml, const std::vector<std::string>& more, int exit_code,
                    const testing::Matcher<std::string>& text) const {
    const auto outcome = run(yaml, more);
    EXPECT_EQ(outcome.exit_code, exit_code) << testing::PrintToString(more) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("berth: error: "), text));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
};

TEST_F(PipelineRunCommand, TakesItsInputsInEachForm) {
  const auto json_file = file("in.json", R"({"first": {"name": "Ada"}, "title": "hi"})");
  const auto yaml_file = file("in.yaml", "{name: Ada, second: {title: hi}}");
  const std::vector<std::vector<std::string>> forms = {
      {"--input", R"({"first": {"name": "Ada"}, "second": {"title": "hi"}})"},
      {"--input", R"({"name": "Ada", "title": "hi"})"},
      {"--input", "name=Ada", "--input", "title=hi"},
      {"--input=first.name=Ada", "--input", R"({"second": {"title": "hi"}})"},
      {"--input", json_file},
      {"--input", yaml_file},
  };
  for (const auto& form : forms) {
    const auto outcome = run(builders_yaml(), form);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "Hello Ada, hi!\n") << testing::PrintToString(form);
  }
  EXPECT_EQ(run(builders_yaml(), {"--input", "-"}, {.input = "name: Ada\ntitle: hi\n"}).out, "Hello Ada, hi!\n");
  EXPECT_EQ(run(builders_yaml(), {"--input", "name=a=b/c"}).out, "Hello a=b/c, !\n");
}

TEST_F(PipelineRunCommand, ReadsAPipelineFromStandardInput) {
  const auto outcome = berth_command({"pipeline", "run", "-", "--input", "name=Ada"}, {.input = builders_yaml()});
  EXPECT_EQ(outcome.out, "Hello Ada, !\n") << outcome.err;
}

TEST_F(PipelineRunCommand, GivesOneJsonDocument) {
  const auto outcome = run(builders_yaml(), {"--input", "name=Ada", "--json", "--include-outputs-from", "first"});
  EXPECT_EQ(json::parse(outcome.out), json::parse(R"({"outputs": {"first": {"prompt": "Hello Ada"},
                                                                  "second": {"prompt": "Hello Ada, !"}},
                                                      "devices": {}})"));
}

TEST_F(PipelineRunCommand, NamesTheOutputsWhereThereAreSeveral) {
  const auto outcome = run(builders_yaml(), {"--input", "name=Ada", "--include-outputs-from", "first"});
  EXPECT_EQ(outcome.out, "first.prompt:\nHello Ada\nsecond.prompt:\nHello Ada, !\n");
}

const std::string named_yaml = builders_yaml() + R"(inputs:
  who: [first.name, second.title]
outputs: {greeting: second.prompt, start: [second.nothing, first.prompt]}
)";

TEST_F(PipelineRunCommand, FollowsTheNamesThatTheFileGives) {
  EXPECT_EQ(run(named_yaml, {"--input", "who=Ada"}).out, "greeting:\nHello Ada, Ada!\nstart:\nHello Ada\n");
  const std::vector<std::string> as_json{"--input", R"({"who": "Ada"})", "--json"};
  EXPECT_EQ(json::parse(run(named_yaml, as_json).out),
            json::parse(R"({"outputs": {"greeting": "Hello Ada, Ada!", "start": "Hello Ada"}, "devices": {}})"));
  EXPECT_EQ(run(named_yaml, {"--input", "name=Ada", "--include-outputs-from", "first"}).out,
            "greeting:\nHello Ada, !\nstart:\nHello Ada\nfirst.prompt:\nHello Ada\n");
  expect_error(named_yaml, {"--input", "wo=Ada"}, 2, HasSubstr("did you mean 'who'?"));
  expect_error(exchanged(named_yaml, "first.name, ", "firs.name, "), {"--input", "who=Ada"}, 2,
               AllOf(HasSubstr("'firs'"), HasSubstr("did you mean 'first'?")));
}

TEST_F(PipelineRunCommand, WarnsOfNamesThatLeadNowhere) {
  const auto outcome =
      run(exchanged(named_yaml, "greeting: second.prompt", "greeting: second.promt"), {"--input", "who=Ada"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "Hello Ada\n");
  EXPECT_THAT(outcome.err, HasSubstr("warning: the output 'greeting' is that of 'second.promt', and 'second' has no "
                                     "output 'promt'; did you mean 'prompt'?"));
}

TEST_F(PipelineRunCommand, SaysThatAComponentIsNoInput) {
  expect_error(builders_yaml(), {"--input", "first=Ada"}, 2,
               AllOf(HasSubstr("'first' is a component, not an input"), HasSubstr("first.name=..."),
                     Not(HasSubstr("did you mean"))));
}

TEST_F(PipelineRunCommand, PutsDocumentsIntoTheStores) {
  const std::string list =
      R"([{"content": "Rome is old."}, {"id": "2", "content": "Oslo is cold.", "meta": {"x": 1}}])";
  for (const auto& text : {list, R"({"type": "any", "init_parameters": {}, "documents": )" + list + "}"}) {
    const auto outcome = run(retriever_yaml(), {"--documents", file("d.json", text), "--input", "query=cold", "--input",
                                                "retriever.top_k=1"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "[Oslo is cold.]\n");
  }
}

TEST_F(PipelineRunCommand, RefusesDocumentsThatAreNone) {
  const auto documents = [&](const std::string& text) {
    return std::vector<std::string>{"--documents", file("d.json", text), "--input", "query=x"};
  };
  expect_error(retriever_yaml(), documents("[{]"), 1, HasSubstr("d.json: byte "));
  expect_error(retriever_yaml(), documents("{\"x\": 1}"), 1, HasSubstr("'documents'"));
  expect_error(retriever_yaml(), documents("[{\"content\": \"a\"}, {\"content\": 3}]"), 1,
               AllOf(HasSubstr("d.json"), HasSubstr("document number 2"), HasSubstr("content")));
  expect_error(retriever_yaml(), documents("[{\"id\": \"1\"}, {\"id\": \"1\"}]"), 2, HasSubstr("1"));
  expect_error(retriever_yaml(), {"--documents", "/nonesuch.json", "--input", "query=x"}, 1,
               HasSubstr("/nonesuch.json"));
  expect_error(builders_yaml(), {"--documents", file("d.json", "[]"), "--input", "name=x"}, 2,
               HasSubstr("InMemoryDocumentStore"));
}

TEST_F(PipelineRunCommand, RefusesInputsThatDoNotFit) {
  const auto yaml = builders_yaml();
  expect_error(yaml, {}, 2, HasSubstr("Missing mandatory input 'name' for component 'first'"));
  expect_error(yaml, {"--input", "nam=Ada"}, 2, AllOf(HasSubstr("'nam'"), HasSubstr("did you mean 'name'?")));
  expect_error(yaml, {"--input", "firs.name=Ada"}, 2, HasSubstr("did you mean 'first'?"));
  expect_error(yaml, {"--input", R"({"first": {"nam": "Ada"}})"}, 2, HasSubstr("did you mean 'name'?"));
  expect_error(yaml, {"--input", "name=Ada", "--input", R"({"first": {"name": "Bob"}})"}, 2,
               HasSubstr("'first.name' is given twice"));
  expect_error(yaml, {"--input", R"({"name": "Ada", "name": "Bob"})"}, 2, HasSubstr("twice"));
  expect_error(yaml, {"--input", "{name: Ada}"}, 2, HasSubstr("--input starts as JSON, but is none"));
  expect_error(yaml, {"--input", "[1]"}, 2, HasSubstr("this is a list"));
  expect_error(yaml, {"--input", "nonesuch.json"}, 1, AllOf(HasSubstr("nonesuch.json"), HasSubstr("No such file")));
  expect_error(yaml, {"--input", folder_.path().string()}, 1, HasSubstr("directory"));
  expect_error(yaml, {"--input", file("in.json", "{\"name\": }")}, 1, HasSubstr("in.json: byte 10"));
  expect_error(yaml, {"--input", file("in.yaml", "name: [")}, 1, HasSubstr("in.yaml:2:1: found"));
  expect_error(yaml, {"--input", "-", "--documents", "-"}, 2, HasSubstr("Standard input can be read once"));
  expect_error(retriever_yaml(), {"--input", "query=x", "--input", "retriever.top_k=many"}, 2,
               AllOf(HasSubstr("'retriever.top_k'"), HasSubstr("int"), HasSubstr("'many'")));
  expect_error(yaml, {"--input", "name=x", "--include-outputs-from", "third"}, 2, HasSubstr("third"));
}

TEST_F(PipelineRunCommand, RefusesDevicesThatDoNotFit) {
  const auto yaml = capital_yaml();
  expect_error(yaml, {"--device", "lm=cpu"}, 2, HasSubstr("did you mean 'llm'?"));
  expect_error(yaml, {"--device", "prompt=cpu"}, 2,
               AllOf(HasSubstr("'prompt' has no device"), HasSubstr("those that have one: llm")));
  expect_error(builders_yaml(), {"--device", "first=cpu"}, 2, HasSubstr("none of this pipeline has one"));
  expect_error(yaml, {"--device", "llm=gpu"}, 2, AllOf(HasSubstr("'gpu'"), HasSubstr("cuda")));
  expect_error(yaml, {"--device", "cpu"}, 2, HasSubstr("COMPONENT=DEVICE"));
  expect_error(yaml, {"--device", "llm=cpu", "--device", "llm=cuda"}, 2, HasSubstr("given twice"));
}

TEST_F(PipelineRunCommand, ADeviceOfTheCommandLineWinsOverAllThatTheFileSays) {
  BERTH_NEEDS_MODEL();
  const auto model = model_path().string();
  const auto kwargs = [&](const std::string& device) {
    return exchanged(capital_yaml(model),
                     "      task:", "      huggingface_pipeline_kwargs: " + device + "\n      task:");
  };
  for (const auto& yaml : {capital_yaml(model), kwargs("{device: 0}"), kwargs("{device_map: auto}"),
                           kwargs("{model_kwargs: {device_map: {lm_head: 0}}}")}) {
    const auto elsewhere = run(yaml, {"--input", "country=France", "--device", "llm=cuda:97"});
    EXPECT_EQ(elsewhere.exit_code, 1);
    EXPECT_THAT(elsewhere.err, AllOf(HasSubstr("'llm'"), HasSubstr("cuda:97"), HasSubstr("; it has cpu")));
    const auto here = run(yaml, {"--input", "country=France", "--device", "llm=cpu", "--json"});
    EXPECT_EQ(here.exit_code, 0) << here.err;
    EXPECT_EQ(json::parse(here.out), json::parse(R"({"outputs": {"llm": {"replies": [" Paris"]}},
                                                     "devices": {"llm": "cpu"}})"));
  }
  for (const auto& yaml : {capital_yaml(model), kwargs("{device_map: {lm_head: 0}}")}) {
    const auto chosen = run(yaml, {"--input", "country=France", "--device", "llm=auto"});
    EXPECT_EQ(chosen.exit_code, 0) << chosen.err;
  }
  const auto in_file = exchanged(capital_yaml(model), "{type: single, device: cpu}", "auto");
  EXPECT_EQ(run(in_file, {"--input", "country=France"}).out, " Paris\n");
}

TEST_F(PipelineRunCommand, WarnsOfWhatAnEncoderCannotFollow) {
  const auto outcome =
      run("components:\n  text:\n    type: "
          "haystack.components.embedders.sentence_transformers_text_embedder.SentenceTransformersTextEmbedder\n"
          "    init_parameters: {model: " BERTH_TEST_DATA_DIR
          "/encoders/st_dense, model_kwargs: {provider: x}}\n"
          "connections: []\n",
          {"--input", "text=ship"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("'provider' has no effect"));
}

TEST_F(PipelineRunCommand, AComponentThatFailsIsNamed) {
  const auto yaml = exchanged(builders_yaml(), "{{ text }}", "{{ text() }}");
  expect_error(yaml, {"--input", "name=Ada"}, 1,
               AllOf(HasSubstr("Component name: 'second'"), HasSubstr("PromptBuilder")));
  expect_error(capital_yaml("/nonesuch.gguf"), {"--input", "country=x"}, 1,
               AllOf(HasSubstr("'llm' could not be warmed up"), HasSubstr("/nonesuch.gguf")));
  const auto json_error = run(yaml, {"--input", "name=Ada", "--json"});
  EXPECT_THAT(json::parse(json_error.out).at("error").at("message").get<std::string>(), HasSubstr("'second'"));
}

TEST_F(PipelineRunCommand, StreamsToATerminalAndPrintsAReplyOnce) {
  BERTH_NEEDS_MODEL();
  for (const std::string option : {"--input", "--no-stream"}) {
    std::vector<std::string> arguments = {"--input", "country=France"};
    if (option == "--no-stream") arguments.push_back(option);
    const auto outcome = run(capital_yaml(model_path().string()), arguments, {.terminal_output = true});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, " Paris\r\n");
  }
}

/// A search has no text before it is over.
TEST_F(PipelineRunCommand, DoesNotStreamWhereTheModelAsksForBeams) {
  const auto model = folder_.path() / "model";
  std::filesystem::copy(BERTH_TEST_DATA_DIR "/generators/smollm", model);
  std::ofstream(model / "generation_config.json") << R"({"num_beams": 3})";
  const std::vector<std::string> input = {"--input", "country=France"};
  const std::map<std::string, std::optional<std::string>> own_cache = {
      {"XDG_CACHE_HOME", (folder_.path() / "cache").string()}};
  const auto in_file = run(capital_yaml(model.string()), input, {.environment = own_cache});
  ASSERT_EQ(in_file.exit_code, 0) << in_file.err;
  const auto on_terminal =
      run(capital_yaml(model.string()), input, {.environment = own_cache, .terminal_output = true});
  EXPECT_EQ(on_terminal.exit_code, 0) << on_terminal.err << on_terminal.out;
  EXPECT_NE(on_terminal.out, "");
}

TEST_F(PipelineRunCommand, WhatAFileStreamsIsNoPartOfTheDocument) {
  BERTH_NEEDS_MODEL();
  const auto yaml = exchanged(capital_yaml(model_path().string()), "      task:",
                              "      streaming_callback: haystack.components.generators.utils.print_streaming_chunk\n"
                              "      task:");
  const auto outcome = run(yaml, {"--input", "country=France", "--json"});
  EXPECT_EQ(json::parse(outcome.out).at("outputs"), json::parse(R"({"llm": {"replies": [" Paris"]}})")) << outcome.err;
}

TEST_F(PipelineRunCommand, IsEndedByCtrlC) {
  BERTH_NEEDS_MODEL();
  const auto yaml = exchanged(capital_yaml(model_path().string()), "max_new_tokens: 1", "max_new_tokens: 4000");
  Process process({"pipeline", "run", file("p.yaml", yaml), "--input", "country=France"},
                  {.terminal_input = true, .terminal_output = true, .terminal_error = true});
  ASSERT_TRUE(process.wait_for("Paris"));
  process.type("\x03");
  const auto outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.out, Not(HasSubstr("error")));
}

}  // namespace
}  // namespace berth::test
