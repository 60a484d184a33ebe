#include "berth/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "berth/chat_message.h"

namespace berth {
namespace {

const Document document({.id = "1", .content = "c"});

TEST(GeneratedAnswer, StandsInADictionaryAsHaystackWritesIt) {
  const GeneratedAnswer answer{"d", "q", {document}, {{"all_messages", Value::Array{ChatMessage::from_user("u")}}}};
  EXPECT_EQ(answer.to_dict().to_json(),
            R"({"type": "haystack.dataclasses.answer.GeneratedAnswer", "init_parameters": {"data": "d", "query": "q", )"
            R"("documents": [{"id": "1", "content": "c", "blob": null, "meta": {}, "score": null, "embedding": null, )"
            R"("sparse_embedding": null}], "meta": {"all_messages": [{"role": "user", "meta": {}, "name": null, )"
            R"("content": [{"text": "u"}]}]}}})");
  EXPECT_EQ(GeneratedAnswer::from_dict(answer.to_dict()), answer);
}

TEST(GeneratedAnswer, KeepsMessagesThatAreStrings) {
  const GeneratedAnswer answer{"d", "q", {}, {{"all_messages", Value::Array{"a", "b"}}}};
  EXPECT_EQ(GeneratedAnswer::from_dict(Value::from_json(answer.to_dict().to_json())), answer);
}

TEST(GeneratedAnswer, RefusesOtherDictionaries) {
  const auto reason = [](Value::Object dict) -> std::string {
    try {
      (void)GeneratedAnswer::from_dict(std::move(dict));
      return "";
    } catch (const std::invalid_argument& problem) {
      return problem.what();
    }
  };
  EXPECT_EQ(reason({{"type", "x"}, {"init_parameters", Value::Object()}}),
            "Class 'x' can't be deserialized as 'GeneratedAnswer'");
  EXPECT_EQ(reason({{"type", "haystack.dataclasses.answer.GeneratedAnswer"}}), "GeneratedAnswer: 'data' is missing");
}

TEST(ExtractedAnswer, StandsInADictionaryAsHaystackWritesIt) {
  const ExtractedAnswer answer{.query = "q",
                               .score = 0.5,
                               .data = "d",
                               .document = document,
                               .context = "ctx",
                               .document_offset = ExtractedAnswer::Span{1, 2}};
  EXPECT_EQ(answer.to_dict().to_json(),
            R"({"type": "haystack.dataclasses.answer.ExtractedAnswer", "init_parameters": {"data": "d", "query": "q", )"
            R"("document": {"id": "1", "content": "c", "blob": null, "meta": {}, "score": null, "embedding": null, )"
            R"("sparse_embedding": null}, "context": "ctx", "score": 0.5, "document_offset": {"start": 1, "end": 2}, )"
            R"("context_offset": null, "meta": {}}})");
  EXPECT_EQ(ExtractedAnswer::from_dict(answer.to_dict()), answer);
  EXPECT_EQ(ExtractedAnswer::from_dict(ExtractedAnswer{.query = "q"}.to_dict()), ExtractedAnswer{.query = "q"});
}

TEST(Answers, AreReadAsHaystack3WritesThem) {
  const GeneratedAnswer generated{"d", "q", {document}, {{"all_messages", Value::Array{ChatMessage::from_user("u")}}}};
  EXPECT_EQ(GeneratedAnswer::from_dict(*generated.to_dict().find("init_parameters")), generated);
  const ExtractedAnswer extracted{.query = "q", .score = 0.5, .data = "d", .document = document};
  EXPECT_EQ(ExtractedAnswer::from_dict(*extracted.to_dict().find("init_parameters")), extracted);
}

}  // namespace
}  // namespace berth
