/// InMemoryDocumentStore: documents in memory, found by filters, by words (BM25) or by embeddings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/call_context.h"
#include "berth/parameters.h"
#include "berth/document.h"
#include "berth/document_store.h"
#include "berth/log.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

class DocumentIndex;
class Bm25Tokenizer;

struct InMemoryDocumentStoreParameters {
  /// A regular expression of Python's; what it finds in a text in lower case are the text's words.
  std::string bm25_tokenization_regex = R"((?u)\b\w+\b)";
  std::string bm25_algorithm = "BM25L";                       ///< or "BM25Okapi", "BM25Plus"
  std::optional<Value::Object> bm25_parameters = {};          ///< k1, b, epsilon, delta
  std::string embedding_similarity_function = "dot_product";  ///< or "cosine"
  /// Stores of one index in a process have the same documents. Absent: an index of its own.
  std::optional<std::string> index = {};
  bool return_embedding = true;
  /// Of Haystack 3, written where they are given. Only its defaults are there yet: true, and false.
  std::optional<bool> shared = {};
  std::optional<bool> strict_datetime_comparison = {};

  /// Berth's own: warnings; without it they go to the caller's log. Not serialized.
  LogCallback log = {};

  static auto fields() {
    using P = InMemoryDocumentStoreParameters;
    return std::tuple(field("bm25_tokenization_regex", &P::bm25_tokenization_regex),
                      field("bm25_algorithm", &P::bm25_algorithm), field("bm25_parameters", &P::bm25_parameters),
                      field("embedding_similarity_function", &P::embedding_similarity_function),
                      field("index", &P::index), field("return_embedding", &P::return_embedding),
                      field("shared", &P::shared), field("strict_datetime_comparison", &P::strict_datetime_comparison));
  }
};

struct Bm25Options {
  Value::Object filters = {};
  std::int64_t top_k = 10;
  bool scale_score = false;  ///< to between 0 and 1
  CallContext context = {};
};

struct EmbeddingOptions {
  Value::Object filters = {};
  std::int64_t top_k = 10;
  bool scale_score = false;                      ///< to between 0 and 1
  std::optional<bool> return_embedding = false;  ///< absent: as the store's parameter
  CallContext context = {};
};

/// Haystack's class of that name, with its results, scores, order and errors. Filters are those of berth/filters.h;
/// empty ones mean all documents. Safe to use from several threads. A request to stop ends a search with Cancelled.
///
///     InMemoryDocumentStore store;
///     store.write_documents({Document({.content = "Rome is old."}), Document({.content = "Oslo is cold."})});
///     store.bm25_retrieval("old", {.top_k = 1});  // Rome
class InMemoryDocumentStore {
 public:
  static constexpr std::string_view type = "haystack.document_stores.in_memory.document_store.InMemoryDocumentStore";
  using Parameters = InMemoryDocumentStoreParameters;

  /// Throws std::invalid_argument for an algorithm, similarity or regular expression that is none.
  explicit InMemoryDocumentStore(Parameters parameters = {});

  const Parameters& parameters() const { return parameters_; }  ///< with the index that it has

  std::size_t count_documents() const;
  std::size_t count_documents_by_filter(const Value::Object& filters) const;

  /// In the order in which they were written.
  std::vector<Document> filter_documents(const Value::Object& filters = {}) const;

  /// Answers how many were written. Throws std::invalid_argument where a document is there and `policy` is fail; those
  /// before it are written then. Throws Cancelled before anything is written.
  std::size_t write_documents(std::vector<Document> documents, DuplicatePolicy policy = DuplicatePolicy::none,
                              const CallContext& context = {});

  void delete_documents(const std::vector<std::string>& ids);  ///< ids that are not there do not count
  void delete_all_documents();
  std::size_t delete_by_filter(const Value::Object& filters);  ///< answers how many

  /// Sets entries of the `meta` of documents, whose ids stay; answers of how many.
  std::size_t update_by_filter(const Value::Object& filters, const Value::Object& meta);

  /// The best documents, with scores. A document that scores 0 or less is left out, except with BM25Okapi unscaled.
  std::vector<Document> bm25_retrieval(std::string_view query, const Bm25Options& options = {}) const;

  /// The documents nearest to an embedding, with scores. Documents without an embedding are left out.
  std::vector<Document> embedding_retrieval(const std::vector<double>& query_embedding,
                                            const EmbeddingOptions& options = {}) const;

  /// Writes the store with its documents as Haystack does: to_dict() and "documents", as JSON. The file is the old or the
  /// new one, whatever happens. Throws std::filesystem::filesystem_error, and std::invalid_argument for a document with a
  /// score or embedding that is no finite number.
  void save_to_disk(const std::filesystem::path& path) const;
  /// Reads what save_to_disk() wrote, Haystack's too. Where the index is in use, the documents are added to it, in place
  /// of those with the same id. Throws FormatError.
  static std::shared_ptr<InMemoryDocumentStore> load_from_disk(const std::filesystem::path& path);

  Value to_dict() const;
  static std::shared_ptr<InMemoryDocumentStore> from_dict(const Value& data);  ///< throws std::invalid_argument

 private:
  Parameters parameters_;
  std::shared_ptr<const Bm25Tokenizer> tokenizer_;
  std::shared_ptr<DocumentIndex> index_;
};

/// In its serialized form.
template <>
struct ValueTraits<std::shared_ptr<InMemoryDocumentStore>> {
  static Type type() { return "InMemoryDocumentStore"; }
  static Value to_value(const std::shared_ptr<InMemoryDocumentStore>& store) {
    return store == nullptr ? Value() : store->to_dict();
  }
  static std::shared_ptr<InMemoryDocumentStore> from_value(const Value& value) {
    return InMemoryDocumentStore::from_dict(value);
  }
};

}  // namespace berth
