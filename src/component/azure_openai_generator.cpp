#include "berth/azure_openai_generator.h"

#include "dataclasses/serialization.h"
#include "remote/openai_endpoint.h"
#include "remote/remote_chat.h"

namespace berth {
namespace {

AzureOpenAIGeneratorParameters completed(AzureOpenAIGeneratorParameters given) {
  refuse_token_provider(given.azure_ad_token_provider);
  given.azure_endpoint = known_azure_endpoint(given.azure_endpoint);
  if (!given.generation_kwargs) given.generation_kwargs.emplace();
  if (!given.default_headers) given.default_headers.emplace();
  given.timeout = timeout_or_environment(given.timeout);
  given.max_retries = max_retries_or_environment(given.max_retries);
  return given;
}

}  // namespace

AzureOpenAIGenerator::AzureOpenAIGenerator(Parameters parameters)
    : ComponentWith(type_name, completed(std::move(parameters))) {
  const auto& given = this->parameters();
  const auto model = given.azure_deployment.value_or("gpt-4.1-mini");
  chat_ = std::make_unique<RemoteChat>([&] {
    return std::make_unique<ChatCompletions>(
        azure_endpoint({.endpoint = azure_endpoint_or_environment(given.azure_endpoint),
                        .api_version = given.api_version,
                        .deployment = model,
                        .api_key = given.api_key,
                        .ad_token = given.azure_ad_token,
                        .organization = given.organization,
                        .timeout = *given.timeout,
                        .max_retries = *given.max_retries,
                        .http_client_kwargs = given.http_client_kwargs,
                        .default_headers = given.default_headers}),
        model,
        ChatOptions{.generation_kwargs = given.generation_kwargs, .streaming_callback = given.streaming_callback},
        given.log);
  });
}

AzureOpenAIGenerator::~AzureOpenAIGenerator() = default;

void AzureOpenAIGenerator::warm_up(const CallContext&) { chat_->get(); }

std::optional<std::string> AzureOpenAIGenerator::known_problem() const { return chat_->missing(); }

void AzureOpenAIGenerator::run(Run& run) {
  auto system_prompt = run.get(system_prompt_);
  if (!system_prompt && !parameters().system_prompt.value_or("").empty()) system_prompt = parameters().system_prompt;
  auto result = text_replies(
      chat_->get(), run.get(prompt_), std::move(system_prompt),
      {.generation_kwargs = run.get(generation_kwargs_), .streaming_callback = run.get(streaming_callback_)},
      run.context());
  run.set(replies_, std::move(result.replies));
  run.set(meta_, std::move(result.meta));
}

Value::Object AzureOpenAIGenerator::init_parameters() const {
  return plain(to_init_parameters(parameters())).as_object();
}

}  // namespace berth
