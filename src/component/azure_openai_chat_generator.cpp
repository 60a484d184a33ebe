#include "berth/azure_openai_chat_generator.h"

#include "dataclasses/serialization.h"
#include "remote/openai_endpoint.h"
#include "remote/remote_chat.h"

namespace berth {
namespace {

/// The value of a secret, which may be absent, else the text itself.
std::optional<std::string> resolved(const std::optional<std::variant<std::string, Secret>>& value) {
  if (!value) return std::nullopt;
  if (const auto* secret = std::get_if<Secret>(&*value)) return secret->resolve_value();
  return std::get<std::string>(*value);
}

AzureOpenAIChatGeneratorParameters completed(AzureOpenAIChatGeneratorParameters given) {
  refuse_token_provider(given.azure_ad_token_provider);
  const auto* text = given.azure_endpoint ? std::get_if<std::string>(&*given.azure_endpoint) : nullptr;
  if (!given.azure_endpoint || (text != nullptr && text->empty()))
    given.azure_endpoint = known_azure_endpoint(std::nullopt);
  if (!given.generation_kwargs) given.generation_kwargs.emplace();
  if (!given.default_headers) given.default_headers.emplace();
  given.timeout = timeout_or_environment(given.timeout);
  given.max_retries = max_retries_or_environment(given.max_retries);
  return given;
}

}  // namespace

AzureOpenAIChatGenerator::AzureOpenAIChatGenerator(Parameters parameters)
    : ComponentWith(type_name, completed(std::move(parameters))) {
  const auto& given = this->parameters();
  const auto model = given.azure_deployment.value_or("gpt-4.1-mini");
  chat_ = std::make_unique<RemoteChat>([&] {
    const auto api_version = resolved(given.api_version);
    const auto address = azure_endpoint_or_environment(resolved(given.azure_endpoint));
    return std::make_unique<ChatCompletions>(azure_endpoint({.endpoint = address,
                                                             .api_version = api_version,
                                                             .deployment = model,
                                                             .api_key = given.api_key,
                                                             .ad_token = given.azure_ad_token,
                                                             .organization = given.organization,
                                                             .timeout = *given.timeout,
                                                             .max_retries = *given.max_retries,
                                                             .http_client_kwargs = given.http_client_kwargs,
                                                             .default_headers = given.default_headers}),
                                             model,
                                             ChatOptions{.generation_kwargs = given.generation_kwargs,
                                                         .streaming_callback = given.streaming_callback,
                                                         .tools = given.tools,
                                                         .tools_strict = given.tools_strict},
                                             given.log);
  });
}

AzureOpenAIChatGenerator::~AzureOpenAIChatGenerator() = default;

void AzureOpenAIChatGenerator::warm_up(const CallContext&) { chat_->get(); }

std::optional<std::string> AzureOpenAIChatGenerator::known_problem() const { return chat_->missing(); }

void AzureOpenAIChatGenerator::run(Run& run) {
  run.set(replies_, chat_replies(chat_->get(), run.get(messages_),
                                 {.generation_kwargs = run.get(generation_kwargs_),
                                  .streaming_callback = run.get(streaming_callback_),
                                  .tools = run.get(tools_),
                                  .tools_strict = run.get(tools_strict_)},
                                 run.context()));
}

Value::Object AzureOpenAIChatGenerator::init_parameters() const {
  return plain(to_init_parameters(parameters())).as_object();
}

}  // namespace berth
