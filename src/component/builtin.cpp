#include "component/builtin.h"

#include <stdexcept>

#include "berth/answer_builder.h"
#include "berth/azure_openai_chat_generator.h"
#include "berth/azure_openai_generator.h"
#include "berth/chat_prompt_builder.h"
#include "berth/document_writer.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "berth/in_memory_bm25_retriever.h"
#include "berth/in_memory_embedding_retriever.h"
#include "berth/openai_chat_generator.h"
#include "berth/openai_generator.h"
#include "berth/prompt_builder.h"

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
      component_class_of<AnswerBuilder>(),
      remote<AzureOpenAIChatGenerator>(),
      remote<AzureOpenAIGenerator>(),
#ifdef BERTH_WITH_LLAMA  // its Jinja engine
      component_class_of<ChatPromptBuilder>(),
#endif
      component_class_of<DocumentWriter>(),
      component_class_of<HuggingFaceLocalChatGenerator>(),
      component_class_of<HuggingFaceLocalGenerator>(),
      component_class_of<InMemoryBM25Retriever>(),
      component_class_of<InMemoryEmbeddingRetriever>(),
      remote<OpenAIChatGenerator>(),
      remote<OpenAIGenerator>(),
#ifdef BERTH_WITH_LLAMA
      component_class_of<PromptBuilder>(),
#endif
  };
}

}  // namespace berth
