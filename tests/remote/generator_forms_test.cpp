/// What the remote generators are made from and written down as. The forms are what Haystack 2.31 gives.
#include <gmock/gmock.h>

#include <cstdlib>

#include "berth/azure_openai_chat_generator.h"
#include "berth/azure_openai_generator.h"
#include "berth/openai_chat_generator.h"
#include "berth/openai_generator.h"

namespace berth {
namespace {
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string openai = "haystack.components.generators.openai.OpenAIGenerator";
const std::string openai_chat = "haystack.components.generators.chat.openai.OpenAIChatGenerator";
const std::string azure = "haystack.components.generators.azure.AzureOpenAIGenerator";
const std::string azure_chat = "haystack.components.generators.chat.azure.AzureOpenAIChatGenerator";

Value form(const std::string& type, Value::Object parameters = {}) {
  return Value::Object{{"type", type}, {"init_parameters", std::move(parameters)}};
}

Value again(const std::string& type, Value::Object parameters = {}) {
  return component_from_dict(form(type, std::move(parameters)))->to_dict();
}

std::string refusal(const std::string& type, Value::Object parameters) {
  try {
    component_from_dict(form(type, std::move(parameters)))->warm_up();
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
  return "was accepted";
}

class GeneratorForms : public testing::Test {
 protected:
  GeneratorForms() {
    forget();
    setenv("OPENAI_API_KEY", "sk-from-the-environment", 1);
    setenv("AZURE_OPENAI_API_KEY", "azure-from-the-environment", 1);
  }
  ~GeneratorForms() override { forget(); }

 private:
  static void forget() {
    for (const auto* name :
         {"OPENAI_TIMEOUT", "OPENAI_MAX_RETRIES", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID",
          "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_AD_TOKEN", "OPENAI_API_VERSION"})
      unsetenv(name);
  }
};

TEST_F(GeneratorForms, AreThoseOfHaystack) {
  EXPECT_EQ(again(openai), Value::from_json(R"({"type": "haystack.components.generators.openai.OpenAIGenerator",
    "init_parameters": {"model": "gpt-5-mini", "streaming_callback": null, "api_base_url": null, "organization": null,
    "generation_kwargs": {}, "system_prompt": null, "http_client_kwargs": null,
    "api_key": {"type": "env_var", "env_vars": ["OPENAI_API_KEY"], "strict": true}}})"));
  EXPECT_EQ(again(openai_chat), Value::from_json(
                                    R"({"type": "haystack.components.generators.chat.openai.OpenAIChatGenerator",
    "init_parameters": {"model": "gpt-5-mini", "streaming_callback": null, "api_base_url": null, "organization": null,
    "generation_kwargs": {}, "timeout": null, "max_retries": null, "tools": null, "tools_strict": false,
    "http_client_kwargs": null, "api_key": {"type": "env_var", "env_vars": ["OPENAI_API_KEY"], "strict": true}}})"));
  const Value::Object endpoint{{"azure_endpoint", "https://x"}};
  EXPECT_EQ(again(azure, endpoint), Value::from_json(
                                        R"({"type": "haystack.components.generators.azure.AzureOpenAIGenerator",
    "init_parameters": {"azure_endpoint": "https://x", "azure_deployment": "gpt-4.1-mini", "organization": null,
    "api_version": "2024-12-01-preview", "streaming_callback": null, "generation_kwargs": {}, "system_prompt": null,
    "api_key": {"type": "env_var", "env_vars": ["AZURE_OPENAI_API_KEY"], "strict": false},
    "azure_ad_token": {"type": "env_var", "env_vars": ["AZURE_OPENAI_AD_TOKEN"], "strict": false},
    "timeout": 30.0, "max_retries": 5, "http_client_kwargs": null, "default_headers": {},
    "azure_ad_token_provider": null}})"));
  EXPECT_EQ(again(azure_chat, endpoint),
            Value::from_json(
                R"({"type": "haystack.components.generators.chat.azure.AzureOpenAIChatGenerator",
    "init_parameters": {"azure_endpoint": "https://x", "azure_deployment": "gpt-4.1-mini", "organization": null,
    "api_version": "2024-12-01-preview", "streaming_callback": null, "generation_kwargs": {}, "timeout": 30.0,
    "max_retries": 5, "api_key": {"type": "env_var", "env_vars": ["AZURE_OPENAI_API_KEY"], "strict": false},
    "azure_ad_token": {"type": "env_var", "env_vars": ["AZURE_OPENAI_AD_TOKEN"], "strict": false},
    "default_headers": {}, "tools": null, "tools_strict": false, "azure_ad_token_provider": null,
    "http_client_kwargs": null}})"));
}

TEST_F(GeneratorForms, KeepWhatIsGiven) {
  const auto given = Value::from_json(R"({"model": "m", "timeout": 2.5, "max_retries": 0, "tools_strict": true,
    "streaming_callback": "haystack.components.generators.utils.print_streaming_chunk", "organization": "org",
    "api_base_url": "http://localhost:8080/v1", "generation_kwargs": {"temperature": 0.5, "stop": ["a"]},
    "api_key": {"type": "env_var", "env_vars": ["OTHER", "OPENAI_API_KEY"], "strict": false},
    "tools": {"type": "haystack.tools.toolset.Toolset", "data": {"tools": [{"type": "haystack.tools.tool.Tool",
      "data": {"name": "f", "description": "d", "parameters": {"type": "object"}, "function": "module.f",
      "outputs_to_string": null, "inputs_from_state": null, "outputs_to_state": null}}]}},
    "http_client_kwargs": {"verify": false, "limits": {"max_connections": 3}}})")
                         .as_object();
  EXPECT_EQ(again(openai_chat, given), form(openai_chat, given));
}

TEST_F(GeneratorForms, OfAzureCanNameASecretAsEndpointAndVersion) {
  setenv("MY_ENDPOINT", "https://mine", 1);
  const auto secret = Secret::from_env_var({"MY_ENDPOINT"}).to_dict();
  const auto written = again(azure_chat, {{"azure_endpoint", secret}, {"api_version", secret}});
  EXPECT_EQ(*written.find("init_parameters")->find("azure_endpoint"), secret);
  EXPECT_EQ(*written.find("init_parameters")->find("api_version"), secret);
}

TEST_F(GeneratorForms, HoldWhatTheEnvironmentSaysWhereHaystackWritesIt) {
  setenv("AZURE_OPENAI_ENDPOINT", "https://from.environment", 1);
  setenv("OPENAI_TIMEOUT", "2.5", 1);
  setenv("OPENAI_MAX_RETRIES", "7", 1);
  for (const auto& type : {azure, azure_chat}) {
    const auto written = *again(type).find("init_parameters");
    EXPECT_EQ(*written.find("azure_endpoint"), Value("https://from.environment"));
    EXPECT_EQ(*written.find("timeout"), Value(2.5));
    EXPECT_EQ(*written.find("max_retries"), Value(7));
  }
}

TEST_F(GeneratorForms, NeverHoldAKey) {
  const OpenAIGenerator generator({.api_key = Secret::from_token("sk-given-by-value")});
  try {
    (void)generator.to_dict();
    ADD_FAILURE() << "was written";
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(problem.what(), AllOf(HasSubstr("Cannot serialize token-based secret"), Not(HasSubstr("sk-given"))));
  }
}

TEST_F(GeneratorForms, NeedAKey) {
  unsetenv("OPENAI_API_KEY");
  unsetenv("AZURE_OPENAI_API_KEY");
  const Value::Object endpoint{{"azure_endpoint", "https://x"}};
  EXPECT_THAT(refusal(openai, {}), HasSubstr("None of the following authentication environment variables are set: "
                                             "('OPENAI_API_KEY',)"));
  EXPECT_THAT(refusal(openai_chat, {{"api_key", Secret::from_env_var({"NONE"}, false).to_dict()}}),
              HasSubstr("Missing credentials"));
  EXPECT_THAT(refusal(azure, endpoint), HasSubstr("Missing credentials"));
  EXPECT_THAT(refusal(azure, {{"azure_endpoint", "https://x"}, {"api_key", nullptr}, {"azure_ad_token", nullptr}}),
              HasSubstr("Please provide an API key or an Azure Active Directory token."));
}

TEST_F(GeneratorForms, CanBeLookedAtWithoutAKey) {
  unsetenv("OPENAI_API_KEY");
  unsetenv("AZURE_OPENAI_API_KEY");
  for (const auto& type : {openai, openai_chat, azure, azure_chat}) {
    const auto generator = component_from_dict(form(type));
    EXPECT_EQ(component_from_dict(generator->to_dict())->to_dict(), generator->to_dict());
    EXPECT_NE(generator->known_problem(), std::nullopt) << type;
    EXPECT_THROW(generator->warm_up(), MissingVariable) << type;
    const Value::Object inputs{{type.find(".chat.") == type.npos ? "prompt" : "messages", "Hello"}};
    EXPECT_THROW(run_component(*generator, inputs), MissingVariable) << type;
  }
  setenv("OPENAI_API_KEY", "sk-from-the-environment", 1);
  EXPECT_EQ(component_from_dict(form(openai))->known_problem(), std::nullopt);
}

TEST_F(GeneratorForms, OfAzureTakeOneKeyOnly) {
  setenv("AZURE_OPENAI_AD_TOKEN", "token", 1);
  EXPECT_THAT(refusal(azure, {{"azure_endpoint", "https://x"}}), HasSubstr("are mutually exclusive"));
}

TEST_F(GeneratorForms, OfAzureNeedAnEndpointAndAVersion) {
  for (const auto& type : {azure, azure_chat}) {
    EXPECT_THAT(refusal(type, {}), HasSubstr("Please provide an Azure endpoint or set the environment variable "
                                             "AZURE_OPENAI_ENDPOINT."));
    EXPECT_THAT(refusal(type, {{"azure_endpoint", ""}}), HasSubstr("Please provide an Azure endpoint"));
    EXPECT_THAT(refusal(type, {{"azure_endpoint", "https://x"}, {"api_version", nullptr}}),
                HasSubstr("Must provide either the `api_version` argument or the `OPENAI_API_VERSION` environment"));
  }
}

TEST_F(GeneratorForms, HaveNoDevice) {
  for (const auto& type : {openai, openai_chat, azure, azure_chat})
    EXPECT_EQ(refusal(type, {{"device", ComponentDevice::from_str("cuda:0").to_dict()}}),
              type + ": there is no parameter 'device': the model runs on machines of the service");
}

TEST_F(GeneratorForms, RefuseWhatMakesNoSense) {
  const auto chat = [](std::string name, Value value) {
    return refusal(openai_chat, {{std::move(name), std::move(value)}});
  };
  EXPECT_THAT(chat("max_retries", -1), HasSubstr("max_retries must be a non-negative integer"));
  EXPECT_THAT(chat("timeout", 0), HasSubstr("timeout is 0"));
  EXPECT_THAT(chat("timeout", "long"), HasSubstr("parameter 'timeout'"));
  EXPECT_THAT(chat("modell", "m"), HasSubstr("did you mean 'model'?"));
  EXPECT_THAT(chat("api_base_url", "ftp://x"), HasSubstr("has to be https or http"));
  EXPECT_THAT(chat("api_base_url", "no address"), HasSubstr("is not valid"));
  EXPECT_THAT(chat("streaming_callback", "os.system"),
              HasSubstr("Could not import 'os.system' as a module or callable. Known is"));
  EXPECT_THAT(chat("http_client_kwargs", Value::Object{{"foo", 1}}),
              HasSubstr("http_client_kwargs: there is no parameter 'foo'; it has: verify, cert"));
  EXPECT_THAT(chat("http_client_kwargs", Value::Object{{"proxy", 1}}),
              HasSubstr("http_client_kwargs: parameter 'proxy': expected a string"));
  EXPECT_THAT(refusal(azure, {{"azure_endpoint", "https://x"}, {"azure_ad_token_provider", "module.provider"}}),
              HasSubstr("cannot run here"));
}

TEST_F(GeneratorForms, RefuseAnEnvironmentThatMakesNoSense) {
  setenv("OPENAI_TIMEOUT", "abc", 1);
  EXPECT_THAT(refusal(openai, {}), HasSubstr("OPENAI_TIMEOUT is 'abc'"));
  unsetenv("OPENAI_TIMEOUT");
  setenv("OPENAI_MAX_RETRIES", "1.5", 1);
  EXPECT_THAT(refusal(openai, {}), HasSubstr("OPENAI_MAX_RETRIES is '1.5'"));
}

TEST_F(GeneratorForms, RefuseToolsOfTheSameNameAndWhatIsNoTool) {
  const auto tool = Tool{.name = "f", .description = "d"}.to_dict();
  EXPECT_THAT(refusal(openai_chat, {{"tools", Value::Array{tool, tool}}}),
              HasSubstr("Duplicate tool names found: {'f'}"));
  for (const auto& wrong : {Value(3), Value(Value::Array{3}), Value(Value::Object{{"type", "x"}})})
    EXPECT_THAT(refusal(openai_chat, {{"tools", wrong}}), HasSubstr("parameter 'tools'")) << wrong;
}

TEST_F(GeneratorForms, NameTheirSockets) {
  const auto sockets = [](const std::string& type, Value::Object parameters) {
    const auto component = component_from_dict(form(type, std::move(parameters)));
    std::vector<std::string> names;
    for (const auto& input : component->inputs()) names.push_back(input.name + ": " + input.type.str());
    for (const auto& output : component->outputs()) names.push_back(output.name + " -> " + output.type.str());
    return names;
  };
  EXPECT_THAT(sockets(openai, {}), testing::ElementsAre("prompt: str", "system_prompt: str | None",
                                                        "streaming_callback: StreamingCallback | None",
                                                        "generation_kwargs: dict[str, Any] | None",
                                                        "replies -> list[str]", "meta -> list[dict[str, Any]]"));
  EXPECT_THAT(
      sockets(azure_chat, {{"azure_endpoint", "https://x"}}),
      testing::ElementsAre("messages: list[ChatMessage] | str", "streaming_callback: StreamingCallback | None",
                           "generation_kwargs: dict[str, Any] | None", "tools: list[Tool | Toolset] | Toolset | None",
                           "tools_strict: bool | None", "replies -> list[ChatMessage]"));
}

}  // namespace
}  // namespace berth
