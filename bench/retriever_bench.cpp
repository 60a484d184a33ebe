// BM25 over many documents: writing them, and a query of some words. bench/haystack_retriever.py makes the documents,
// does the same with Haystack and compares the rankings; without it (BERTH_BENCH_RETRIEVAL unset) there are no documents.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "berth/in_memory_document_store.h"

namespace berth {
namespace {

/// {"documents": [{"id", "content"}], "queries": [text]}
const Value& input() {
  static const Value input = [] {
    const char* path = std::getenv("BERTH_BENCH_RETRIEVAL");
    if (path == nullptr) return Value();
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return Value::from_json(text.str());
  }();
  return input;
}

const std::vector<Document>& documents() {
  static const auto documents = from_value<std::vector<Document>>(*input().find("documents"));
  return documents;
}

InMemoryDocumentStore& store(const std::string& algorithm) {
  static OrderedMap<std::shared_ptr<InMemoryDocumentStore>> stores;
  if (!stores.contains(algorithm)) {
    stores.set(algorithm,
               std::make_shared<InMemoryDocumentStore>(InMemoryDocumentStoreParameters{.bm25_algorithm = algorithm}));
    stores.at(algorithm)->write_documents(documents());
  }
  return *stores.at(algorithm);
}

/// What is found, for the comparison with Haystack: a line of ids and scores for each query.
void write_rankings(const std::string& algorithm) {
  const char* folder = std::getenv("BERTH_BENCH_RANKINGS");
  if (folder == nullptr) return;
  Value::Array rankings;
  for (const auto& query : input().find("queries")->as_array()) {
    Value::Array ranking;
    for (const auto& document : store(algorithm).bm25_retrieval(query.as_string()))
      ranking.emplace_back(Value::Array{document.id, *document.score});
    rankings.emplace_back(std::move(ranking));
  }
  std::ofstream(std::string(folder) + "/" + algorithm + ".json") << Value(std::move(rankings)).to_json();
}

void write(benchmark::State& state) {
  if (input().is_null()) return state.SkipWithError("run it by bench/haystack_retriever.py");
  for (auto _ : state) {
    InMemoryDocumentStore store;
    store.write_documents(documents());
  }
}
BENCHMARK(write)->Name("write all documents")->Unit(benchmark::kMillisecond);

void query(benchmark::State& state, const std::string& algorithm) {
  if (input().is_null()) return state.SkipWithError("run it by bench/haystack_retriever.py");
  const auto& queries = input().find("queries")->as_array();
  const auto& searched = store(algorithm);
  write_rankings(algorithm);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(searched.bm25_retrieval(queries[i++ % queries.size()].as_string()));
}
BENCHMARK_CAPTURE(query, okapi, "BM25Okapi")->Name("a query, BM25Okapi")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(query, l, "BM25L")->Name("a query, BM25L")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(query, plus, "BM25Plus")->Name("a query, BM25Plus")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace berth
