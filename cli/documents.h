/// Documents from a file, for the document stores of a pipeline.
#pragma once

#include <string>
#include <vector>

#include "berth/document.h"
#include "berth/pipeline.h"

namespace berth::cli {

/// A JSON list of documents, or an object with one as "documents", which is how Haystack's InMemoryDocumentStore saves
/// itself; "-" is standard input. Throws std::runtime_error naming the file and the document.
std::vector<Document> read_documents(const std::string& file);

/// Writes them to each in-memory store of the pipeline. Throws std::invalid_argument where it has none, and for a
/// document that is there twice.
void write_documents(const Pipeline& pipeline, const std::vector<Document>& documents);

}  // namespace berth::cli
