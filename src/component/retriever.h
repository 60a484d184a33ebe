/// What retrievers have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "berth/document_store.h"
#include "berth/in_memory_document_store.h"

namespace berth {

/// Throws std::invalid_argument as Haystack's retrievers do, which call top_k in two ways.
void check_retriever(const std::shared_ptr<InMemoryDocumentStore>& store, std::int64_t top_k,
                     std::string_view top_k_name);

/// The filters of a run: those that it gives and the retriever's own. Empty ones count as none.
Value::Object merged_filters(FilterPolicy policy, const std::optional<Value::Object>& own,
                             const std::optional<Value::Object>& given);

}  // namespace berth
