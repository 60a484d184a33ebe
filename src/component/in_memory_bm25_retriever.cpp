#include "berth/in_memory_bm25_retriever.h"

#include "component/retriever.h"

namespace berth {

InMemoryBM25Retriever::InMemoryBM25Retriever(Parameters given) : ComponentWith(type_name, std::move(given)) {
  check_retriever(parameters().document_store, parameters().top_k, "the top_k");
}

void InMemoryBM25Retriever::run(Run& run) {
  const auto& own = parameters();
  run.set(documents_,
          own.document_store->bm25_retrieval(
              run.get(query_), {.filters = merged_filters(own.filter_policy, own.filters, run.get(filters_)),
                                .top_k = run.get(top_k_).value_or(own.top_k),
                                .scale_score = run.get(scale_score_).value_or(own.scale_score),
                                .context = run.context()}));
}

}  // namespace berth
