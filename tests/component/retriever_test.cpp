#include <gmock/gmock.h>

#include "berth/document_writer.h"
#include "berth/in_memory_bm25_retriever.h"
#include "berth/in_memory_embedding_retriever.h"
#include "json_file.h"
#include "refusal.h"

namespace berth {
namespace {
using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;

Value store(const std::string& index) {
  return Value::Object{{"type", InMemoryDocumentStore::type}, {"init_parameters", Value::Object{{"index", index}}}};
}

std::unique_ptr<Component> component(std::string_view type, Value::Object parameters) {
  return component_from_dict(Value::Object{{"type", type}, {"init_parameters", std::move(parameters)}});
}

void write(const std::string& index, const Value::Array& documents) {
  const auto writer = component(DocumentWriter::type_name, {{"document_store", store(index)}, {"policy", "OVERWRITE"}});
  EXPECT_EQ(run_component(*writer, {{"documents", documents}}).at("documents_written"), Value(documents.size()));
}

std::vector<std::string> found(Component& retriever, const Value::Object& inputs) {
  std::vector<std::string> contents;
  const auto outputs = run_component(retriever, inputs);
  for (const auto& document : from_value<std::vector<Document>>(outputs.at("documents")))
    contents.push_back(*document.content);
  return contents;
}

Value text(const char* content, std::int64_t page, Value embedding = {}) {
  return Value::Object{{"content", content}, {"embedding", std::move(embedding)}, {"page", page}};
}

Value::Object page_is(int page) { return {{"field", "meta.page"}, {"operator", "=="}, {"value", page}}; }

TEST(Retrievers, FindWhatAWriterWroteToTheSameIndex) {
  write("retrievers find", {text("Rome is old", 1, Value::Array{1, 0}), text("Oslo is cold", 2, Value::Array{0, 1})});
  const auto words = component(InMemoryBM25Retriever::type_name, {{"document_store", store("retrievers find")}});
  EXPECT_THAT(found(*words, {{"query", "cold"}}), ElementsAre("Oslo is cold", "Rome is old"));
  EXPECT_THAT(found(*words, {{"query", "cold"}, {"top_k", 1}}), ElementsAre("Oslo is cold"));
  EXPECT_THAT(found(*words, {{"query", "cold"}, {"filters", page_is(1)}}), ElementsAre("Rome is old"));

  const auto near = component(InMemoryEmbeddingRetriever::type_name, {{"document_store", store("retrievers find")}});
  EXPECT_THAT(found(*near, {{"query_embedding", Value::Array{0.5, 0.1}}}), ElementsAre("Rome is old", "Oslo is cold"));
  EXPECT_THAT(found(*near, {{"query_embedding", Value::Array{0.5, 0.1}}, {"filters", page_is(2)}, {"top_k", nullptr}}),
              ElementsAre("Oslo is cold"));
}

TEST(Retrievers, AreWrittenDownAsHaystackWritesThem) {
  const std::string store_json =
      R"({"type": "haystack.document_stores.in_memory.document_store.InMemoryDocumentStore", "init_parameters": )"
      R"({"bm25_tokenization_regex": "(?u)\\b\\w+\\b", "bm25_algorithm": "BM25L", "bm25_parameters": {}, )"
      R"("embedding_similarity_function": "dot_product", "index": "x", "return_embedding": true}})";
  for (
      const auto& [type, parameters] : std::vector<std::pair<std::string_view, std::string>>{
          {InMemoryBM25Retriever::type_name,
           R"(, "filters": null, "top_k": 10, "scale_score": false, "filter_policy": "replace")"},
          {InMemoryEmbeddingRetriever::type_name,
           R"(, "filters": null, "top_k": 10, "scale_score": false, "return_embedding": false, "filter_policy": "replace")"},
          {DocumentWriter::type_name, R"(, "policy": "NONE")"}}) {
    const auto made = component(type, {{"document_store", store("x")}});
    const auto json = R"({"type": ")" + std::string(type) + R"(", "init_parameters": {"document_store": )" +
                      store_json + parameters + "}}";
    EXPECT_EQ(made->to_dict().to_json(), json);
    EXPECT_EQ(component_from_dict(Value::from_json(json))->to_dict(), made->to_dict());
  }
}

TEST(Retrievers, MergeOrReplaceTheirFilters) {
  write("filter policies", {text("a", 1), text("b", 2), text("c", 3)});
  const auto with_policy = [](const char* policy) {
    return component(
        InMemoryBM25Retriever::type_name,
        {{"document_store", store("filter policies")}, {"filters", page_is(1)}, {"filter_policy", policy}});
  };
  // Merging goes by the entries of the filter, of which only the value is given here.
  const Value::Object value_only{{"value", 2}};
  EXPECT_THAT(found(*with_policy("merge"), {{"query", "a b c"}, {"filters", value_only}}), ElementsAre("b"));
  EXPECT_THAT(found(*with_policy("MERGE"), {{"query", "a b c"}}), ElementsAre("a"));
  EXPECT_THAT(found(*with_policy("replace"), {{"query", "a b c"}, {"filters", page_is(3)}}), ElementsAre("c"));
  EXPECT_THAT(found(*with_policy("replace"), {{"query", "a b c"}, {"filters", Value::Object{}}}), ElementsAre("a"));
  EXPECT_THAT(refusal([&] {
                found(*with_policy("replace"), {{"query", "a"}, {"filters", value_only}});
              }),
              HasSubstr("Invalid filter syntax"));
}

TEST(Retrievers, ScaleScoresWhereARunOrAParameterSaysSo) {
  write("scaled", {text("Rome", 1)});
  const auto scaled =
      component(InMemoryBM25Retriever::type_name, {{"document_store", store("scaled")}, {"scale_score", true}});
  const auto score = [&](const Value::Object& inputs) {
    return *from_value<std::vector<Document>>(run_component(*scaled, inputs).at("documents"))[0].score;
  };
  EXPECT_GT(score({{"query", "Rome"}}), 0.5);
  EXPECT_LT(score({{"query", "Rome"}, {"scale_score", false}}), 0.5);
}

TEST(Retrievers, RefuseWhatHaystackRefuses) {
  const auto refused = [](std::string_view type, Value::Object parameters) {
    return refusal([&] { component(type, std::move(parameters)); });
  };
  const auto* const no_store = "document_store must be an instance of InMemoryDocumentStore";
  for (const auto type :
       {InMemoryBM25Retriever::type_name, InMemoryEmbeddingRetriever::type_name, DocumentWriter::type_name}) {
    EXPECT_THAT(refused(type, {}), HasSubstr(no_store));
    EXPECT_THAT(refused(type, {{"document_store", nullptr}}), HasSubstr(no_store));
    EXPECT_THAT(refused(type, {{"document_store", Value::Object{{"init_parameters", Value::Object{}}}}}),
                HasSubstr(no_store));
  }
  EXPECT_THAT(refused(InMemoryBM25Retriever::type_name, {{"document_store", store("x")}, {"top_k", 0}}),
              HasSubstr("top_k must be greater than 0. Currently, the top_k is 0"));
  EXPECT_THAT(refused(InMemoryEmbeddingRetriever::type_name, {{"document_store", store("x")}, {"top_k", -2}}),
              HasSubstr("top_k must be greater than 0. Currently, top_k is -2"));
  EXPECT_THAT(refused(InMemoryBM25Retriever::type_name, {{"document_store", store("x")}, {"filter_policy", "x"}}),
              HasSubstr("Unknown FilterPolicy type 'x'. Supported types are: ['replace', 'merge']"));
  EXPECT_THAT(refused(DocumentWriter::type_name, {{"document_store", store("x")}, {"policy", "skip"}}),
              HasSubstr("Unknown DuplicatePolicy 'skip'"));
}

TEST(Retrievers, WarnInTheLogOfTheirRunUnlessTheStoreHasOne) {
  std::vector<std::string> told;
  const CallContext context({}, [&](LogLevel, std::string_view message) { told.emplace_back(message); });
  write("warnings", {text("a", 1)});
  const Value::Object written{{"documents", Value::Array{text("a", 1)}}, {"policy", "SKIP"}};
  const auto writer = component(DocumentWriter::type_name, {{"document_store", store("warnings")}});
  run_component(*writer, written, context);
  const auto near = component(InMemoryEmbeddingRetriever::type_name, {{"document_store", store("warnings")}});
  run_component(*near, {{"query_embedding", Value::Array{1.0}}}, context);
  EXPECT_THAT(told, ElementsAre(HasSubstr("already exists"), HasSubstr("No Documents found with embeddings.")));

  std::vector<std::string> own;
  DocumentWriter with_log(
      {.document_store = std::make_shared<InMemoryDocumentStore>(InMemoryDocumentStore::Parameters{
           .index = "warnings", .log = [&](LogLevel, std::string_view message) { own.emplace_back(message); }})});
  run_component(with_log, written, context);
  EXPECT_THAT(own, ElementsAre(HasSubstr("already exists")));
  EXPECT_EQ(told.size(), 2U);
}

TEST(DocumentWriter, TakesThePolicyOfARunBeforeItsOwn) {
  write("policies", {text("a", 1)});
  const auto writer = component(DocumentWriter::type_name, {{"document_store", store("policies")}});
  const Value::Array again{text("a", 1)};
  EXPECT_THAT(refusal([&] { run_component(*writer, {{"documents", again}}); }), HasSubstr("already exists."));
  EXPECT_EQ(run_component(*writer, {{"documents", again}, {"policy", "SKIP"}}).at("documents_written"), Value(0));
}

}  // namespace
}  // namespace berth
