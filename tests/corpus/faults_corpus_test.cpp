/// Files of the kinds that once failed, with what is right for them: faults/expected.json of the corpus, which says
/// itself what its entries mean.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "berth/pipeline.h"
#include "cli/process.h"
#include "corpus/haystack_corpus.h"
#include "value/python_text.h"
#include "yaml/yaml.h"

namespace berth::corpus {
namespace {

/// Another corpus may have the files alone: then they are to give what is expected of the copies.
std::filesystem::path expectations() {
  const auto given = corpus_folder() / "faults" / "expected.json";
  return std::filesystem::exists(given) ? given : BERTH_TEST_DATA_DIR "/corpus/faults/expected.json";
}

std::filesystem::path file_of(const Value& one) {
  const auto& name = one.as_object().at("file").as_string();
  const auto given = corpus_folder() / "faults" / name;
  return std::filesystem::exists(given) ? given : std::filesystem::path(BERTH_TEST_DATA_DIR "/corpus/faults") / name;
}

std::string case_name(const Value& one) {
  const auto& parts = one.as_object();
  return parts.at("kind").as_string() + ", " + parts.at("what").as_string() + ": " + parts.at("file").as_string();
}

std::vector<std::string> texts(const Value* list) {
  return list == nullptr ? std::vector<std::string>() : from_value<std::vector<std::string>>(*list);
}

void check_text(const std::string& text, const Value* expected) {
  if (expected == nullptr) return;
  for (const auto& part : texts(expected->find("has"))) EXPECT_THAT(text, testing::HasSubstr(part));
  for (const auto& part : texts(expected->find("lacks"))) EXPECT_THAT(text, testing::Not(testing::HasSubstr(part)));
}

void check_command(const Value& one) {
  auto arguments = texts(one.find("arguments"));
  for (auto& argument : arguments)
    if (argument == "{file}") argument = file_of(one).string();
  test::ProcessOptions options{.environment = {{"OPENAI_API_KEY", "none"}}};
  for (const auto& variable : texts(one.find("unset"))) options.environment[variable] = std::nullopt;
  const auto outcome = test::berth_command(arguments, options);
  EXPECT_EQ(outcome.exit_code, one.as_object().at("exit_code").as_int()) << outcome.err;
  check_text(outcome.out, one.find("out"));
  check_text(outcome.err, one.find("err"));
}

void check_fault(const Value& one) {
  const auto& kind = one.as_object().at("kind").as_string();
  if (kind == "command")
    check_command(one);
  else if (kind == "yaml")
    EXPECT_EQ(python_repr(yaml::read(read_text(file_of(one)))), one.as_object().at("reads_as").as_string());
  else if (kind == "dumps")
    EXPECT_EQ(Pipeline::loads(read_text(file_of(one))).dumps(), read_text(file_of(one)));
  else
    ADD_FAILURE() << "an unknown kind of case";
}

TEST(FaultsCorpus, GivesWhatIsRight) {
  const auto document = Value::from_json(read_text(expectations()));
  const auto& cases = document.as_object().at("cases").as_array();
  ASSERT_FALSE(cases.empty());
  check_each(cases, case_name, check_fault);
}

}  // namespace
}  // namespace berth::corpus
