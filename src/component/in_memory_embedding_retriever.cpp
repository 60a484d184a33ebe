#include "berth/in_memory_embedding_retriever.h"

#include "component/retriever.h"

namespace berth {

InMemoryEmbeddingRetriever::InMemoryEmbeddingRetriever(Parameters given) : ComponentWith(type_name, std::move(given)) {
  check_retriever(parameters().document_store, parameters().top_k, "top_k");
}

void InMemoryEmbeddingRetriever::run(Run& run) {
  const auto& own = parameters();
  run.set(documents_,
          own.document_store->embedding_retrieval(
              run.get(query_embedding_), {.filters = merged_filters(own.filter_policy, own.filters, run.get(filters_)),
                                          .top_k = run.get(top_k_).value_or(own.top_k),
                                          .scale_score = run.get(scale_score_).value_or(own.scale_score),
                                          .return_embedding = run.get(return_embedding_).value_or(own.return_embedding),
                                          .context = run.context()}));
}

}  // namespace berth
