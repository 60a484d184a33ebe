/// The question answering models of the corpus, asked by an ExtractiveReader as Haystack asked them.
#include <gtest/gtest.h>

#include <filesystem>

#include "berth/extractive_reader.h"
#include "component/near.h"
#include "corpus/haystack_corpus.h"

namespace berth::corpus {
namespace {

/// {"data", "score", "document" (its number), "start", "end", "meta"} of each answer.
Value::Array answers_of_case(const std::filesystem::path& model, const Value& each) {
  auto init = each.find("init")->as_object();
  init.set("model", model.string());
  init.set("device", ComponentDevice(Device::cpu()).to_dict());
  ExtractiveReader reader(from_init_parameters<ExtractiveReaderParameters>(init));
  std::vector<Document> documents;
  for (const auto& text : each.find("documents")->as_array())
    documents.push_back(Document({.id = std::to_string(documents.size()), .content = text.as_string()}));
  const auto outputs = run_component(reader, {{"query", *each.find("query")}, {"documents", to_value(documents)}});
  Value::Array answers;
  for (const auto& answer : from_value<std::vector<ExtractedAnswer>>(outputs.at("answers"))) {
    const auto& span = answer.document_offset;
    answers.push_back(Value::Object{{"data", to_value(answer.data)},
                                    {"score", answer.score},
                                    {"document", answer.document ? Value(std::stoi(answer.document->id)) : Value()},
                                    {"start", span ? Value(span->start) : Value()},
                                    {"end", span ? Value(span->end) : Value()},
                                    {"meta", answer.meta}});
  }
  return answers;
}

TEST(ReadersCorpus, AnswerAsHaystackDoes) {
  const auto models = corpus_folder() / "models";
  std::size_t compared = 0;
  for (const auto& file : std::filesystem::directory_iterator(models)) {
    const auto name = file.path().filename().string();
    constexpr std::string_view ending = ".expected.json";
    if (!name.ends_with(ending)) continue;
    const auto expected = Value::from_json(read_text(file.path()));
    const Value* cases = expected.find("ExtractiveReader");
    if (cases == nullptr) continue;
    for (const auto& each : cases->as_array()) {
      SCOPED_TRACE(name + " " + each.find("init")->to_json() + " " + each.find("query")->as_string());
      ++compared;
      try {
        test::expect_near(answers_of_case(models / name.substr(0, name.size() - ending.size()), each),
                          *each.find("answers"));
      } catch (const std::exception& problem) {
        ADD_FAILURE() << "an exception: " << problem.what();
      }
    }
  }
  if (compared == 0) GTEST_SKIP() << "the corpus has no question answering model";
}

}  // namespace
}  // namespace berth::corpus
