#include "component/builtin.h"

#include <stdexcept>

#include "berth/answer_builder.h"
#include "berth/azure_openai_chat_generator.h"
#include "berth/azure_openai_generator.h"
#include "berth/chat_prompt_builder.h"
#include "berth/openai_chat_generator.h"
#include "berth/openai_generator.h"
#include "berth/prompt_builder.h"

namespace berth {
namespace {

template <class C>
ComponentClass builtin(std::vector<std::string> aliases = {}) {
  using Parameters = typename C::Parameters;
  return {std::string(C::type_name), std::move(aliases), describe_parameters<Parameters>(),
          [](const Value::Object& given) -> std::unique_ptr<Component> {
            return std::make_unique<C>(from_init_parameters<Parameters>(given));
          }};
}

/// One whose model runs elsewhere.
template <class C>
ComponentClass remote() {
  auto component = builtin<C>();
  component.create = [create = std::move(component.create)](const Value::Object& given) {
    if (given.contains("device"))
      throw std::invalid_argument("there is no parameter 'device': the model runs on machines of the service");
    return create(given);
  };
  return component;
}

}  // namespace

std::vector<ComponentClass> builtin_components() {
  // clang-format off
  return {
      builtin<AnswerBuilder>(),
      remote<AzureOpenAIChatGenerator>(),
      remote<AzureOpenAIGenerator>(),
#ifdef BERTH_WITH_LLAMA  // its Jinja engine
      builtin<ChatPromptBuilder>(),
#endif
      remote<OpenAIChatGenerator>(),
      remote<OpenAIGenerator>(),
#ifdef BERTH_WITH_LLAMA
      builtin<PromptBuilder>(),
#endif
  };
  // clang-format on
}

}  // namespace berth
