#include "berth/in_memory_document_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_set>

#include "berth/error.h"
#include "berth/filters.h"
#include "document_store/bm25_tokenizer.h"
#include "document_store/document_index.h"
#include "document_store/documents_file.h"
#include "document_store/embedding_similarity.h"
#include "text/file.h"
#include "text/printable.h"
#include "value/python_compare.h"

namespace berth {
namespace {

using Slot = DocumentIndex::Slot;

constexpr double bm25_scale = 8;  // Haystack's

constexpr std::string_view search = "The search for documents";

constexpr std::array<std::string_view, 3> bm25_algorithms = {"BM25Okapi", "BM25L", "BM25Plus"};
constexpr std::array<std::string_view, 2> similarities = {"dot_product", "cosine"};

/// The place of `name` among the names of an enumeration.
template <class Enum, std::size_t n>
Enum one_of(const std::array<std::string_view, n>& names, std::string_view name, std::string_view what) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    throw std::invalid_argument(
        fmt::format("{} {} is not supported. Supported are: {}", what, in_quotes(name), fmt::join(names, ", ")));
  return static_cast<Enum>(found - names.begin());
}

Bm25Parameters bm25_parameters(const InMemoryDocumentStoreParameters& given) {
  const auto algorithm = one_of<Bm25Algorithm>(bm25_algorithms, given.bm25_algorithm, "BM25 algorithm");
  const auto number = [&](std::string_view name, double otherwise) {
    const Value* value = given.bm25_parameters ? given.bm25_parameters->find(name) : nullptr;
    if (value == nullptr) return otherwise;
    if (!value->is_number())
      throw std::invalid_argument(
          fmt::format("bm25_parameters: '{}' must be a number, not of type '{}'", name, python_type_name(*value)));
    return value->as_double();
  };
  return {.algorithm = algorithm,
          .k1 = number("k1", 1.5),
          .b = number("b", 0.75),
          .epsilon = number("epsilon", 0.25),
          .delta = number("delta", algorithm == Bm25Algorithm::l ? 0.5 : 1.0)};
}

Similarity similarity(const InMemoryDocumentStoreParameters& given) {
  return one_of<Similarity>(similarities, given.embedding_similarity_function, "The embedding similarity function");
}

/// A random UUID (RFC 9562, version 4).
std::string new_uuid() {
  std::random_device random;
  std::array<std::uint32_t, 4> bits{};
  for (auto& each : bits) each = static_cast<std::uint32_t>(random());
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", bits[0], bits[1] >> 16U, bits[1] & 0xFFFU,
                     0x8000U | (bits[2] >> 16U & 0x3FFFU), bits[2] & 0xFFFFU, bits[3]);
}

[[noreturn]] void invalid_filters() {
  throw std::invalid_argument(
      "Invalid filter syntax. See https://docs.haystack.deepset.ai/docs/metadata-filtering for details.");
}

/// The slots of the documents that match. No filters match nothing: where they mean all, the caller knows.
std::vector<Slot> matching(const DocumentIndex& index, const Value::Object& filters, const CallContext& context = {}) {
  if (!filters.empty() && !filters.contains("operator") && !filters.contains("conditions")) invalid_filters();
  std::vector<Slot> slots;
  index.for_each([&](Slot slot, const Document& document) {
    context.throw_if_stopped(search);
    if (document_matches_filter(filters, document)) slots.push_back(slot);
  });
  return slots;
}

/// The same where no filters mean all documents.
template <class Visit>
void for_each_matching(const DocumentIndex& index, const Value::Object& filters, const CallContext& context,
                       Visit&& visit) {
  if (filters.empty()) return index.for_each([&](Slot, const Document& document) { visit(document); });
  for (const Slot slot : matching(index, filters, context)) visit(index.at(slot));
}

std::size_t limit(std::int64_t top_k) {
  if (top_k < 0)
    throw std::invalid_argument(fmt::format("top_k must be greater than 0. Currently, the top_k is {}", top_k));
  return static_cast<std::size_t>(top_k);
}

/// JSON has no other numbers.
void check_finite(const Document& document) {
  const auto finite = [](const std::vector<double>& numbers) {
    return std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
  };
  if (!finite({document.score.value_or(0)}) || !finite(document.embedding.value_or(std::vector<double>())) ||
      (document.sparse_embedding && !finite(document.sparse_embedding->values)))
    throw std::invalid_argument(fmt::format(
        "Document {} cannot be saved: its score or embedding has a number that is not finite", in_quotes(document.id)));
}

Document scored(Document document, double score, bool with_embedding) {
  document.score = score;
  if (!with_embedding) document.embedding.reset();
  return document;
}

}  // namespace

InMemoryDocumentStore::InMemoryDocumentStore(Parameters parameters) : parameters_(std::move(parameters)) {
  (void)bm25_parameters(parameters_);
  (void)similarity(parameters_);
  if (!parameters_.shared.value_or(true))
    throw std::invalid_argument(
        "shared: false is not there yet: stores of one index share their documents; leave out 'index' for one of its "
        "own");
  if (parameters_.strict_datetime_comparison.value_or(false))
    throw std::invalid_argument(
        "strict_datetime_comparison: true is not there yet: a date without a clock's offset takes that of the other");
  if (!parameters_.bm25_parameters) parameters_.bm25_parameters.emplace();
  tokenizer_ = std::make_shared<const Bm25Tokenizer>(parameters_.bm25_tokenization_regex);
  const bool named = parameters_.index.has_value();
  if (!named) parameters_.index = new_uuid();
  index_ = shared_document_index(*parameters_.index, named);
}

std::size_t InMemoryDocumentStore::count_documents() const {
  const std::shared_lock lock(index_->mutex);
  return index_->count();
}

std::size_t InMemoryDocumentStore::count_documents_by_filter(const Value::Object& filters) const {
  const std::shared_lock lock(index_->mutex);
  return filters.empty() ? index_->count() : matching(*index_, filters).size();
}

std::vector<Document> InMemoryDocumentStore::filter_documents(const Value::Object& filters) const {
  const std::shared_lock lock(index_->mutex);
  std::vector<Document> found;
  for_each_matching(*index_, filters, {}, [&](const Document& document) {
    found.push_back(document);
    if (!parameters_.return_embedding) found.back().embedding.reset();
  });
  return found;
}

std::size_t InMemoryDocumentStore::write_documents(std::vector<Document> documents, DuplicatePolicy policy,
                                                   const CallContext& context) {
  std::vector<TokenCounts> tokens;  // before others have to wait
  tokens.reserve(documents.size());
  for (const auto& document : documents) {
    context.throw_if_stopped("The writing of documents");
    tokens.push_back(tokenizer_->count(document.content.value_or("")));
  }

  std::vector<std::string> skipped;
  {
    const std::lock_guard lock(index_->mutex);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const auto& id = documents[i].id;
      if (index_->contains(id)) {
        if (policy == DuplicatePolicy::skip) {
          skipped.push_back(id);
          continue;
        }
        if (policy != DuplicatePolicy::overwrite)
          throw std::invalid_argument(fmt::format("ID {} already exists.", in_quotes(id)));
        index_->remove(id);
      }
      index_->add(std::move(documents[i]), tokens[i]);
    }
  }
  const auto log = context.logging_to(parameters_.log).log;
  for (const auto& id : skipped)
    if (log) log(LogLevel::warning, fmt::format("ID {} already exists", in_quotes(id)));
  return documents.size() - skipped.size();
}

void InMemoryDocumentStore::delete_documents(const std::vector<std::string>& ids) {
  const std::lock_guard lock(index_->mutex);
  for (const auto& id : ids) index_->remove(id);
}

void InMemoryDocumentStore::delete_all_documents() {
  const std::lock_guard lock(index_->mutex);
  index_->clear();
}

std::size_t InMemoryDocumentStore::delete_by_filter(const Value::Object& filters) {
  const std::lock_guard lock(index_->mutex);
  std::vector<std::string> ids;
  for (const Slot slot : matching(*index_, filters)) ids.push_back(index_->at(slot).id);
  for (const auto& id : ids) index_->remove(id);
  return ids.size();
}

std::size_t InMemoryDocumentStore::update_by_filter(const Value::Object& filters, const Value::Object& meta) {
  const std::lock_guard lock(index_->mutex);
  const auto slots = matching(*index_, filters);
  for (const Slot slot : slots)
    for (const auto& [name, value] : meta) index_->at(slot).meta.set(name, value);
  return slots.size();
}

std::vector<Document> InMemoryDocumentStore::bm25_retrieval(std::string_view query, const Bm25Options& options) const {
  if (query.empty()) throw std::invalid_argument("Query should be a non-empty string");
  if (!options.filters.empty() && !options.filters.contains("operator")) invalid_filters();
  const auto top_k = limit(options.top_k);
  const auto terms = tokenizer_->tokens(query);
  const auto parameters = bm25_parameters(parameters_);
  const bool any_score = parameters.algorithm == Bm25Algorithm::okapi && !options.scale_score;

  const std::shared_lock lock(index_->mutex);
  std::unordered_set<Slot> allowed;
  if (!options.filters.empty())
    index_->for_each([&](Slot slot, const Document& document) {
      options.context.throw_if_stopped(search);
      if (document.content && document_matches_filter(options.filters, document)) allowed.insert(slot);
    });
  options.context.throw_if_stopped(search);
  const auto hits = index_->bm25().search(terms, parameters, top_k, [&](Slot slot) {
    return options.filters.empty() ? index_->at(slot).content.has_value() : allowed.contains(slot);
  });

  std::vector<Document> found;
  for (const auto& [slot, raw] : hits) {
    const double score = options.scale_score ? expit(raw / bm25_scale) : raw;
    if (any_score || score > 0) found.push_back(scored(index_->at(slot), score, parameters_.return_embedding));
  }
  return found;
}

std::vector<Document> InMemoryDocumentStore::embedding_retrieval(const std::vector<double>& query_embedding,
                                                                 const EmbeddingOptions& options) const {
  if (query_embedding.empty()) throw std::invalid_argument("query_embedding should be a non-empty list of floats.");
  const auto top_k = limit(options.top_k);
  const EmbeddingSimilarity compared(similarity(parameters_), options.scale_score, query_embedding);

  std::shared_lock lock(index_->mutex);
  std::vector<const Document*> documents;
  for_each_matching(*index_, options.filters, options.context, [&](const Document& document) {
    if (document.embedding) documents.push_back(&document);
  });
  if (documents.empty()) {
    lock.unlock();
    if (const auto log = options.context.logging_to(parameters_.log).log)
      log(LogLevel::warning,
          "No Documents found with embeddings. Returning empty list. To generate embeddings, use a DocumentEmbedder.");
    return {};
  }
  for (const auto* document : documents)
    if (document->embedding->size() != documents.front()->embedding->size())
      throw std::invalid_argument(
          "The embedding size of all Documents should be the same. Please make sure that the Documents have been "
          "embedded with the same model.");
  if (documents.front()->embedding->size() != query_embedding.size())
    throw std::invalid_argument(
        "The embedding size of the query should be the same as the embedding size of the Documents. Please make sure "
        "that the query has been embedded with the same model as the Documents.");

  std::vector<std::pair<double, const Document*>> ranking;
  ranking.reserve(documents.size());
  for (const auto* document : documents) {
    options.context.throw_if_stopped(search);
    ranking.emplace_back(compared.score(*document->embedding), document);
  }
  std::ranges::stable_sort(ranking, [](const auto& a, const auto& b) {
    return a.first > b.first || (std::isnan(b.first) && !std::isnan(a.first));
  });
  if (ranking.size() > top_k) ranking.resize(top_k);

  std::vector<Document> found;
  const bool with_embedding = options.return_embedding.value_or(parameters_.return_embedding);
  for (const auto& [score, document] : ranking) found.push_back(scored(*document, score, with_embedding));
  return found;
}

void InMemoryDocumentStore::save_to_disk(const std::filesystem::path& path) const {
  Value::Array documents;
  {
    const std::shared_lock lock(index_->mutex);
    index_->for_each([&](Slot, const Document& document) {
      check_finite(document);
      documents.push_back(document.to_dict(false));
    });
  }
  auto data = to_dict();
  data.as_object().set("documents", std::move(documents));
  write_file(path, data.to_json());
}

std::shared_ptr<InMemoryDocumentStore> InMemoryDocumentStore::load_from_disk(const std::filesystem::path& path) {
  auto saved = read_saved_store(path);
  try {
    auto store = from_dict(std::move(saved.store));
    store->write_documents(std::move(saved.documents), DuplicatePolicy::overwrite);
    return store;
  } catch (const std::invalid_argument& problem) {
    throw FormatError(path, 0, problem.what(), "a document store that was saved");
  }
}

Value InMemoryDocumentStore::to_dict() const {
  auto parameters = to_init_parameters(parameters_);
  for (const auto* name : {"shared", "strict_datetime_comparison"})
    if (parameters.at(name).is_null()) parameters.erase(name);  // Haystack 2 does not have them
  return Value::Object{{"type", type}, {"init_parameters", std::move(parameters)}};
}

std::shared_ptr<InMemoryDocumentStore> InMemoryDocumentStore::from_dict(const Value& data) {
  const Value* name = data.find("type");
  if (name == nullptr || !name->is_string())
    throw std::invalid_argument("document_store must be an instance of InMemoryDocumentStore");
  if (name->as_string() != type)
    throw std::invalid_argument(
        fmt::format("Class {} can't be deserialized as 'InMemoryDocumentStore'", in_quotes(name->as_string())));
  static const Value none = Value::Object{};
  const Value* given = data.find("init_parameters");
  return std::make_shared<InMemoryDocumentStore>(
      from_init_parameters<Parameters>((given == nullptr ? none : *given).as_object()));
}

}  // namespace berth
