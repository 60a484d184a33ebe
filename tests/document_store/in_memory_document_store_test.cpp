#include "berth/in_memory_document_store.h"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

#include "json_file.h"
#include "random_values.h"
#include "refusal.h"

namespace berth {
namespace {
using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;

Document document(std::string id, std::optional<std::string> content = {}, Value::Object meta = {}) {
  return Document({.id = std::move(id), .content = std::move(content), .meta = std::move(meta)});
}

Value::Object page_is(const Value& page) { return {{"field", "meta.page"}, {"operator", "=="}, {"value", page}}; }

std::vector<std::string> ids(const std::vector<Document>& documents) {
  std::vector<std::string> ids;
  for (const auto& each : documents) ids.push_back(each.id);
  return ids;
}

/// Haystack's answer: the same documents in the same order, the same scores.
void expect_found(const std::vector<Document>& found, const Value::Array& expected, const Value& about) {
  ASSERT_EQ(found.size(), expected.size()) << about;
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].id, expected[i].as_array()[0].as_string()) << "place " << i << " of " << about;
    EXPECT_NEAR(*found[i].score, expected[i].as_array()[1].as_double(), 1e-9) << about;
  }
}

TEST(InMemoryDocumentStore, RanksByWordsAsHaystackDoes) {
  const auto file = test::json_file("retrieval/bm25.json");
  std::size_t searches = 0;
  for (const auto& one : file.find("cases")->as_array()) {
    const auto store = InMemoryDocumentStore::from_dict(
        Value::Object{{"type", InMemoryDocumentStore::type}, {"init_parameters", *one.find("parameters")}});
    for (const auto& step : one.find("steps")->as_array()) {
      if (const Value* documents = step.find("write")) {
        store->write_documents(from_value<std::vector<Document>>(*documents), DuplicatePolicy::overwrite);
      } else if (const Value* deleted = step.find("delete")) {
        store->delete_documents(from_value<std::vector<std::string>>(*deleted));
      } else {
        const Value& search = *step.find("search");
        const Value* filters = search.find("filters");
        const auto found = store->bm25_retrieval(
            search.find("query")->as_string(), {.filters = filters == nullptr ? Value::Object{} : filters->as_object(),
                                                .top_k = search.find("top_k")->as_int(),
                                                .scale_score = search.find("scale_score")->as_bool()});
        expect_found(found, step.find("found")->as_array(), Value::Array{*one.find("parameters"), search});
        ++searches;
      }
    }
  }
  EXPECT_GT(searches, 100U);
}

TEST(InMemoryDocumentStore, RanksByEmbeddingsAsHaystackDoes) {
  const auto file = test::json_file("retrieval/embeddings.json");
  const auto documents = from_value<std::vector<Document>>(*file.find("documents"));
  for (const auto& one : file.find("searches")->as_array()) {
    InMemoryDocumentStore store({.embedding_similarity_function = one.find("similarity")->as_string()});
    store.write_documents(documents);
    const Value& filters = *one.find("filters");
    const auto found = store.embedding_retrieval(from_value<std::vector<double>>(*one.find("query")),
                                                 {.filters = filters.is_null() ? Value::Object{} : filters.as_object(),
                                                  .top_k = 12,
                                                  .scale_score = one.find("scale_score")->as_bool()});
    expect_found(found, one.find("found")->as_array(), one);
  }
}

TEST(InMemoryDocumentStore, ScoresDoNotDependOnWhatWasThereBefore) {
  test::Random random;
  const auto text = [&] {
    std::string words;
    for (int i = random.below(12); i >= 0; --i) words += "w" + std::to_string(random.below(random.below(20) + 1)) + " ";
    return words;
  };
  for (const auto* algorithm : {"BM25Okapi", "BM25L", "BM25Plus"}) {
    InMemoryDocumentStore changed({.bm25_algorithm = algorithm});
    std::map<std::string, std::string> left;
    for (int i = 0; i < 1500; ++i) {  // so many that the store is put in order several times
      const auto id = std::to_string(random.below(300));
      if (random.below(3) == 0) {
        left.erase(id);
        changed.delete_documents({id});
      } else {
        changed.write_documents({document(id, left[id] = text())}, DuplicatePolicy::overwrite);
      }
    }
    InMemoryDocumentStore fresh({.bm25_algorithm = algorithm});
    for (const auto& each : changed.filter_documents()) {
      EXPECT_EQ(each.content, left.at(each.id));
      fresh.write_documents({each});
    }
    ASSERT_EQ(changed.count_documents(), left.size());
    for (int i = 0; i < 50; ++i) {
      const auto query = text();
      const auto a = changed.bm25_retrieval(query, {.top_k = 1000});
      const auto b = fresh.bm25_retrieval(query, {.top_k = 1000});
      ASSERT_EQ(a.size(), b.size());
      // Every word is in some document, so that the vocabularies are the same; what was added in other steps differs in
      // the last digits, and so may the order of what is equal.
      for (std::size_t j = 0; j < a.size(); ++j)
        EXPECT_NEAR(*a[j].score, *b[j].score, 1e-9) << algorithm << " " << query;
    }
  }
}

TEST(InMemoryDocumentStore, FindsTheFirstOfAllThatItWouldFind) {
  test::Random random;
  InMemoryDocumentStore store;
  for (int i = 0; i < 200; ++i)
    store.write_documents({document(std::to_string(i), "word" + std::to_string(random.below(9)) + " common")});
  const auto all = ids(store.bm25_retrieval("word1 word2 common", {.top_k = 1000}));
  EXPECT_EQ(all.size(), 200U);
  for (std::int64_t k = 0; k < 200; k += 7)
    EXPECT_EQ(ids(store.bm25_retrieval("word1 word2 common", {.top_k = k})),
              std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k)));
}

TEST(InMemoryDocumentStore, KeepsDocumentsInTheOrderInWhichTheyWereWritten) {
  InMemoryDocumentStore store;
  store.write_documents({document("b"), document("a"), document("c")});
  store.write_documents({document("b", "new")}, DuplicatePolicy::overwrite);
  EXPECT_THAT(ids(store.filter_documents()), ElementsAre("a", "c", "b"));
  EXPECT_EQ(store.filter_documents().back().content, "new");
}

TEST(InMemoryDocumentStore, TreatsDuplicatesAsItsPolicySays) {
  std::string said;
  InMemoryDocumentStore store({.log = [&](LogLevel, std::string_view message) { said += message; }});
  EXPECT_EQ(store.write_documents({document("1", "first")}), 1U);
  EXPECT_EQ(store.write_documents({document("1", "second"), document("2")}, DuplicatePolicy::skip), 1U);
  EXPECT_EQ(said, "ID '1' already exists");
  EXPECT_EQ(store.filter_documents().front().content, "first");
  EXPECT_EQ(store.write_documents({document("1", "third")}, DuplicatePolicy::overwrite), 1U);
  for (const auto policy : {DuplicatePolicy::none, DuplicatePolicy::fail})
    EXPECT_EQ(refusal([&] {
                store.write_documents({document("3"), document("1")}, policy);
              }),
              policy == DuplicatePolicy::none ? "ID '1' already exists." : "ID '3' already exists.");
  EXPECT_EQ(store.count_documents(), 3U);
}

TEST(InMemoryDocumentStore, SharesItsDocumentsWithStoresOfTheSameIndex) {
  InMemoryDocumentStore one({.index = "shared in this test"});
  InMemoryDocumentStore other({.bm25_algorithm = "BM25Plus", .index = "shared in this test"});
  const InMemoryDocumentStore apart;
  one.write_documents({document("1", "Rome")});
  EXPECT_EQ(ids(other.bm25_retrieval("rome")), std::vector<std::string>{"1"});
  EXPECT_EQ(apart.count_documents(), 0U);
  other.delete_all_documents();
  EXPECT_EQ(one.count_documents(), 0U);
}

TEST(InMemoryDocumentStore, ComesBackWithItsDocumentsWhereItsIndexIsThere) {
  InMemoryDocumentStore store;
  EXPECT_THAT(*store.parameters().index,
              testing::MatchesRegex("[0-9a-f-]{13}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  store.write_documents({document("1")});
  EXPECT_EQ(InMemoryDocumentStore::from_dict(store.to_dict())->count_documents(), 1U);
}

TEST(InMemoryDocumentStore, IsWrittenDownAsHaystackWritesIt) {
  const InMemoryDocumentStore store({.bm25_parameters = Value::Object{{"k1", 1}}, .index = "x"});
  const auto* const json =
      R"({"type": "haystack.document_stores.in_memory.document_store.InMemoryDocumentStore", "init_parameters": )"
      R"({"bm25_tokenization_regex": "(?u)\\b\\w+\\b", "bm25_algorithm": "BM25L", "bm25_parameters": {"k1": 1}, )"
      R"("embedding_similarity_function": "dot_product", "index": "x", "return_embedding": true}})";
  EXPECT_EQ(store.to_dict().to_json(), json);
  EXPECT_EQ(InMemoryDocumentStore::from_dict(Value::from_json(json))->to_dict(), store.to_dict());
  EXPECT_EQ(*InMemoryDocumentStore().to_dict().find("init_parameters")->find("bm25_parameters"),
            Value(Value::Object{}));
}

TEST(InMemoryDocumentStore, ChangesAndDeletesWhatFiltersMatch) {
  InMemoryDocumentStore store;
  store.write_documents({document("1", "a", {{"page", 1}}), document("2", "b", {{"page", 2}}), document("3", "c")});
  EXPECT_EQ(store.count_documents_by_filter(page_is(1)), 1U);
  EXPECT_EQ(store.count_documents_by_filter({}), 3U);
  EXPECT_EQ(store.update_by_filter(page_is(nullptr), {{"page", 1}, {"new", true}}), 1U);
  EXPECT_THAT(ids(store.filter_documents(page_is(1))), ElementsAre("1", "3"));
  EXPECT_EQ(store.filter_documents().back().meta, (Value::Object{{"page", 1}, {"new", true}}));
  EXPECT_EQ(store.delete_by_filter(page_is(1)), 2U);
  EXPECT_THAT(ids(store.filter_documents()), ElementsAre("2"));
  EXPECT_EQ(refusal([&] { store.delete_by_filter({}); }), "'operator' key missing in {}");
  EXPECT_EQ(store.count_documents(), 1U);
}

TEST(InMemoryDocumentStore, GivesEmbeddingsWhereTheyAreWanted) {
  const Document with({.id = "1", .content = "x", .embedding = {{1.0, 2.0}}});
  for (const bool wanted : {true, false}) {
    InMemoryDocumentStore store({.return_embedding = wanted});
    store.write_documents({with});
    EXPECT_EQ(store.filter_documents()[0].embedding.has_value(), wanted);
    EXPECT_EQ(store.bm25_retrieval("x")[0].embedding.has_value(), wanted);
    EXPECT_FALSE(store.embedding_retrieval({1, 1})[0].embedding);
    EXPECT_TRUE(store.embedding_retrieval({1, 1}, {.return_embedding = true})[0].embedding);
    EXPECT_EQ(store.embedding_retrieval({1, 1}, {.return_embedding = std::nullopt})[0].embedding.has_value(), wanted);
  }
}

TEST(InMemoryDocumentStore, LeavesOutDocumentsWithoutContent) {
  InMemoryDocumentStore store({.bm25_algorithm = "BM25Okapi"});
  EXPECT_TRUE(store.bm25_retrieval("x").empty());
  store.write_documents({document("none"), document("empty", "")});
  EXPECT_THAT(ids(store.bm25_retrieval("x")), ElementsAre("empty"));
  EXPECT_TRUE(store.bm25_retrieval("x", {.filters = page_is(1)}).empty());
  EXPECT_TRUE(InMemoryDocumentStore().bm25_retrieval("x").empty());
}

TEST(InMemoryDocumentStore, RefusesParametersThatItDoesNotKnow) {
  EXPECT_EQ(refusal([] { InMemoryDocumentStore({.bm25_algorithm = "BM26"}); }),
            "BM25 algorithm 'BM26' is not supported. Supported are: BM25Okapi, BM25L, BM25Plus");
  EXPECT_EQ(refusal([] { InMemoryDocumentStore({.embedding_similarity_function = "l2"}); }),
            "The embedding similarity function 'l2' is not supported. Supported are: dot_product, cosine");
  EXPECT_THAT(refusal([] { InMemoryDocumentStore({.bm25_tokenization_regex = "("}); }),
              HasSubstr("The regular expression '(' is wrong at position 1"));
  EXPECT_EQ(refusal([] {
              InMemoryDocumentStore({.bm25_parameters = Value::Object{{"k1", "x"}}});
            }),
            "bm25_parameters: 'k1' must be a number, not of type 'str'");
  const auto of = [](Value data) { return refusal([&] { InMemoryDocumentStore::from_dict(data); }); };
  EXPECT_EQ(of(nullptr), "document_store must be an instance of InMemoryDocumentStore");
  EXPECT_EQ(of(Value::Object{{"init_parameters", Value::Object{}}}),
            "document_store must be an instance of InMemoryDocumentStore");
  EXPECT_EQ(of(Value::Object{{"type", "x.Y"}}), "Class 'x.Y' can't be deserialized as 'InMemoryDocumentStore'");
  EXPECT_THAT(
      of(Value::Object{{"type", InMemoryDocumentStore::type}, {"init_parameters", Value::Object{{"indx", "x"}}}}),
      HasSubstr("index"));
}

TEST(InMemoryDocumentStore, RefusesQueriesThatAreNone) {
  InMemoryDocumentStore store;
  store.write_documents({Document({.id = "1", .content = "x", .embedding = {{1.0, 2.0}}})});
  EXPECT_EQ(refusal([&] { store.bm25_retrieval(""); }), "Query should be a non-empty string");
  EXPECT_EQ(refusal([&] { store.bm25_retrieval("x", {.top_k = -1}); }),
            "top_k must be greater than 0. Currently, the top_k is -1");
  const auto* const invalid =
      "Invalid filter syntax. See https://docs.haystack.deepset.ai/docs/metadata-filtering for details.";
  EXPECT_EQ(refusal([&] { store.bm25_retrieval("x", {.filters = {{"page", 1}}}); }), invalid);
  EXPECT_EQ(refusal([&] { store.filter_documents({{"page", 1}}); }), invalid);
  EXPECT_EQ(refusal([&] { store.embedding_retrieval({}); }), "query_embedding should be a non-empty list of floats.");
  EXPECT_EQ(refusal([&] {
              store.embedding_retrieval({1, 2, 3});
            }),
            "The embedding size of the query should be the same as the embedding size of the Documents. Please make "
            "sure that the query has been embedded with the same model as the Documents.");
  store.write_documents({Document({.id = "2", .embedding = {{1.0}}})});
  EXPECT_EQ(refusal([&] {
              store.embedding_retrieval({1, 2});
            }),
            "The embedding size of all Documents should be the same. Please make sure that the Documents have been "
            "embedded with the same model.");
}

TEST(InMemoryDocumentStore, SaysWhereParametersLeadToNoScore) {
  InMemoryDocumentStore store({.bm25_parameters = Value::Object{{"k1", -1.0}, {"b", 0}, {"delta", 0}}});
  store.write_documents({document("1", "x"), document("2", "y")});
  EXPECT_THAT(refusal([&] { store.bm25_retrieval("x"); }), HasSubstr("The bm25_parameters divide by zero"));
}

TEST(InMemoryDocumentStore, SaysThatNoDocumentHasAnEmbedding) {
  std::string said;
  InMemoryDocumentStore store({.log = [&](LogLevel, std::string_view message) { said += message; }});
  store.write_documents({document("1")});
  EXPECT_TRUE(store.embedding_retrieval({1}).empty());
  EXPECT_EQ(
      said,
      "No Documents found with embeddings. Returning empty list. To generate embeddings, use a DocumentEmbedder.");
}

TEST(InMemoryDocumentStore, TakesTextsThatAreNotUtf8AndNumbersThatAreNone) {
  InMemoryDocumentStore store;
  store.write_documents(
      {Document({.id = "1", .content = "a\xff", .embedding = {{std::numeric_limits<double>::quiet_NaN()}}}),
       Document({.id = "2", .content = "b", .embedding = {{1.0}}})});
  EXPECT_EQ(ids(store.bm25_retrieval("a\xfe", {.top_k = 1})), std::vector<std::string>{"1"});
  EXPECT_THAT(ids(store.embedding_retrieval({1})), ElementsAre("2", "1"));
}

TEST(InMemoryDocumentStore, IsReadWhileItIsWritten) {
  InMemoryDocumentStore store;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 2; ++writer)
    threads.emplace_back([&, writer] {
      for (int i = 0; i < 300; ++i) {
        const auto id = std::to_string(writer) + "-" + std::to_string(i % 50);
        store.write_documents({document(id, "Rome is old " + id, {{"page", i}})}, DuplicatePolicy::overwrite);
        if (i % 3 == 0) store.delete_documents({id});
      }
    });
  for (int reader = 0; reader < 2; ++reader)
    threads.emplace_back([&] {
      while (!done) {
        for (const auto& each : store.bm25_retrieval("old Rome")) EXPECT_THAT(*each.content, HasSubstr("Rome is old"));
        EXPECT_LE(store.filter_documents(page_is(7)).size(), 2U);
      }
    });
  threads[0].join();
  threads[1].join();
  done = true;
  threads[2].join();
  threads[3].join();
  EXPECT_EQ(store.count_documents(), store.filter_documents().size());
}

}  // namespace
}  // namespace berth
