/// Pipelines that Haystack wrote: loaded, described, and written again.
#include <gtest/gtest.h>

#include <algorithm>

#include "berth/component.h"
#include "berth/pipeline.h"
#include "corpus/haystack_corpus.h"
#include "pipeline/yaml.h"

namespace berth::corpus {
namespace {

/// The classes without which a pipeline of the corpus cannot be loaded.
const std::vector<std::string> missing = {"ExtractiveReader",
                                          "SASEvaluator",
                                          "SentenceTransformersDiversityRanker",
                                          "SentenceTransformersDocumentEmbedder",
                                          "SentenceTransformersTextEmbedder",
                                          "TransformersSimilarityRanker",
                                          "TransformersZeroShotTextRouter"};

std::vector<std::filesystem::path> yaml_files() {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder() / "pipelines")) return files;
  for (const auto& each : std::filesystem::directory_iterator(folder() / "pipelines"))
    if (each.path().extension() == ".yaml") files.push_back(each.path());
  std::ranges::sort(files);
  return files;
}

Value description(std::filesystem::path yaml) {
  yaml.replace_extension(".json");
  return Value::from_json(read_text(yaml));
}

std::string last_part(const std::string& type) { return type.substr(type.rfind('.') + 1); }

bool is_registered(const std::string& type) {
  return std::ranges::any_of(component_classes(), [&](const auto* each) { return each->type == type; });
}

/// Whether all components of the pipeline are here; those that are not must be known to be missing.
bool can_be_loaded(const Value& dict) {
  bool all = true;
  for (const auto& [name, component] : dict.find("components")->as_object()) {
    const auto& type = component.find("type")->as_string();
    if (is_registered(type)) continue;
    all = false;
    EXPECT_EQ(std::ranges::count(missing, last_part(type)), 1) << type << " of '" << name << "'";
  }
  return all;
}

/// "list[haystack.dataclasses.document.Document] | None" as "list[Document] | None": modules are Python's matter.
std::string without_modules(const std::string& type) {
  std::string text;
  std::string word;
  const auto end_word = [&] {
    text += last_part(word);
    word.clear();
  };
  for (const char c : type) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.') {
      word += c;
    } else {
      end_word();
      text += c;
    }
  }
  end_word();
  return text;
}

TEST(PipelinesCorpus, AreLoadedAndWrittenAsHaystackDoes) {
  std::size_t loaded = 0;
  for (const auto& path : yaml_files()) {
    SCOPED_TRACE(path.filename().string());
    const auto expected = description(path);
    if (!can_be_loaded(*expected.find("to_dict"))) continue;
    ++loaded;
    const auto text = read_text(path);
    const auto pipeline = Pipeline::loads(text);
    const auto written = pipeline.dumps();
    const Value* reordered = expected.find("dumps_after_loads");
    EXPECT_EQ(written, reordered == nullptr || reordered->is_null() ? text : reordered->as_string());
    EXPECT_EQ(Pipeline::loads(written).dumps(), written);
    EXPECT_EQ(*Pipeline::from_dict(*expected.find("to_dict")).to_dict().find("components"),
              *expected.find("to_dict")->find("components"));
  }
  EXPECT_TRUE(yaml_files().empty() || loaded > 0);
}

TEST(PipelinesCorpus, HaveTheInputsThatHaystackNames) {
  for (const auto& path : yaml_files()) {
    SCOPED_TRACE(path.filename().string());
    const auto expected = description(path);
    if (!can_be_loaded(*expected.find("to_dict"))) continue;
    const auto inputs = Pipeline::loads(read_text(path)).inputs();
    ASSERT_EQ(inputs.size(), expected.find("inputs")->as_object().size());
    for (const auto& [component, sockets] : expected.find("inputs")->as_object()) {
      SCOPED_TRACE(component);
      ASSERT_TRUE(inputs.contains(component));
      ASSERT_EQ(inputs.at(component).as_object().size(), sockets.as_object().size()) << inputs.at(component).to_json();
      for (const auto& [name, socket] : sockets.as_object()) {
        SCOPED_TRACE(name);
        const Value* ours = inputs.at(component).find(name);
        ASSERT_NE(ours, nullptr);
        EXPECT_EQ(*ours->find("is_mandatory"), *socket.find("is_mandatory"));
        if (const Value* value = socket.find("default_value")) {
          ASSERT_NE(ours->find("default_value"), nullptr);
          EXPECT_EQ(*ours->find("default_value"), *value);
        }
        const auto type = without_modules(socket.find("type")->as_string());
        // Functions and tools have types of their own here.
        if (type.find("Callable") == type.npos && type.find("Tool") == type.npos) {
          EXPECT_EQ(ours->find("type")->as_string(), type);
        }
      }
    }
  }
}

/// Every YAML of the corpus is read to the dictionary that Haystack made it from.
TEST(PipelinesCorpus, AreReadAsYaml) {
  for (const auto& path : yaml_files()) {
    SCOPED_TRACE(path.filename().string());
    const auto text = read_text(path);
    EXPECT_EQ(yaml::write(yaml::read(text)), text);
    const auto data = yaml::read(text);
    const auto expected = description(path);
    EXPECT_EQ(*data.find("components"), *expected.find("to_dict")->find("components"));
  }
}

/// Fails as soon as one of the missing is there, so that its pipelines are looked at.
TEST(PipelinesCorpus, NamesTheClassesThatAreMissing) {
  for (const auto* component : component_classes())
    EXPECT_EQ(std::ranges::count(missing, last_part(component->type)), 0) << component->type;
}

}  // namespace
}  // namespace berth::corpus
