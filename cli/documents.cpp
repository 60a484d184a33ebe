#include "documents.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <stdexcept>

#include "berth/error.h"
#include "berth/in_memory_document_store.h"
#include "failure.h"
#include "text_file.h"

namespace berth::cli {

std::vector<Document> read_documents(const std::string& file) {
  const auto name = file_name_for_messages(file);
  Value data;
  try {
    data = Value::from_json(read_text_file(file, "documents"));
  } catch (const FormatError& problem) {
    throw FormatError(name, problem.offset(), problem.found(), problem.expected());
  }
  const Value* list = data.is_object() ? data.find("documents") : &data;
  if (list == nullptr || !list->is_array())
    throw std::runtime_error(
        fmt::format("{}: documents are a JSON list, or an object with one as \"documents\"", name));
  std::vector<Document> documents;
  for (const auto& each : list->as_array()) {
    try {
      documents.push_back(Document::from_dict(each));
    } catch (const std::invalid_argument& problem) {
      throw std::runtime_error(fmt::format("{}: document {}: {}", name, documents.size() + 1, problem.what()));
    }
  }
  return documents;
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
