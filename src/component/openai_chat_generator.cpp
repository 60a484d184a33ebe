#include "berth/openai_chat_generator.h"

#include "dataclasses/serialization.h"
#include "remote/openai_endpoint.h"
#include "remote/remote_chat.h"

namespace berth {
namespace {

OpenAIChatGeneratorParameters completed(OpenAIChatGeneratorParameters given) {
  if (!given.generation_kwargs) given.generation_kwargs.emplace();
  return given;
}

}  // namespace

OpenAIChatGenerator::OpenAIChatGenerator(Parameters parameters)
    : ComponentWith(type_name, completed(std::move(parameters))) {
  const auto& given = this->parameters();
  chat_ = std::make_unique<RemoteChat>([&] {
    return std::make_unique<ChatCompletions>(openai_endpoint({.api_key = given.api_key,
                                                              .api_base_url = given.api_base_url,
                                                              .organization = given.organization,
                                                              .timeout = given.timeout,
                                                              .max_retries = given.max_retries,
                                                              .http_client_kwargs = given.http_client_kwargs}),
                                             given.model,
                                             ChatOptions{.generation_kwargs = given.generation_kwargs,
                                                         .streaming_callback = given.streaming_callback,
                                                         .tools = given.tools,
                                                         .tools_strict = given.tools_strict},
                                             given.log);
  });
}

OpenAIChatGenerator::~OpenAIChatGenerator() = default;

void OpenAIChatGenerator::warm_up(const CallContext&) { chat_->get(); }

std::optional<std::string> OpenAIChatGenerator::known_problem() const { return chat_->missing(); }

void OpenAIChatGenerator::run(Run& run) {
  run.set(replies_, chat_replies(chat_->get(), run.get(messages_),
                                 {.generation_kwargs = run.get(generation_kwargs_),
                                  .streaming_callback = run.get(streaming_callback_),
                                  .tools = run.get(tools_),
                                  .tools_strict = run.get(tools_strict_)},
                                 run.context()));
}

Value::Object OpenAIChatGenerator::init_parameters() const {
  return plain(to_init_parameters(parameters())).as_object();
}

}  // namespace berth
