#include "berth/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "berth/value_traits.h"
#include "random_values.h"

namespace berth {
namespace {

TEST(Document, HasTheIdThatHaystackGivesTheSameFields) {
  EXPECT_EQ(Document().id, "d4675c57fcfe114db0b95f1da46eea3c5d6f5729c17d01fb5251ae19830a3455");
  EXPECT_EQ(Document({.content = "Rome is old."}).id,
            "962082b4b4e97defc055709ffc709177018c48b53cbf9faf585211cb6c212878");
  EXPECT_EQ(Document({.content = "", .meta = {{"page", 3}}}).id,
            "65ee1f5792bb899ebbbb790f0cd3c0936446d4656f018423a28a0d8b1261f872");
  EXPECT_EQ(Document({.content = "x", .score = 0.5, .embedding = std::vector{0.1, 1e-7, 1e20, -2.0}}).id,
            "61a954fde9985f384b8a7881ec38299b642a58151dda2778b178f2766dadf7f0");
  EXPECT_EQ(Document({.content = "x", .sparse_embedding = SparseEmbedding{{1, 5}, {0.25, 1.0}}}).id,
            "67af68f2b47898cb739cf014f1c888ae8b86f6bb84a79cf78ac0e3e3cdf88652");
  EXPECT_EQ(Document({.blob = ByteStream{std::string("\0a'\n\xff\\\"", 7), {{"x", 1}}, "text/plain"}}).id,
            "3206f3dc0b2cb94c45a05bc30d2aee837d6216b2146c08a3a066125d159c725f");
}

TEST(Document, HasHaystacksIdWhereTextsNeedEscapesInPython) {
  const Value::Object meta{
      {"a", "it's \"q\"\n\u00a0\u200b\U0001F600"},
      {"b", Value::Array{1, 1.5, nullptr, true, Value::Object{{"c", "\\"}}}},
  };
  EXPECT_EQ(Document({.content = "ü\n'x'", .meta = meta}).id,
            "86255c64c175f5ab964a496a45963be342a1be86d8b0824a929901e3b7766023");
}

TEST(Document, KeepsAnIdThatIsGiven) { EXPECT_EQ(Document({.id = "7", .content = "x"}).id, "7"); }

TEST(Document, StandsInADictionaryAsHaystackWritesIt) {
  const Document document({.content = "x", .meta = {{"content", "m"}, {"page", 3}}, .score = 0.5});
  EXPECT_EQ(document.to_dict().to_json(),
            R"({"content": "x", "page": 3, "id": "53578b7dce6daaab3aec50b5f040739dc86fdaf75a59320c0ebcf19e2a223f81", )"
            R"("blob": null, "score": 0.5, "embedding": null, "sparse_embedding": null})");
  EXPECT_EQ(Document({.content = "x", .blob = ByteStream{"\x01"}, .meta = {{"page", 3}}}).to_dict(false).to_json(),
            R"({"id": "77fa5c292343bae64b71c296163538ff2ef13efd5c416511e019c065dd8041d5", "content": "x", )"
            R"("blob": {"data": [1], "meta": {}, "mime_type": null}, "meta": {"page": 3}, "score": null, )"
            R"("embedding": null, "sparse_embedding": null})");
}

TEST(Document, IsReadFromFormsOfHaystack1WithoutWhatIsNoLongerThere) {
  const auto document = Document::from_dict(
      Value::Object{{"content", "x"}, {"content_type", "text"}, {"id_hash_keys", nullptr}, {"page", 3}});
  EXPECT_EQ(document, Document({.content = "x", .meta = {{"page", 3}}}));
}

void expect_refused(const Value& dict, const std::string& reason) {
  try {
    (void)Document::from_dict(dict);
    FAIL() << dict;
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(problem.what(), testing::HasSubstr(reason)) << dict;
  }
}

TEST(Document, RefusesDictionariesThatHoldNone) {
  expect_refused(Value::Object{{"meta", Value::Object{{"a", 1}}}, {"b", 2}},
                 "You can pass either the 'meta' parameter or flattened metadata keys as keyword arguments, but "
                 "currently you're passing both.");
  expect_refused(Value::Object{{"content", 3}}, "The `content` field must be a string or None.");
  expect_refused(Value::Object{{"score", "high"}}, "Document: 'score': expected a number, found a string");
  expect_refused(Value::Object{{"blob", Value::Object{{"data", Value::Array{256}}}}},
                 "Document: 'blob': ByteStream: 'data': entry 0: 256 is out of range");
  expect_refused(
      Value::Object{{"sparse_embedding", Value::Object{{"indices", Value::Array{1}}, {"values", Value::Array()}}}},
      "Length of indices and values must be the same.");
  expect_refused(3, "Document: expected an object, found an integer");
}

Document random_document(test::Random& random) {
  DocumentFields fields;
  if (random.coin()) fields.content = random.name();
  if (random.coin()) fields.blob = ByteStream{random.name() + std::string(1, '\0'), random.object(), std::nullopt};
  for (int i = random.below(4); i > 0; --i) fields.meta.set("meta " + random.name(), random.value());
  if (random.coin()) fields.score = random.below(100) / 8.0;
  if (random.coin()) fields.embedding = std::vector<double>(static_cast<std::size_t>(random.below(4)), 0.5);
  if (random.coin()) fields.sparse_embedding = SparseEmbedding{{random.below(9)}, {1.5}};
  return fields;
}

TEST(Document, ComesBackFromBothOfItsDictionaryForms) {
  test::Random random;
  for (int i = 0; i < 300; ++i) {
    const auto document = random_document(random);
    EXPECT_EQ(Document::from_dict(document.to_dict()), document);
    EXPECT_EQ(Document::from_dict(document.to_dict(false)), document);
    EXPECT_EQ(Document::from_dict(Value::from_json(document.to_dict().to_json())), document);
  }
}

TEST(Document, HasAnotherIdForAnotherContentAndNotForAnotherScore) {
  test::Random random(2);
  for (int i = 0; i < 100; ++i) {
    DocumentFields fields = random_document(random);
    const auto id = fields.id;
    fields.id.clear();
    fields.score = 99;
    EXPECT_EQ(Document(fields).id, id);
    fields.content = fields.content.value_or("") + "!";
    EXPECT_NE(Document(fields).id, id);
  }
}

TEST(Document, IsAValueThatSocketsHold) {
  const Document document({.content = "x"});
  const Value value = document;
  EXPECT_EQ(*value.get_if<Document>(), document);
  EXPECT_EQ(from_value<Document>(document.to_dict()), document);
  EXPECT_EQ(type_of<std::vector<Document>>().str(), "list[Document]");
}

TEST(Document, HasTheIdOfItsContentWhereNullIsGivenForOne) {
  EXPECT_EQ(Document::from_dict(Value::Object{{"content", "a"}, {"id", nullptr}}), Document({.content = "a"}));
}

}  // namespace
}  // namespace berth
