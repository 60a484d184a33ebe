#include "component/retriever.h"

#include <fmt/format.h>

#include <stdexcept>

namespace berth {

void check_retriever(const std::shared_ptr<InMemoryDocumentStore>& store, std::int64_t top_k,
                     std::string_view top_k_name) {
  if (store == nullptr) throw std::invalid_argument("document_store must be an instance of InMemoryDocumentStore");
  if (top_k <= 0)
    throw std::invalid_argument(fmt::format("top_k must be greater than 0. Currently, {} is {}", top_k_name, top_k));
}

Value::Object merged_filters(FilterPolicy policy, const std::optional<Value::Object>& own,
                             const std::optional<Value::Object>& given) {
  Value::Object filters = own.value_or(Value::Object{});
  if (!given || given->empty()) return filters;
  if (policy == FilterPolicy::replace) return *given;
  for (const auto& [name, value] : *given) filters.set(name, value);
  return filters;
}

}  // namespace berth
