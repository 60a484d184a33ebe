/// Documents in files: what is written is read, by Haystack too, and what is no document is refused.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "berth/error.h"
#include "berth/in_memory_document_store.h"
#include "random_values.h"
#include "test_model.h"

namespace berth {
namespace {
using testing::AllOf;
using testing::HasSubstr;

const std::filesystem::path by_haystack = BERTH_TEST_DATA_DIR "/retrieval/saved_store.json";

class DocumentsFile : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) const {
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static Value json_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return Value::from_json(text.str());
  }
  static std::string refused(const std::function<void()>& call) {
    try {
      call();
    } catch (const FormatError& error) {
      return error.what();
    }
    return "it went well";
  }

  test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "documents.json";
};

TEST_F(DocumentsFile, OfHaystackIsReadAndWrittenAgainAsItWas) {
  const auto store = InMemoryDocumentStore::load_from_disk(by_haystack);
  EXPECT_EQ(store->parameters().index, "saved by Haystack");
  EXPECT_EQ(store->count_documents(), 4);
  EXPECT_EQ(store->bm25_retrieval("oslo", {.top_k = 1}).at(0).content, "Grüße aus Oslo 🚢");
  for (const auto& document : read_documents(by_haystack)) {
    auto fields = DocumentFields(document);
    fields.id = "";
    EXPECT_EQ(Document(fields).id == document.id, document.id != "own id");
  }
  store->save_to_disk(path);
  EXPECT_EQ(json_of(path).to_json(), json_of(by_haystack).to_json());
}

TEST_F(DocumentsFile, GivesBackWhatWasWritten) {
  test::Random random;
  for (int round = 0; round < 50; ++round) {
    InMemoryDocumentStore store;
    std::vector<Document> documents;
    for (int i = random.below(4); i > 0; --i) {
      DocumentFields fields{.id = std::to_string(documents.size())};
      if (random.below(2) == 0) fields.content = random.name();
      if (random.below(2) == 0) fields.meta = {{"value", random.value(3)}};
      if (random.below(2) == 0) fields.embedding = {0.1, -1e300, 3};
      documents.emplace_back(fields);
    }
    store.write_documents(documents);
    store.save_to_disk(path);
    EXPECT_EQ(read_documents(path), documents);
    store.delete_all_documents();
    const auto loaded = InMemoryDocumentStore::load_from_disk(path);
    EXPECT_EQ(loaded->filter_documents(), documents);
    EXPECT_EQ(store.filter_documents(), documents) << "they have the same index";
  }
}

TEST_F(DocumentsFile, IsAPlainListToo) {
  const auto documents = read_documents(write(R"([{"content": "Rome", "page": 1}, {"id": "x", "meta": {"page": 2}}])"));
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(documents[0], Document({.content = "Rome", .meta = {{"page", 1}}}));
  EXPECT_EQ(documents[1].meta.at("page"), Value(2));
  EXPECT_TRUE(read_documents(write("[]")).empty());
}

TEST_F(DocumentsFile, ThatIsNoneIsRefusedWithItsNameAndPlace) {
  for (const auto& [text, problem] : std::vector<std::pair<std::string, std::string>>{
           {"", "byte 0"},
           {"[{\"content\": \"x\"", "byte 16"},
           {"7", "found integer without 'documents'"},
           {"{}", "found object without 'documents'"},
           {R"({"documents": {}})", "found object in the place of documents"},
           {R"([{"content": "x"}, 7])", "document number 2"},
           {R"([{"content": 7}])", "The `content` field must be a string or None."},
           {R"([{"embedding": ["x"]}])", "'embedding': entry 0"},
           {R"([{"embedding": [NaN]}])", "byte"},
           {R"([{"meta": {"a": 1}, "b": 2}])", "document number 1"},
           {R"([{"blob": {"data": [256]}}])", "out of range"},
           {std::string("[]\0", 3), "a NUL byte"},
           {"[" + std::string(100'000, '['), "levels"}})
    EXPECT_THAT(refused([&] { read_documents(write(text)); }), AllOf(HasSubstr(path.string()), HasSubstr(problem)))
        << text.substr(0, 80);
}

TEST_F(DocumentsFile, OfAStoreThatIsNoneIsRefused) {
  const std::string type = R"("type": ")" + std::string(InMemoryDocumentStore::type) + R"(")";
  for (const auto& text :
       {std::string("[]"), std::string("{}"), R"({"documents": [], "type": "os.system"})" + std::string(),
        "{" + type + R"(, "documents": [], "init_parameters": {"indx": "x"}})",
        "{" + type + R"(, "documents": [], "init_parameters": 7})",
        "{" + type + R"(, "documents": [], "init_parameters": {"bm25_tokenization_regex": "("}})"})
    EXPECT_THAT(refused([&] { InMemoryDocumentStore::load_from_disk(write(text)); }), HasSubstr(path.string())) << text;
}

TEST_F(DocumentsFile, ThatIsNoFileIsRefused) {
  EXPECT_THAT(refused([&] { read_documents(path); }), HasSubstr("No such file"));
  EXPECT_THAT(refused([&] { read_documents(folder.path()); }), HasSubstr("a folder"));
  EXPECT_THAT(refused([&] { read_documents("/dev/zero"); }), HasSubstr("a device"));
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(refused([&] { read_documents(path); }), HasSubstr("a device, pipe or socket"));
}

TEST_F(DocumentsFile, IsTheOldOneWhereTheNewCannotBeWritten) {
  InMemoryDocumentStore store;
  store.write_documents({Document({.id = "1", .content = "old"})});
  store.save_to_disk(path);
  store.write_documents({Document({.id = "2", .embedding = {{std::numeric_limits<double>::quiet_NaN()}}})});
  EXPECT_THROW(store.save_to_disk(path), std::invalid_argument);
  EXPECT_EQ(read_documents(path).size(), 1U);
  store.delete_documents({"2"});

  EXPECT_THROW(store.save_to_disk(folder.path()), std::filesystem::filesystem_error);
  EXPECT_THROW(store.save_to_disk(folder.path() / "no" / "x.json"), std::filesystem::filesystem_error);
  EXPECT_THROW(store.save_to_disk("/dev/full"), std::filesystem::filesystem_error);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(DocumentsFile, LeavesNothingBesideItAndALinkALink) {
  const auto link = folder.path() / "link.json";
  std::filesystem::create_symlink(path, link);
  InMemoryDocumentStore store;
  store.save_to_disk(path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  store.write_documents({Document({.id = "1"})});
  store.save_to_disk(link);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(read_documents(path).size(), 1U);
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

TEST(DocumentSearch, EndsOnARequestToStop) {
  InMemoryDocumentStore store;
  store.write_documents({Document({.content = "Rome", .embedding = {{1.0}}})});
  std::stop_source stop;
  stop.request_stop();
  const CallContext context(stop.get_token());
  const Value::Object filters{{"field", "content"}, {"operator", "=="}, {"value", "Rome"}};
  EXPECT_THROW(store.bm25_retrieval("rome", {.context = context}), Cancelled);
  EXPECT_THROW(store.bm25_retrieval("rome", {.filters = filters, .context = context}), Cancelled);
  EXPECT_THROW(store.embedding_retrieval({1.0}, {.context = context}), Cancelled);
  EXPECT_THROW(store.embedding_retrieval({1.0}, {.filters = filters, .context = context}), Cancelled);
  EXPECT_THROW(store.write_documents({Document({.content = "Oslo"})}, DuplicatePolicy::none, context), Cancelled);
  EXPECT_EQ(store.count_documents(), 1U);
}

}  // namespace
}  // namespace berth
