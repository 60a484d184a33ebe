/// Components against Haystack's: what they serialize to, and what they make of serialized forms.
#include <gtest/gtest.h>

#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "berth/component.h"
#include "berth/extractive_reader.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "berth/named_entity_extractor.h"
#include "berth/sas_evaluator.h"
#include "berth/sentence_transformers_diversity_ranker.h"
#include "berth/sentence_transformers_document_embedder.h"
#include "berth/sentence_transformers_document_image_embedder.h"
#include "berth/sentence_transformers_similarity_ranker.h"
#include "berth/sentence_transformers_sparse_document_embedder.h"
#include "berth/sentence_transformers_sparse_text_embedder.h"
#include "berth/sentence_transformers_text_embedder.h"
#include "berth/transformers_similarity_ranker.h"
#include "berth/transformers_text_router.h"
#include "berth/transformers_zero_shot_document_classifier.h"
#include "berth/transformers_zero_shot_text_router.h"
#include "corpus/haystack_components.h"
#include "corpus/haystack_corpus.h"
#include "dataclasses/serialization.h"

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

/// from_dict() of the component and to_dict() again. What Haystack refuses for a variable that is not set when it makes
/// the component, Berth refuses when it warms it up.
Value loaded(const ComponentClass& component, const Value& data) {
  const auto made = component.create(init_parameters(data, component.type));
  // Those around a pipeline of transformers or a client of a service read it at once, the others only when they are
  // warmed up, as Berth's.
  const bool has_pipeline = std::ranges::any_of(
      component.parameters, [](const ParameterInfo& each) { return each.name.ends_with("pipeline_kwargs"); });
  const auto problem = made->known_problem();
  if ((has_pipeline || component.remote) && problem && problem->find("environment variables") != problem->npos)
    throw MissingVariable(*problem);
  return made->to_dict();
}

/// The files of `set` whose components are here, and their classes.
std::vector<std::pair<std::filesystem::path, const ComponentClass*>> files_here(std::string_view set) {
  std::vector<std::pair<std::filesystem::path, const ComponentClass*>> files;
  if (!std::filesystem::exists(folder() / set)) return files;
  for (const auto& each : std::filesystem::directory_iterator(folder() / set))
    if (const auto* component = component_here(each.path().stem().string())) files.emplace_back(each.path(), component);
  std::ranges::sort(files);
  return files;
}

std::vector<ComponentCase> cases(const std::filesystem::path& path) {
  const auto document = Value::from_json(read_text(path));
  std::vector<ComponentCase> list;
  for (const auto& each : document.as_object().at("cases").as_array())
    list.push_back({each.as_object().at("id").as_string() + " " + each.as_object().at("form").as_string(), each});
  return list;
}

/// "components_from_dict/ExtractiveReader.json: id form"
auto name_of(const std::filesystem::path& file) {
  const auto name = (file.parent_path().filename() / file.filename()).string();
  return [name](const ComponentCase& each) { return name + ": " + each.id; };
}

/// Haystack's own messages count to the letter; those of Python itself say only that it fails.
bool is_own_message(const Value& error) {
  const auto& type = error.as_object().at("type").as_string();
  return (type == "ValueError" || type == "DeserializationError") && !error.find("message")->as_string().empty();
}

/// Whether `ours` says all of Haystack's sentence and then more: what is known, or where the mistake is.
bool goes_on(const std::string& ours, const std::string& haystack) {
  return haystack.ends_with('.') && ours.starts_with(haystack + " ");
}

void check(const ComponentClass& component, const ComponentCase& each, const Outcome& made) {
  if (const Value* error = each.all.find("error")) {
    // Where "init_parameters" are absent, some of Haystack's components fail on that; in Berth all take their defaults.
    if (error->find("message")->as_string() == "'init_parameters'") return;
    EXPECT_FALSE(made.result) << made.str();
    if (is_own_message(*error)) {
      const auto& message = error->find("message")->as_string();
      if (!message.starts_with("Couldn't deserialize")) {
        if (!goes_on(made.error, message)) {
          EXPECT_EQ(made.error, message);
        }
      } else if (made.error != error->find("cause")->find("message")->as_string()) {
        EXPECT_EQ(made.error.substr(0, message.size()), message);  // Berth goes on with the cause
      }
    }
    return;
  }
  ASSERT_TRUE(made.result) << made.str();
  EXPECT_EQ(*made.result, each.all.as_object().at("to_dict"));
  // Where Haystack's own form gives another one, Berth's may too.
  const Value* same = each.all.find("round_trip_equal");
  if (same == nullptr || same->as_bool()) {
    EXPECT_EQ(loaded(component, *made.result).to_json(), made.result->to_json());
  }
}

/// A token given by value has no serialized form: it goes to the constructor.
bool has_token_by_value(const Value& init) {
  const Value* token = init.find("token");
  return token != nullptr && token->find("$secret") != nullptr && token->find("$secret")->is_string();
}

template <class Generator>
Value with_token(const Value& init) {
  auto others = serialized(init).as_object();
  others.erase("token");
  auto parameters = from_init_parameters<typename Generator::Parameters>(others);
  parameters.token = Secret::from_token(init.find("token")->find("$secret")->as_string());
  return Generator(std::move(parameters)).to_dict();
}

using WithToken =
    std::tuple<HuggingFaceLocalGenerator, HuggingFaceLocalChatGenerator, SASEvaluator,
               SentenceTransformersDiversityRanker, SentenceTransformersDocumentEmbedder,
               SentenceTransformersDocumentImageEmbedder, SentenceTransformersSimilarityRanker,
               SentenceTransformersSparseDocumentEmbedder, SentenceTransformersSparseTextEmbedder,
               SentenceTransformersTextEmbedder, TransformersSimilarityRanker, ExtractiveReader, NamedEntityExtractor,
               TransformersTextRouter, TransformersZeroShotDocumentClassifier, TransformersZeroShotTextRouter>;

Value constructed(const ComponentClass& component, const Value& init) {
  if (!has_token_by_value(init))
    return loaded(component, Value::Object{{"type", component.type}, {"init_parameters", serialized(init)}});
  std::optional<Value> made;
  const auto try_class = [&]<class C>(std::type_identity<C>) {
    if (component.type == C::type_name) made = with_token<C>(init);
  };
  const auto try_all = [&]<class... C>(std::type_identity<std::tuple<C...>>) {
    (try_class(std::type_identity<C>()), ...);
  };
  try_all(std::type_identity<WithToken>());
  if (made) return *made;
  throw std::runtime_error("a token by value of a component that this test does not know: " + component.type);
}

class ComponentsCorpus : public testing::Test {
  void SetUp() override {
    if (ComponentDevice::resolve_device() != ComponentDevice(Device::cpu()))
      GTEST_SKIP() << "recorded where the default device is the CPU; here it is another one";
    set_keys();
  }
};

/// What the constructor says, which from_dict() of the NamedEntityExtractor puts its own words before.
Outcome without_deserialization(Outcome made) {
  const auto start = made.error.find(" instance: ");
  if (made.error.starts_with("Couldn't deserialize") && start != std::string::npos)
    made.error.erase(0, start + std::string_view(" instance: ").size());
  return made;
}

TEST_F(ComponentsCorpus, SerializeAsHaystackDoes) {
  const auto files = files_here("components");
  if (files.empty()) BERTH_NEEDS_CORPUS(folder() / "components");
  EXPECT_FALSE(files.empty());
  for (const auto& [file, component] : files)
    check_each(cases(file), name_of(file), [&component = component](const ComponentCase& each) {
      check(*component, each, without_deserialization(outcome_of([&] {
        return constructed(*component, each.all.as_object().at("init"));
      })));
    });
}

TEST_F(ComponentsCorpus, LoadWhatHaystackLoadsAndRefuseWhatItRefuses) {
  const auto files = files_here("components_from_dict");
  if (files.empty()) BERTH_NEEDS_CORPUS(folder() / "components_from_dict");
  EXPECT_FALSE(files.empty());
  for (const auto& [file, component] : files)
    check_each(cases(file), name_of(file), [&component = component](const ComponentCase& each) {
      check(*component, each, outcome_of([&] { return loaded(*component, each.all.as_object().at("from_dict")); }));
    });
}

TEST(ComponentsOfTheCorpus, AreHereOrKnownToBeMissing) {
  std::set<std::string> missing;
  for (const auto& set : {"components", "components_from_dict"}) {
    if (!std::filesystem::exists(folder() / set)) continue;
    for (const auto& each : std::filesystem::directory_iterator(folder() / set)) {
      const auto name = each.path().stem().string();
      if (is_missing(name))
        missing.insert(name);
      else
        EXPECT_NE(component_here(name), nullptr) << name << " is none of Haystack's components";
    }
  }
  for (const auto& name : missing) std::cout << "no component here yet: " << name << '\n';
}

}  // namespace
}  // namespace berth::corpus
