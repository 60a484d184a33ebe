#include "component/builtin.h"

#include "berth/document_writer.h"
#include "berth/in_memory_bm25_retriever.h"
#include "berth/in_memory_embedding_retriever.h"

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

}  // namespace

std::vector<ComponentClass> builtin_components() {
  return {
      builtin<DocumentWriter>(),
      builtin<InMemoryBM25Retriever>(),
      builtin<InMemoryEmbeddingRetriever>(),
  };
}

}  // namespace berth
