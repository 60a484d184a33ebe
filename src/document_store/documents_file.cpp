#include "document_store/documents_file.h"

#include <fmt/format.h>

#include <stdexcept>

#include "berth/document_store.h"
#include "berth/error.h"
#include "text/file.h"

namespace berth {
namespace {

constexpr std::string_view list_of_documents = "a list of documents, or a document store that was saved";

Value parse(const std::filesystem::path& path, std::string_view text) {
  try {
    return Value::from_json(text);
  } catch (const FormatError& problem) {
    throw FormatError(path, problem.offset(), problem.found(), problem.expected());
  }
}

std::vector<Document> documents_of(const std::filesystem::path& path, const Value& list) {
  if (!list.is_array())
    throw FormatError(path, 0, fmt::format("{} in the place of documents", list.type_name()), "a list of documents");
  std::vector<Document> documents;
  documents.reserve(list.as_array().size());
  for (const auto& each : list.as_array()) {
    try {
      documents.push_back(Document::from_dict(each));
    } catch (const std::invalid_argument& problem) {
      throw FormatError(path, 0,
                        fmt::format("document number {} that is none: {}", documents.size() + 1, problem.what()),
                        "the dictionary of a document");
    }
  }
  return documents;
}

}  // namespace

SavedStore read_saved_store(const std::filesystem::path& path) {
  auto data = parse(path, read_file(path, list_of_documents));
  const Value* documents = data.find("documents");
  if (documents == nullptr) throw FormatError(path, 0, "JSON without 'documents'", "a document store that was saved");
  SavedStore saved{{}, documents_of(path, *documents)};
  data.as_object().erase("documents");
  saved.store = std::move(data.as_object());
  return saved;
}

std::vector<Document> documents_from_json(const std::filesystem::path& path, std::string_view text) {
  const auto data = parse(path, text);
  const Value* documents = data.find("documents");
  if (documents == nullptr && !data.is_array())
    throw FormatError(path, 0, fmt::format("{} without 'documents'", data.type_name()), std::string(list_of_documents));
  return documents_of(path, documents == nullptr ? data : *documents);
}

std::vector<Document> read_documents(const std::filesystem::path& path) {
  return documents_from_json(path, read_file(path, list_of_documents));
}

}  // namespace berth
