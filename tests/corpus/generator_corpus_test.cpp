/// HuggingFaceLocalGenerator against Haystack's: what it serializes to, and what it makes of serialized forms.
#include <gtest/gtest.h>

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

struct GeneratorCase {
  std::string id;
  Value all;
};

std::filesystem::path file(std::string_view set) { return folder() / set / "HuggingFaceLocalGenerator.json"; }

std::vector<GeneratorCase> cases(std::string_view set) {
  const auto document = Value::from_json(read_text(file(set)));
  std::vector<GeneratorCase> list;
  for (const auto& each : document.as_object().at("cases").as_array())
    list.push_back({each.as_object().at("id").as_string() + " " + each.as_object().at("form").as_string(), each});
  return list;
}

/// Haystack's own messages count to the letter; those of Python itself say only that it fails.
bool is_own_message(const Value& error) {
  const auto& type = error.as_object().at("type").as_string();
  return (type == "ValueError" || type == "DeserializationError") && !error.find("message")->as_string().empty();
}

void check(const GeneratorCase& each, const Outcome& made) {
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
  EXPECT_EQ(HuggingFaceLocalGenerator::from_dict(*made.result)->to_dict().to_json(), made.result->to_json());
}

Outcome loaded(const Value& data) {
  return outcome_of([&] { return HuggingFaceLocalGenerator::from_dict(data)->to_dict(); });
}

/// A token given by value has no serialized form: it goes to the constructor.
bool has_token_by_value(const Value& init) {
  const Value* token = init.find("token");
  return token != nullptr && token->find("$secret") != nullptr && token->find("$secret")->is_string();
}

Outcome constructed(const Value& init) {
  if (!has_token_by_value(init))
    return loaded(Value::Object{{"type", HuggingFaceLocalGenerator::type_name}, {"init_parameters", serialized(init)}});
  EXPECT_EQ(init.as_object().size(), 3U) << "more than model, task and token: " << init.to_json();
  return outcome_of([&] {
    return HuggingFaceLocalGenerator({.model = init.find("model")->as_string(),
                                      .task = init.find("task")->as_string(),
                                      .token = Secret::from_token("a token")})
        .to_dict();
  });
}

class GeneratorCorpus : public testing::Test {
  void SetUp() override {
    if (ComponentDevice::resolve_device() != ComponentDevice(Device::cpu()))
      GTEST_SKIP() << "recorded where the default device is the CPU; here it is another one";
  }
};

TEST_F(GeneratorCorpus, SerializesAsHaystackDoes) {
  BERTH_NEEDS_CORPUS(file("components"));
  for (const auto& each : cases("components"))
    check(each, constructed(each.all.as_object().at("init")));
}

TEST_F(GeneratorCorpus, LoadsWhatHaystackLoadsAndRefusesWhatItRefuses) {
  BERTH_NEEDS_CORPUS(file("components_from_dict"));
  for (const auto& each : cases("components_from_dict")) check(each, loaded(each.all.as_object().at("from_dict")));
}

}  // namespace
}  // namespace berth::corpus
