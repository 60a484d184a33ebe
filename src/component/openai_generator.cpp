#include "berth/openai_generator.h"

#include "dataclasses/serialization.h"
#include "remote/openai_endpoint.h"
#include "remote/remote_chat.h"

namespace berth {
namespace {

OpenAIGeneratorParameters completed(OpenAIGeneratorParameters given) {
  if (!given.generation_kwargs) given.generation_kwargs.emplace();
  return given;
}

}  // namespace

OpenAIGenerator::OpenAIGenerator(Parameters parameters) : ComponentWith(type_name, completed(std::move(parameters))) {
  const auto& given = this->parameters();
  chat_ = std::make_unique<RemoteChat>([&] {
    return std::make_unique<ChatCompletions>(
        openai_endpoint({.api_key = given.api_key,
                         .api_base_url = given.api_base_url,
                         .organization = given.organization,
                         .timeout = given.timeout,
                         .max_retries = given.max_retries,
                         .http_client_kwargs = given.http_client_kwargs}),
        given.model,
        ChatOptions{.generation_kwargs = given.generation_kwargs, .streaming_callback = given.streaming_callback},
        given.log);
  });
}

OpenAIGenerator::~OpenAIGenerator() = default;

void OpenAIGenerator::warm_up(const CallContext&) { chat_->get(); }

std::optional<std::string> OpenAIGenerator::known_problem() const { return chat_->missing(); }

void OpenAIGenerator::run(Run& run) {
  auto system_prompt = run.get(system_prompt_);
  if (!system_prompt && !parameters().system_prompt.value_or("").empty()) system_prompt = parameters().system_prompt;
  auto result = text_replies(
      chat_->get(), run.get(prompt_), std::move(system_prompt),
      {.generation_kwargs = run.get(generation_kwargs_), .streaming_callback = run.get(streaming_callback_)},
      run.context());
  run.set(replies_, std::move(result.replies));
  run.set(meta_, std::move(result.meta));
}

Value::Object OpenAIGenerator::init_parameters() const {
  auto written = plain(to_init_parameters(parameters())).as_object();
  for (const auto* name : {"timeout", "max_retries"}) written.erase(name);  // Haystack does not write them
  return written;
}

}  // namespace berth
