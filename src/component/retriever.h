/// What retrievers have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "berth/document_store.h"
#include "berth/in_memory_document_store.h"

namespace berth {

/// Throws std::invalid_argument as Haystack's retrievers do.
void check_retriever(const std::shared_ptr<InMemoryDocumentStore>& store, std::int64_t top_k);

/// The filters of a run: those that it gives and the retriever's own. Empty ones count as none.
Value::Object merged_filters(FilterPolicy policy, const std::optional<Value::Object>& own,
                             const std::optional<Value::Object>& given);

}  // namespace berth
