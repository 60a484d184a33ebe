#include "component/builtin.h"

#include <fmt/format.h>

#include <stdexcept>

#include "berth/azure_openai_chat_generator.h"
#include "berth/azure_openai_generator.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "berth/openai_chat_generator.h"
#include "berth/openai_generator.h"

namespace berth {
namespace {

/// One whose model runs elsewhere.
template <class C>
ComponentClass remote() {
  auto component = component_class_of<C>();
  component.create = [create = std::move(component.create)](const Value::Object& given) {
    if (given.contains("device"))
      throw std::invalid_argument("there is no parameter 'device': the model runs on machines of the service");
    return create(given);
  };
  return component;
}

}  // namespace

std::vector<ComponentClass> builtin_components() {
  return {
      remote<AzureOpenAIChatGenerator>(),
      remote<AzureOpenAIGenerator>(),
      component_class_of<HuggingFaceLocalChatGenerator>(),
      component_class_of<HuggingFaceLocalGenerator>(),
      remote<OpenAIChatGenerator>(),
      remote<OpenAIGenerator>(),
  };
}

}  // namespace berth
