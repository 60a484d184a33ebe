#include "documents.h"

#include <map>
#include <memory>

#include "berth/in_memory_document_store.h"
#include "document_store/documents_file.h"
#include "failure.h"
#include "text_file.h"

namespace berth::cli {

std::vector<Document> read_documents(const std::string& file) {
  return documents_from_json(file_name_for_messages(file), read_file_or_input(file, "documents"));
}

void write_documents(const Pipeline& pipeline, const std::vector<Document>& documents) {
  // Stores of one index are one store, and a store can be reached by its index.
  std::map<std::string, std::shared_ptr<InMemoryDocumentStore>> stores;
  for (const auto& name : pipeline.component_names()) {
    const auto parameters = pipeline.component(name).init_parameters();
    const Value* data = parameters.find("document_store");
    if (data == nullptr || data->is_null()) continue;
    auto store = InMemoryDocumentStore::from_dict(*data);
    stores.emplace(store->parameters().index.value_or(""), std::move(store));
  }
  if (stores.empty())
    throw WrongUse("--documents needs a component with an InMemoryDocumentStore; this pipeline has none",
                   "berth pipeline run");
  for (const auto& [index, store] : stores) store->write_documents(documents);
}

}  // namespace berth::cli
