/// Components against Haystack's: what they serialize to, and what they make of serialized forms.
#include <gtest/gtest.h>

#include "berth/component.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "corpus/haystack_corpus.h"

namespace berth::corpus {
namespace {

constexpr std::string_view print_streaming_chunk = "haystack.components.generators.utils.print_streaming_chunk";

/// An argument as the corpus writes it down (objects with one key that starts with `$`) in its serialized form.
Value serialized(const Value& argument) {
  if (argument.is_array()) {
    Value::Array list;
    for (const auto& each : argument.as_array()) list.push_back(serialized(each));
    return list;
  }
  if (!argument.is_object()) return argument;
  if (argument.as_object().size() == 1 && argument.as_object().front().first.starts_with('$')) {
    const auto& [kind, value] = argument.as_object().front();
    if (kind == "$component_device" || kind == "$secret" || kind == "$torch_dtype" || kind == "$path") return value;
    if (value.is_string() && value.as_string().find("print_streaming_chunk") != std::string::npos)
      return print_streaming_chunk;
    throw std::runtime_error("an argument of a kind that this test does not know: " + argument.to_json());
  }
  Value::Object object;
  for (const auto& [name, value] : argument.as_object()) object.set(name, serialized(value));
  return object;
}

struct ComponentCase {
  std::string id;
  Value all;
};

/// A component that is here, with its own way from a serialized form.
struct Kind {
  std::string name;
  std::string_view type;
  Value (*loaded)(const Value& data);  ///< from_dict() and to_dict() again
};

template <class C>
Kind kind(std::string name) {
  return {std::move(name), C::type_name, [](const Value& data) { return C::from_dict(data)->to_dict(); }};
}

const std::vector<Kind> kinds = {kind<HuggingFaceLocalChatGenerator>("HuggingFaceLocalChatGenerator"),
                                 kind<HuggingFaceLocalGenerator>("HuggingFaceLocalGenerator")};

/// Those that the corpus has and Berth does not yet.
const std::vector<std::string> missing = {"ExtractiveReader",
                                          "LocalWhisperTranscriber",
                                          "NamedEntityExtractor",
                                          "SASEvaluator",
                                          "SentenceTransformersDiversityRanker",
                                          "SentenceTransformersDocumentEmbedder",
                                          "SentenceTransformersDocumentImageEmbedder",
                                          "SentenceTransformersSimilarityRanker",
                                          "SentenceTransformersSparseDocumentEmbedder",
                                          "SentenceTransformersSparseTextEmbedder",
                                          "SentenceTransformersTextEmbedder",
                                          "TransformersSimilarityRanker",
                                          "TransformersTextRouter",
                                          "TransformersZeroShotDocumentClassifier",
                                          "TransformersZeroShotTextRouter"};

std::filesystem::path file(std::string_view set, const std::string& name) { return folder() / set / (name + ".json"); }

std::vector<ComponentCase> cases(const std::filesystem::path& path) {
  const auto document = Value::from_json(read_text(path));
  std::vector<ComponentCase> list;
  for (const auto& each : document.as_object().at("cases").as_array())
    list.push_back({each.as_object().at("id").as_string() + " " + each.as_object().at("form").as_string(), each});
  return list;
}

/// Haystack's own messages count to the letter; those of Python itself say only that it fails.
bool is_own_message(const Value& error) {
  const auto& type = error.as_object().at("type").as_string();
  return (type == "ValueError" || type == "DeserializationError") && !error.find("message")->as_string().empty();
}

void check(const Kind& kind, const ComponentCase& each, const Outcome& made) {
  SCOPED_TRACE(each.id);
  if (const Value* error = each.all.find("error")) {
    EXPECT_FALSE(made.result) << made.str();
    if (is_own_message(*error)) {
      EXPECT_EQ(made.error, error->find("message")->as_string());
    }
    return;
  }
  ASSERT_TRUE(made.result) << made.str();
  EXPECT_EQ(made.result->to_json(), each.all.as_object().at("to_dict").to_json());
  EXPECT_EQ(kind.loaded(*made.result).to_json(), made.result->to_json());
}

/// A token given by value has no serialized form: it goes to the constructor.
bool has_token_by_value(const Value& init) {
  const Value* token = init.find("token");
  return token != nullptr && token->find("$secret") != nullptr && token->find("$secret")->is_string();
}

Outcome constructed(const Kind& kind, const Value& init) {
  if (!has_token_by_value(init))
    return outcome_of([&] {
      return kind.loaded(Value::Object{{"type", kind.type}, {"init_parameters", serialized(init)}});
    });
  EXPECT_EQ(init.as_object().size(), 3U) << "more than model, task and token: " << init.to_json();
  return outcome_of([&] {
    const auto model = init.find("model")->as_string();
    const auto task = init.find("task")->as_string();
    const auto token = Secret::from_token("a token");
    if (kind.name == "HuggingFaceLocalGenerator")
      return HuggingFaceLocalGenerator({.model = model, .task = task, .token = token}).to_dict();
    return HuggingFaceLocalChatGenerator({.model = model, .task = task, .token = token}).to_dict();
  });
}

class ComponentsCorpus : public testing::Test {
  void SetUp() override {
    if (ComponentDevice::resolve_device() != ComponentDevice(Device::cpu()))
      GTEST_SKIP() << "recorded where the default device is the CPU; here it is another one";
  }
};

TEST_F(ComponentsCorpus, SerializeAsHaystackDoes) {
  for (const auto& kind : kinds) {
    BERTH_NEEDS_CORPUS(file("components", kind.name));
    for (const auto& each : cases(file("components", kind.name)))
      check(kind, each, constructed(kind, each.all.as_object().at("init")));
  }
}

TEST_F(ComponentsCorpus, LoadWhatHaystackLoadsAndRefuseWhatItRefuses) {
  for (const auto& kind : kinds) {
    BERTH_NEEDS_CORPUS(file("components_from_dict", kind.name));
    for (const auto& each : cases(file("components_from_dict", kind.name)))
      check(kind, each, outcome_of([&] { return kind.loaded(each.all.as_object().at("from_dict")); }));
  }
}

/// Fails as soon as one of the missing is there, so that its cases are looked at too.
TEST_F(ComponentsCorpus, NamesThoseThatAreMissing) {
  for (const auto* component : component_classes()) {
    const auto name = component->type.substr(component->type.rfind('.') + 1);
    EXPECT_EQ(std::ranges::count(missing, name), 0) << name << " is there: add it to `kinds`";
  }
  for (const auto& set : {"components", "components_from_dict"}) {
    if (!std::filesystem::exists(folder() / set)) continue;
    for (const auto& each : std::filesystem::directory_iterator(folder() / set)) {
      const auto name = each.path().stem().string();
      const bool is_here = std::ranges::find(kinds, name, &Kind::name) != kinds.end();
      EXPECT_TRUE(is_here || std::ranges::count(missing, name) == 1) << name;
    }
  }
}

}  // namespace
}  // namespace berth::corpus
