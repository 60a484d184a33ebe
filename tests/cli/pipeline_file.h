/// A pipeline whose parts can be exchanged, for tests of the command line.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "test_model.h"

namespace berth::test {

/// A prompt and a generator; no model is needed to load it.
inline std::string capital_yaml(const std::string& model = "smollm2") {
  return R"(components:
  prompt:
    type: haystack.components.builders.prompt_builder.PromptBuilder
    init_parameters:
      template: 'The capital of {{ country }} is'
      required_variables: [country]
  llm:
    type: haystack.components.generators.hugging_face_local.HuggingFaceLocalGenerator
    init_parameters:
      model: )" +
         model + R"(
      task: text-generation
      device: {type: single, device: cpu}
      generation_kwargs: {max_new_tokens: 1}
connections:
- sender: prompt.prompt
  receiver: llm.prompt
)";
}

/// Builders only.
inline std::string builders_yaml() {
  return R"(components:
  first:
    type: haystack.components.builders.prompt_builder.PromptBuilder
    init_parameters: {template: 'Hello {{ name }}', required_variables: [name]}
  second:
    type: haystack.components.builders.prompt_builder.PromptBuilder
    init_parameters: {template: '{{ text }}, {{ title }}!'}
connections:
- {sender: first.prompt, receiver: second.text}
)";
}

/// A retriever over a store that is empty.
inline std::string retriever_yaml() {
  return R"(components:
  retriever:
    type: haystack.components.retrievers.in_memory.bm25_retriever.InMemoryBM25Retriever
    init_parameters:
      document_store:
        type: haystack.document_stores.in_memory.document_store.InMemoryDocumentStore
        init_parameters: {}
  prompt:
    type: haystack.components.builders.prompt_builder.PromptBuilder
    init_parameters: {template: '{% for document in documents %}[{{ document.content }}]{% endfor %}'}
connections:
- {sender: retriever.documents, receiver: prompt.documents}
)";
}

/// `text` with its first `what` exchanged.
inline std::string exchanged(std::string text, const std::string& what, const std::string& instead) {
  return text.replace(text.find(what), what.size(), instead);
}

class PipelineFileTest : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  TemporaryFolder folder_;
};

}  // namespace berth::test
