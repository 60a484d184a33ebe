/// The models of the corpus that generate, in safetensors, against what transformers and Haystack made of them in float32.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "berth/convert_model.h"
#include "berth/engine.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "corpus/haystack_corpus.h"
#include "encoder_cases.h"
#include "own_cache.h"
#include "test_model.h"

namespace berth::corpus {
namespace {

namespace fs = std::filesystem;

/// A step whose best token leads by less may go the other way: products with weights of 16 bits take states of 16 bits, and
/// so are the keys and values that components keep.
double close_step(const fs::path& model, bool keeps_float32) {
  const bool is_float32 = read_model(model).tensors.at(0).type == "F32";
  return !is_float32 ? 0.1 : keeps_float32 ? 0.01 : 0.05;
}

template <class Check>
void for_each_generator(Check check) {
  const test::OwnCache cache;
  std::size_t count = 0;
  for (const auto& folder : {corpus_folder() / "models", fs::path(BERTH_TEST_DATA_DIR "/generators")}) {
    for (const auto& name : test::encoder_cases(folder)) {
      SCOPED_TRACE(name);
      try {
        if (!test::is_generative(folder / name)) continue;
        ++count;
        check(folder / name, test::read_json_file(folder / (name + ".expected.json")));
      } catch (const std::exception& problem) {
        ADD_FAILURE() << "an exception: " << problem.what();
      }
    }
  }
  EXPECT_GE(count, 19U);
}

std::vector<std::int32_t> ids_of(const Value& list) {
  std::vector<std::int32_t> ids;
  for (const auto& id : list.as_array()) ids.push_back(static_cast<std::int32_t>(id.as_int()));
  return ids;
}

/// How many steps of a greedy answer are no close call. Where their leads are not recorded, all count as such.
std::size_t sure_steps(const Value& greedy, double close) {
  const auto* gaps = greedy.find("gap_of_best_logit");
  if (gaps == nullptr) return 0;
  const auto& list = gaps->as_array();
  return static_cast<std::size_t>(
      std::ranges::find_if(list, [&](const Value& gap) { return gap.as_double() < close; }) - list.begin());
}

TEST(GeneratorsCorpus, GenerateWhatTransformersDoes) {
  for_each_generator([](const fs::path& folder, const Value& expected) {
    const auto search = ModelSearch::from_environment();
    const auto file = loadable_model(locate_model(folder.string(), search), search, {});
    const auto model =
        engine("llama.cpp")
            .load({.model = file, .device = Device::cpu(), .context = ContextSpec{.type_k = "F32", .type_v = "F32"}});
    std::size_t compared = 0;
    for (const auto& raw : expected.find("raw")->as_array()) {
      const auto* greedy = raw.find("greedy_20");
      if (greedy == nullptr) continue;
      const auto prompt = raw.find("prompt")->as_string();
      SCOPED_TRACE(prompt);
      std::vector<std::int32_t> ids;
      const auto result =
          model->new_session()->generate({.prompts = {Prompt(prompt)}, .options = {.max_new_tokens = 20}},
                                         {.on_token = [&](std::size_t, std::int32_t token) { ids.push_back(token); }});
      EXPECT_EQ(result.completions.at(0).prompt_tokens, raw.find("input_ids")->as_array().size());
      auto wanted = ids_of(*greedy->find("token_ids"));
      wanted.resize(std::min(wanted.size(), sure_steps(*greedy, close_step(folder, true))));
      ids.resize(std::min(ids.size(), wanted.size()));
      EXPECT_EQ(ids, wanted);
      compared += wanted.size();
    }
    std::cout << folder.filename().string() << ": " << compared << " tokens\n";
  });
}

/// The arguments of a generator of the corpus, for the model in `folder`.
template <class Parameters>
Parameters parameters_of(const fs::path& folder, const Value& recorded, const std::string& task) {
  const auto& init = *recorded.find("init");
  Parameters parameters{.model = folder.string(), .task = task, .device = Device::cpu()};
  for (const auto& [name, value] : init.find("generation_kwargs")->as_object())
    parameters.generation_kwargs.set(name, value);
  if (folder.parent_path().filename() == "generators")  // recorded so by make.py
    parameters.generation_kwargs.set("clean_up_tokenization_spaces", false);
  if (const auto* words = init.find("stop_words"); words != nullptr && words->is_array()) {
    parameters.stop_words.emplace();
    for (const auto& word : words->as_array()) parameters.stop_words->push_back(word.as_string());
  }
  return parameters;
}

std::string task_of(const fs::path& folder) {
  return test::read_json_file(folder / "config.json").find("model_type")->as_string() == "t5" ? "text2text-generation"
                                                                                              : "text-generation";
}

/// Whether no step of the answer to `prompt` is a close call; it must be among those whose steps were recorded.
bool is_sure(const fs::path& folder, const Value& expected, const std::string& prompt) {
  const auto close = close_step(folder, false);
  for (const auto& raw : expected.find("raw")->as_array())
    if (raw.find("prompt")->as_string() == prompt)
      return sure_steps(*raw.find("greedy_20"), close) ==
             raw.find("greedy_20")->find("gap_of_best_logit")->as_array().size();
  return false;
}

/// In Haystack only the longest stop word ends a reply, and the others are cut out of it afterwards
/// (docs/haystack-compatibility.md). Which searches of beams are close calls is recorded elsewhere
/// (tests/component/beams_test.cpp).
bool is_alike(const Value& recorded) {
  const auto& init = *recorded.find("init");
  const auto* words = init.find("stop_words");
  const auto* beams = init.find("generation_kwargs")->find("num_beams");
  return (words == nullptr || words->is_null()) && (beams == nullptr || *beams == Value(1));
}

TEST(GeneratorsCorpus, ReplyAsHaystackDoes) {
  for_each_generator([](const fs::path& folder, const Value& expected) {
    const auto* cases = expected.find("HuggingFaceLocalGenerator");
    // Those are of four beams, as nothing is said.
    if (cases == nullptr || task_of(folder) == "text2text-generation") return;
    std::size_t compared = 0;
    std::map<std::string, std::unique_ptr<HuggingFaceLocalGenerator>> generators;
    for (const auto& recorded : cases->as_array()) {
      const auto prompt = recorded.find("prompt")->as_string();
      if (!is_alike(recorded) || !is_sure(folder, expected, prompt)) continue;
      SCOPED_TRACE(recorded.find("init")->to_json() + " " + prompt);
      auto& generator = generators[recorded.find("init")->to_json()];
      if (generator == nullptr) {
        generator = std::make_unique<HuggingFaceLocalGenerator>(
            parameters_of<HuggingFaceLocalGenerator::Parameters>(folder, recorded, task_of(folder)));
        generator->warm_up();
      }
      Value::Array replies;
      for (const auto& reply : generator->run(prompt).replies) replies.emplace_back(reply);
      EXPECT_EQ(Value(replies), *recorded.find("replies"));
      ++compared;
    }
    std::cout << folder.filename().string() << ": " << compared << " replies\n";
  });
}

TEST(GeneratorsCorpus, ChatAsHaystackDoes) {
  for_each_generator([](const fs::path& folder, const Value& expected) {
    const auto* cases = expected.find("HuggingFaceLocalChatGenerator");
    if (cases == nullptr) return;
    for (const auto& recorded : cases->as_array()) {
      const auto* gaps = recorded.find("gap_of_best_logit");
      const bool is_close =
          gaps != nullptr && sure_steps(recorded, close_step(folder, false)) < gaps->as_array().size();
      if (!is_alike(recorded) || is_close) continue;
      SCOPED_TRACE(recorded.to_json().substr(0, 300));
      HuggingFaceLocalChatGenerator generator(
          parameters_of<HuggingFaceLocalChatGenerator::Parameters>(folder, recorded, task_of(folder)));
      generator.warm_up();
      std::vector<ChatMessage> messages;
      for (const auto& message : recorded.find("messages")->as_array())
        messages.push_back({message.find("role")->as_string(), message.find("content")->as_string()});
      const auto reply = generator.run(messages).replies.at(0);
      const auto& wanted = recorded.find("replies")->as_array().at(0);
      EXPECT_EQ(reply.text(), wanted.find("text")->as_string());
      for (const auto* name : {"finish_reason", "index"})
        EXPECT_EQ(reply.meta().at(name), *wanted.find("meta")->find(name)) << name;
    }
  });
}

}  // namespace
}  // namespace berth::corpus
