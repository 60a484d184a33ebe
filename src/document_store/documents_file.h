/// Documents in files of JSON.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "berth/document.h"
#include "berth/value.h"

namespace berth {

/// The dictionary that InMemoryDocumentStore::save_to_disk() writes, without its documents, and these.
struct SavedStore {
  Value::Object store;
  std::vector<Document> documents;
};

/// Throws FormatError.
SavedStore read_saved_store(const std::filesystem::path& path);

/// What read_documents() makes of the text of a file, which messages call `path`.
std::vector<Document> documents_from_json(const std::filesystem::path& path, std::string_view text);

}  // namespace berth
