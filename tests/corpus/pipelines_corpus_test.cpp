/// Pipelines that Haystack wrote: loaded, described, and written again.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "berth/component.h"
#include "berth/error.h"
#include "berth/pipeline.h"
#include "corpus/haystack_components.h"
#include "corpus/haystack_corpus.h"
#include "yaml/yaml.h"

namespace berth::corpus {
namespace {

std::vector<std::filesystem::path> yaml_files(std::string_view set) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder() / set)) return files;
  for (const auto& each : std::filesystem::directory_iterator(folder() / set))
    if (each.path().extension() == ".yaml") files.push_back(each.path());
  std::ranges::sort(files);
  return files;
}

Value description(std::filesystem::path yaml) {
  yaml.replace_extension(".json");
  return Value::from_json(read_text(yaml));
}

std::string file_name(const std::filesystem::path& path) {
  return (path.parent_path().filename() / path.filename()).string();
}

/// Whether all components of the pipeline are here; those that are not must be known to be missing.
bool can_be_loaded(const Value& dict) {
  bool all = true;
  for (const auto& [name, component] : dict.find("components")->as_object()) {
    const auto& type = component.find("type")->as_string();
    if (component_here(type) != nullptr) continue;
    all = false;
    EXPECT_TRUE(is_missing(type)) << type << " of '" << name << "'";
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

/// A pipeline with its connections sorted: their order is that of the graph, and a matter of the text.
Value without_order(Value dict) {
  auto connections = dict.find("connections")->as_array();
  std::ranges::sort(connections, {}, [](const Value& each) { return each.to_json(); });
  dict.as_object().set("connections", std::move(connections));
  return dict;
}

class PipelinesCorpus : public testing::Test {
  void SetUp() override { set_keys(); }
};
using HandWrittenPipelinesCorpus = PipelinesCorpus;

TEST_F(PipelinesCorpus, AreLoadedAndWrittenAsHaystackDoes) {
  std::size_t loaded = 0;
  check_each(yaml_files("pipelines"), file_name, [&](const std::filesystem::path& path) {
    const auto expected = description(path);
    const auto text = read_text(path);
    if (!can_be_loaded(*expected.find("to_dict"))) {
      EXPECT_THROW(Pipeline::loads(text), std::invalid_argument);
      return;
    }
    ++loaded;
    const auto pipeline = Pipeline::loads(text);
    const auto written = pipeline.dumps();
    const Value* reordered = expected.find("dumps_after_loads");
    EXPECT_EQ(written, reordered == nullptr || reordered->is_null() ? text : reordered->as_string());
    const auto reloaded = Pipeline::loads(written).dumps();
    EXPECT_EQ(Pipeline::loads(reloaded).dumps(), reloaded);
    const auto& dict = *expected.find("to_dict");
    EXPECT_EQ(without_order(Pipeline::from_dict(dict).to_dict()), without_order(dict));
    EXPECT_EQ(without_order(pipeline.to_dict()), without_order(dict));
  });
  EXPECT_TRUE(yaml_files("pipelines").empty() || loaded > 0);
}

TEST_F(PipelinesCorpus, HaveTheInputsThatHaystackNames) {
  check_each(yaml_files("pipelines"), file_name, [](const std::filesystem::path& path) {
    const auto expected = description(path);
    if (!can_be_loaded(*expected.find("to_dict"))) return;
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
  });
}

TEST_F(PipelinesCorpus, HaveTheOutputsThatHaystackNames) {
  check_each(yaml_files("pipelines"), file_name, [](const std::filesystem::path& path) {
    const auto expected = description(path);
    if (!can_be_loaded(*expected.find("to_dict"))) return;
    const auto pipeline = Pipeline::loads(read_text(path));
    Value::Object outputs;
    for (const auto& [component, sockets] : pipeline.outputs())
      outputs.set(component, sockets.as_object().map_values(
                                 [](const std::string&, const Value& socket) { return *socket.find("type"); }));
    EXPECT_EQ(Value(outputs), Value(expected.find("outputs")->as_object().map_values([](const auto&, const Value& all) {
                return Value(all.as_object().map_values(
                    [](const auto&, const Value& type) { return Value(without_modules(type.as_string())); }));
              })));
    for (const auto& [component, names] : expected.find("all_inputs")->as_object()) {
      Value::Array inputs;
      for (const auto& socket : pipeline.component(component).inputs()) inputs.push_back(socket.name);
      std::ranges::sort(inputs, {}, [](const Value& name) { return name.as_string(); });
      EXPECT_EQ(Value(inputs), names) << component;
    }
  });
}

/// Every YAML of the corpus is read to the dictionary that Haystack made it from.
TEST_F(PipelinesCorpus, AreReadAsYaml) {
  check_each(yaml_files("pipelines"), file_name, [](const std::filesystem::path& path) {
    const auto text = read_text(path);
    EXPECT_EQ(yaml::write(yaml::read(text)), text);
    const auto data = yaml::read(text);
    const auto expected = description(path);
    EXPECT_EQ(*data.find("components"), *expected.find("to_dict")->find("components"));
  });
}

/// The types that a file names, where it is a pipeline at all.
std::vector<std::string> types_in(const std::string& text) {
  std::vector<std::string> types;
  try {
    const auto data = yaml::read(text);
    const Value* components = data.find("components");
    if (components == nullptr || !components->is_object()) return types;
    for (const auto& [name, component] : components->as_object())
      if (const Value* type = component.find("type"); type != nullptr && type->is_string())
        types.push_back(type->as_string());
  } catch (const FormatError&) {
  }
  return types;
}

void replace(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

/// What Haystack itself says of a mistake, as Berth says it; none where that is Python, PyYAML or their importer.
std::optional<std::string> own_message(const Value& error) {
  const Value* cause = error.find("cause");
  const bool is_wrapped = cause != nullptr && error.find("message")->as_string().starts_with("Couldn't deserialize");
  if (cause != nullptr && !is_wrapped) return std::nullopt;
  const Value& said = is_wrapped ? *cause : error;
  static const std::set<std::string> own = {"ValueError", "DeserializationError", "PipelineConnectError"};
  auto message = said.find("message")->as_string();
  if (!own.contains(said.find("type")->as_string()) || message.starts_with("Could not import")) return std::nullopt;
  if (message.ends_with('.')) message.pop_back();  // Berth may go on
  if (message.find("' does not exist. ") == message.npos)
    replace(message, " does not exist. ", "' does not exist. ");  // there the quote of a receiver is not closed
  replace(message, "Callable[, None] | Callable[, Awaitable[None]]", "StreamingCallback");
  replace(message, "Sequence[Tool | Toolset]", "list[Tool | Toolset]");
  return message;
}

/// Where "init_parameters" are absent, some of Haystack's components fail on that; in Berth all take their defaults.
bool lacks_init_parameters(const Value& expected) {
  const Value* error = expected.find("error");
  const Value* cause = error == nullptr ? nullptr : error->find("cause");
  return cause != nullptr && *cause->find("message") == Value("'init_parameters'");
}

/// Text of a hand-written pipeline: loaded and written as Haystack does, or refused in its words.
TEST_F(HandWrittenPipelinesCorpus, AreLoadedOrRefusedAsHaystackDoes) {
  std::size_t compared = 0;
  check_each(yaml_files("yaml"), file_name, [&](const std::filesystem::path& path) {
    const auto expected = description(path);
    const auto text = read_text(path);
    std::optional<std::string> written;
    std::string problem;
    try {
      written = Pipeline::loads(text).dumps();
    } catch (const std::invalid_argument& error) {
      problem = error.what();
    } catch (const FormatError& error) {
      problem = error.what();
    }
    // The class that is missing is what such a file is refused for.
    if (std::ranges::any_of(types_in(text), is_missing)) {
      EXPECT_FALSE(written);
      EXPECT_NE(problem.find("There is no component"), problem.npos) << problem;
      return;
    }
    ++compared;
    if (lacks_init_parameters(expected)) {
      EXPECT_TRUE(written) << problem;
    } else if (expected.find("loads")->as_bool()) {
      EXPECT_TRUE(written) << problem;
      if (!written) return;
      EXPECT_EQ(*written, expected.find("dumps")->as_string());
      // The first reload may bring the connections into the order of the components.
      const auto reloaded = Pipeline::loads(*written).dumps();
      EXPECT_EQ(Pipeline::loads(reloaded).dumps(), reloaded);
    } else {
      EXPECT_FALSE(written) << *written;
      if (const auto words = own_message(*expected.find("error"))) {
        EXPECT_NE(problem.find(*words), problem.npos) << problem << "\nHaystack: " << *words;
      }
    }
  });
  if (yaml_files("yaml").empty()) BERTH_NEEDS_CORPUS(folder() / "yaml");
  EXPECT_GT(compared, 0U);
}

}  // namespace
}  // namespace berth::corpus
