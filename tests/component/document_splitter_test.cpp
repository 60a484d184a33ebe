/// Sentences of DocumentSplitter against Haystack's (tests/data/components/sentences.py), and where their models come from.
#include "berth/document_splitter.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "berth/error.h"
#include "clean_environment.h"
#include "json_file.h"
#include "refusal.h"

namespace berth {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

/// NLTK's data lie where each test says, and nowhere else.
class SplitSentences : public testing::Test {
 protected:
  SplitSentences() {
    ::setenv("NLTK_DATA", BERTH_TEST_DATA_DIR "/components/nltk_data", 1);
    fs::create_directories(folder_);
  }
  ~SplitSentences() override { fs::remove_all(folder_); }

  /// A folder of data of which the test may break a file.
  fs::path copied_data() const {
    fs::copy(BERTH_TEST_DATA_DIR "/components/nltk_data", folder_ / "data", fs::copy_options::recursive);
    return folder_ / "data";
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / ("berth-sentences-" + std::to_string(::getpid()));

 private:
  const test::CleanEnvironment clean_{{"NLTK_DATA", "HOME", "VIRTUAL_ENV", "CONDA_PREFIX"}};
};

DocumentSplitterParameters by_sentence(std::string language = "en") {
  return {.split_by = "sentence", .split_length = 1, .language = std::move(language)};
}

std::vector<std::string> parts_of(DocumentSplitter& splitter, const std::string& text,
                                  const CallContext& context = {}) {
  const auto outputs =
      run_component(splitter, {{"documents", to_value(std::vector{Document({.content = text})})}}, context);
  std::vector<std::string> parts;
  for (const auto& part : from_value<std::vector<Document>>(outputs.at("documents"))) parts.push_back(*part.content);
  return parts;
}

Value documents_of(const Value& texts) {
  Value::Array documents;
  for (const auto& text : texts.as_array()) {
    Document document({.meta = {{"n", documents.size()}}});
    if (!text.is_null()) document = Document({.content = text.as_string(), .meta = document.meta});
    documents.push_back(to_value(document));
  }
  return documents;
}

/// What is recorded of a part.
Value recorded_form(const Document& part) {
  Value::Object form = {{"id", part.id}, {"content", *part.content}};
  for (const char* name : {"page_number", "split_idx_start", "_split_overlap"})
    if (const auto* value = part.meta.find(name)) form.set(name, *value);
  return Value::from_json(Value(form).to_json());
}

void check_sentences(const Value& each) {
  const auto& init = each.find("init")->as_object();
  SCOPED_TRACE(Value(init).to_json() + " of " + each.find("texts")->to_json());
  const auto component =
      component_from_dict(Value::Object{{"type", DocumentSplitter::type_name}, {"init_parameters", init}});
  EXPECT_EQ(component_from_dict(component->to_dict())->to_dict(), component->to_dict());
  EXPECT_EQ(component->known_problem(), std::nullopt);
  try {
    const auto outputs = run_component(*component, {{"documents", documents_of(*each.find("texts"))}});
    Value::Array parts;
    for (const auto& part : from_value<std::vector<Document>>(outputs.at("documents")))
      parts.push_back(recorded_form(part));
    ASSERT_NE(each.find("parts"), nullptr) << "Haystack: " << *each.find("error");
    EXPECT_EQ(Value(parts), *each.find("parts"));
  } catch (const std::invalid_argument& problem) {
    ASSERT_NE(each.find("error"), nullptr) << problem.what();
    EXPECT_EQ(problem.what(), each.find("error")->find("message")->as_string());
  }
}

TEST_F(SplitSentences, AsHaystackDoes) {
  const auto recorded = test::json_file("components/sentences.json");
  const auto& cases = recorded.find("cases")->as_array();
  EXPECT_GE(cases.size(), 150U);
  for (const auto& each : cases) check_sentences(each);
}

TEST_F(SplitSentences, OfLanguagesWithoutModelAsInEnglishWithAWarning) {
  std::vector<std::string> warnings;
  const CallContext context({}, [&](LogLevel, std::string_view message) { warnings.emplace_back(message); });
  DocumentSplitter splitter(by_sentence("xx"));
  splitter.warm_up(context);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("no model for the language 'xx': sentences end as in English"),
                                    HasSubstr("no list of abbreviations for the language 'xx'")));
  EXPECT_THAT(parts_of(splitter, "Mr. Smith left. He knew.", context), ElementsAre("Mr. Smith left. ", "He knew."));
  EXPECT_EQ(warnings.size(), 2U) << "once it is warm, nothing is said again";
  DocumentSplitter english(by_sentence());
  english.warm_up(context);
  EXPECT_EQ(warnings.size(), 2U);
}

TEST_F(SplitSentences, SaysWhereItLookedForAModelThatIsMissing) {
  ::setenv("NLTK_DATA", "/no/such:~/mine:", 1);
  ::setenv("HOME", folder_.c_str(), 1);
  ::setenv("VIRTUAL_ENV", "/venv", 1);
  DocumentSplitter splitter(by_sentence("pt"));
  const auto problem = splitter.known_problem().value_or("none");
  for (const auto& text :
       {std::string("the model 'tokenizers/punkt_tab/portuguese'"), std::string("'/no/such', "),
        "'" + (folder_ / "mine").string() + "', '" + (folder_ / "nltk_data").string() + "', '/venv/nltk_data'",
        std::string("'/venv/share/nltk_data'"), std::string("'/usr/share/nltk_data'"),
        std::string("python -m nltk.downloader punkt_tab"), std::string("NLTK_DATA")})
    EXPECT_THAT(problem, HasSubstr(text));
  EXPECT_EQ(test::refusal<ModelNotFound>([&] { splitter.warm_up(); }), problem);
  EXPECT_EQ(test::refusal<ModelNotFound>([&] { parts_of(splitter, "One. Two."); }), problem);
  EXPECT_EQ(DocumentSplitter({.split_by = "period"}).known_problem(), std::nullopt);

  // It is found as soon as it is there.
  fs::create_directories(folder_ / "nltk_data");
  fs::rename(copied_data() / "tokenizers", folder_ / "nltk_data" / "tokenizers");
  fs::rename(folder_ / "nltk_data/tokenizers/punkt_tab/french", folder_ / "nltk_data/tokenizers/punkt_tab/portuguese");
  EXPECT_EQ(splitter.known_problem(), std::nullopt);
  EXPECT_THAT(parts_of(splitter, "One. Two."), ElementsAre("One. ", "Two."));
}

TEST_F(SplitSentences, NamesAnArchiveThatIsToBeUnpacked) {
  const auto archive = folder_ / "mine/tokenizers/punkt_tab.zip";
  fs::create_directories(archive.parent_path());
  std::ofstream(archive) << "PK";
  ::setenv("NLTK_DATA", ("/no/such:" + (folder_ / "mine").string()).c_str(), 1);
  EXPECT_THAT(DocumentSplitter(by_sentence()).known_problem().value_or("none"),
              HasSubstr("may be packed in '" + archive.string() + "'"));
  fs::create_directories(folder_ / "mine/tokenizers/punkt_tab/french");
  EXPECT_THAT(DocumentSplitter(by_sentence()).known_problem().value_or("none"), HasSubstr("is in none of"))
      << "what is unpacked has no English";
}

TEST_F(SplitSentences, TakesTheFirstFolderThatHasTheModel) {
  const auto data = copied_data();
  std::ofstream(data / "tokenizers/punkt_tab/english/abbrev_types.txt") << "oslo\n";
  ::setenv("NLTK_DATA", ("/no/such:" + data.string() + ":" BERTH_TEST_DATA_DIR "/components/nltk_data").c_str(), 1);
  DocumentSplitter splitter(by_sentence());
  EXPECT_THAT(parts_of(splitter, "To Oslo. Cargo went. Go."), ElementsAre("To Oslo. Cargo went. ", "Go."));
}

TEST_F(SplitSentences, NamesFileAndLineOfABrokenModel) {
  const auto data = copied_data();
  ::setenv("NLTK_DATA", data.c_str(), 1);
  DocumentSplitter splitter(by_sentence());
  std::ofstream(data / "tokenizers/punkt_tab/english/ortho_context.tab") << "the\t66\nhe\tmany\n";
  EXPECT_THAT(test::refusal<FormatError>([&] { splitter.warm_up(); }),
              HasSubstr("english/ortho_context.tab:2:1: found 'many', expected a number of flags"));
}

TEST_F(SplitSentences, FromSeveralThreadsAtOnce) {
  DocumentSplitter splitter({.split_length = 4, .split_overlap = 1, .respect_sentence_boundary = true});
  const std::string text = "Mr. Smith left. He knew it. The river was cold.";
  std::vector<std::vector<std::string>> answers(4);
  {
    std::vector<std::jthread> threads;
    for (auto& answer : answers) threads.emplace_back([&] { answer = parts_of(splitter, text); });
  }
  for (const auto& answer : answers)
    EXPECT_THAT(answer, ElementsAre("Mr. Smith left. ", "He knew it. ", "The river was cold."));
}

}  // namespace
}  // namespace berth
