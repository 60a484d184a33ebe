/// InMemoryEmbeddingRetriever: finds documents near to an embedding.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/in_memory_document_store.h"

namespace berth {

struct InMemoryEmbeddingRetrieverParameters {
  std::shared_ptr<InMemoryDocumentStore> document_store = {};  ///< must be given
  std::optional<Value::Object> filters = {};
  std::int64_t top_k = 10;
  bool scale_score = false;
  bool return_embedding = false;
  FilterPolicy filter_policy = FilterPolicy::replace;

  static auto fields() {
    using P = InMemoryEmbeddingRetrieverParameters;
    return std::tuple(field("document_store", &P::document_store), field("filters", &P::filters),
                      field("top_k", &P::top_k), field("scale_score", &P::scale_score),
                      field("return_embedding", &P::return_embedding), field("filter_policy", &P::filter_policy));
  }
};

/// Haystack's component of that name. What a run gives takes the place of the parameters.
class InMemoryEmbeddingRetriever final : public ComponentWith<InMemoryEmbeddingRetrieverParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.retrievers.in_memory.embedding_retriever.InMemoryEmbeddingRetriever";

  /// Throws std::invalid_argument without a document store, and where top_k is not above 0.
  explicit InMemoryEmbeddingRetriever(Parameters parameters);

  void run(Run& run) override;
  bool concurrent() const override { return true; }

 private:
  Input<std::vector<double>> query_embedding_ = input<std::vector<double>>("query_embedding");
  Input<std::optional<Value::Object>> filters_ = input<std::optional<Value::Object>>("filters", std::nullopt);
  Input<std::optional<std::int64_t>> top_k_ = input<std::optional<std::int64_t>>("top_k", std::nullopt);
  Input<std::optional<bool>> scale_score_ = input<std::optional<bool>>("scale_score", std::nullopt);
  Input<std::optional<bool>> return_embedding_ = input<std::optional<bool>>("return_embedding", std::nullopt);
  Output<std::vector<Document>> documents_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
