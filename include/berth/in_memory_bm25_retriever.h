/// InMemoryBM25Retriever: finds documents by the words of a query.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/in_memory_document_store.h"

namespace berth {

struct InMemoryBM25RetrieverParameters {
  std::shared_ptr<InMemoryDocumentStore> document_store = {};  ///< must be given
  std::optional<Value::Object> filters = {};
  std::int64_t top_k = 10;
  bool scale_score = false;
  FilterPolicy filter_policy = FilterPolicy::replace;

  static auto fields() {
    using P = InMemoryBM25RetrieverParameters;
    return std::tuple(field("document_store", &P::document_store), field("filters", &P::filters),
                      field("top_k", &P::top_k), field("scale_score", &P::scale_score),
                      field("filter_policy", &P::filter_policy));
  }
};

/// Haystack's component of that name. What a run gives takes the place of the parameters.
class InMemoryBM25Retriever final : public ComponentWith<InMemoryBM25RetrieverParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.retrievers.in_memory.bm25_retriever.InMemoryBM25Retriever";

  /// Throws std::invalid_argument without a document store, and where top_k is not above 0.
  explicit InMemoryBM25Retriever(Parameters parameters);

  void run(Run& run) override;
  bool concurrent() const override { return true; }

 private:
  Input<std::string> query_ = input<std::string>("query");
  Input<std::optional<Value::Object>> filters_ = input<std::optional<Value::Object>>("filters", std::nullopt);
  Input<std::optional<std::int64_t>> top_k_ = input<std::optional<std::int64_t>>("top_k", std::nullopt);
  Input<std::optional<bool>> scale_score_ = input<std::optional<bool>>("scale_score", std::nullopt);
  Output<std::vector<Document>> documents_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
