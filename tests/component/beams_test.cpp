/// Beam search of the engine and of the generators beside transformers and Haystack, over tests/data/generators/beams.json.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include "berth/convert_model.h"
#include "berth/engine.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "json_file.h"
#include "own_cache.h"
#include "refusal.h"
#include "test_model.h"
#include "tiny_t5.h"

namespace berth {
namespace {

namespace fs = std::filesystem;
using test::refusal;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

using Tokens = std::vector<std::int32_t>;

fs::path folder_of(const Value& recorded) {
  return fs::path(BERTH_TEST_DATA_DIR "/generators") / recorded.find("model")->as_string();
}

/// Whether nothing else is found with scores as far off those of transformers as they may be: products with weights of 16 bits
/// take states of 16 bits, and so are the keys and values that components keep.
bool is_sure(const Value& recorded, bool keeps_float32) {
  const bool is_float32 = read_model(folder_of(recorded)).tensors.at(0).type == "F32";
  return recorded.find("sure")->as_double() >= (!is_float32 ? 0.2 : keeps_float32 ? 0.05 : 0.1);
}

GenerationOptions options_of(const Value& recorded) {
  const auto& given = *recorded.find("options");
  GenerationOptions options;
  const auto read = [&](const char* name, auto& to) {
    if (const auto* value = given.find(name))
      to = static_cast<std::remove_reference_t<decltype(to)>>(value->as_double());
  };
  read("max_new_tokens", options.max_new_tokens);
  read("num_beams", options.num_beams);
  read("num_return_sequences", options.num_return_sequences);
  read("length_penalty", options.length_penalty);
  read("repetition_penalty", options.repetition_penalty);
  if (const auto* early = given.find("early_stopping"))
    options.early_stopping = early->is_string()      ? EarlyStopping::never
                             : *early == Value(true) ? EarlyStopping::on
                                                     : EarlyStopping::off;
  return options;
}

std::shared_ptr<const LoadedModel> load(const fs::path& folder, ContextSpec context) {
  context.type_k = context.type_v = "F32";
  return engine("llama.cpp")
      .load({.model = loadable_model(folder, ModelSearch::from_environment(), {}), .context = context});
}

/// The tokens of each completion, as they are told.
std::vector<Tokens> tokens_of(Session& session, const GenerationRequest& request) {
  std::vector<Tokens> tokens(request.prompts.size() * static_cast<std::size_t>(request.options.num_return_sequences));
  std::vector<std::string> streamed(tokens.size());
  const auto result = session.generate(
      request, {.on_chunk = [&](const StreamingChunk& chunk) { streamed.at(chunk.index) += chunk.content; },
                .on_token = [&](std::size_t index, std::int32_t token) { tokens.at(index).push_back(token); }});
  EXPECT_EQ(result.completions.size(), tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(result.completions[i].generated_tokens, tokens[i].size());
    EXPECT_EQ(result.completions[i].text, streamed[i]);
  }
  return tokens;
}

template <class Check>
void for_each_sure_case(bool keeps_float32, std::size_t least, Check check) {
  const test::OwnCache cache;
  const auto recorded = test::json_file("generators/beams.json");
  std::map<std::string, std::size_t> compared;
  std::size_t all = 0;
  for (const auto& each : recorded.find("cases")->as_array()) {
    if (!is_sure(each, keeps_float32)) continue;
    SCOPED_TRACE(each.to_json());
    check(each);
    ++compared[each.find("model")->as_string()];
    ++all;
  }
  for (const auto& [model, count] : compared) std::cout << model << ": " << count << " searches\n";
  EXPECT_GE(all, least);
}

/// With cells that all sequences share, and with a part for each.
TEST(Beams, FindWhatTransformersFinds) {
  std::map<std::string, std::vector<std::unique_ptr<Session>>> sessions;
  for_each_sure_case(true, 60, [&](const Value& recorded) {
    auto& of_model = sessions[recorded.find("model")->as_string()];
    if (of_model.empty())
      for (const bool unified : {true, false})
        of_model.push_back(
            load(folder_of(recorded), {.n_ctx = unified ? 256 : 1280, .n_seq = 5, .unified = unified})->new_session());
    for (const auto& session : of_model) {
      const auto found =
          tokens_of(*session, {.prompts = {recorded.find("prompt")->as_string()}, .options = options_of(recorded)});
      const auto& wanted = recorded.find("tokens")->as_array();
      ASSERT_EQ(found.size(), wanted.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        Value::Array ids;
        for (const auto id : found[i]) ids.emplace_back(id);
        EXPECT_EQ(Value(ids), wanted[i]) << i;
      }
    }
  });
}

/// Of bytes between SentencePiece's pieces that are no text: there each becomes U+FFFD, also those that are text by themselves.
bool is_told_otherwise(const Value& recorded) {
  return recorded.find("model")->as_string() == "mistral" &&
         std::ranges::any_of(recorded.find("replies")->as_array(), [](const Value& reply) {
           return reply.as_string().find("\xEF\xBF\xBD") != std::string::npos;
         });
}

TEST(Beams, GeneratorsReplyAsHaystackDoes) {
  std::map<std::string, std::unique_ptr<HuggingFaceLocalGenerator>> generators;
  for_each_sure_case(false, 20, [&](const Value& recorded) {
    if (is_told_otherwise(recorded)) return;
    auto& generator = generators[recorded.find("model")->as_string()];
    if (generator == nullptr)
      generator = std::make_unique<HuggingFaceLocalGenerator>(HuggingFaceLocalGenerator::Parameters{
          .model = folder_of(recorded).string(), .device = Device::cpu(), .token = {}});
    Value::Array replies;
    const auto& kwargs = recorded.find("generation_kwargs")->as_object();
    for (const auto& reply : generator->run(recorded.find("prompt")->as_string(), {}, kwargs).replies)
      replies.emplace_back(reply);
    EXPECT_EQ(Value(replies), *recorded.find("replies"));
  });
}

class BeamsOfT5 : public testing::Test {
 protected:
  std::shared_ptr<const LoadedModel> load(const std::optional<ContextSpec>& context = {}) const {
    return engine("llama.cpp").load({.model = path_, .context = context});
  }
  static GenerationRequest request(std::vector<Prompt> prompts, int beams, int most, int replies = 1) {
    return {.prompts = std::move(prompts),
            .options = {.max_new_tokens = most, .num_return_sequences = replies, .num_beams = beams}};
  }
  HuggingFaceLocalGenerator generator(Value::Object kwargs = {}) const {
    return HuggingFaceLocalGenerator(
        {.model = path_.string(), .device = Device::cpu(), .token = {}, .generation_kwargs = std::move(kwargs)});
  }

  const test::TemporaryFolder folder_;
  const fs::path path_ = test::TinyT5{.ends = true}.write(folder_.path() / "t5.gguf");
};

TEST_F(BeamsOfT5, PromptsOfOneCallAreSearchedEachForItself) {
  const auto model = load();
  const auto session = model->new_session({.n_threads = 1});
  const std::vector<Prompt> prompts = {"translate a b c", "summarize what the fox did", "q"};
  std::vector<Tokens> one_by_one;
  for (const auto& prompt : prompts)
    for (auto& tokens : tokens_of(*session, request({prompt}, 3, 9, 2))) one_by_one.push_back(std::move(tokens));
  EXPECT_EQ(tokens_of(*session, request(prompts, 3, 9, 2)), one_by_one);
  const auto narrow = load(ContextSpec{.n_ctx = 256, .n_seq = 4, .unified = true})->new_session({.n_threads = 1});
  EXPECT_EQ(tokens_of(*narrow, request(prompts, 3, 9, 2)), one_by_one) << "one after the other";
}

TEST_F(BeamsOfT5, OneBeamIsGreedy) {
  const auto session = load()->new_session({.n_threads = 1});
  auto greedy = request({"q"}, 1, 8);
  const auto tokens = tokens_of(*session, greedy);
  greedy.options.early_stopping = EarlyStopping::never;
  greedy.options.length_penalty = -3;
  EXPECT_EQ(tokens_of(*session, greedy), tokens);
}

TEST_F(BeamsOfT5, TheBestComesFirst) {
  const auto session = load()->new_session({.n_threads = 1});
  const auto all = tokens_of(*session, request({"q"}, 5, 8, 5));
  EXPECT_EQ(tokens_of(*session, request({"q"}, 5, 8, 2)), (std::vector{all[0], all[1]}));
}

TEST_F(BeamsOfT5, AFullContextEndsAllOfThem) {
  const auto session = load(ContextSpec{.n_ctx = 256, .n_seq = 8, .unified = true})->new_session({.n_threads = 1});
  auto wanted = request({"q"}, 8, 250);
  wanted.options.length_penalty = 9;  // the longest
  wanted.options.early_stopping = EarlyStopping::never;
  const auto result = session->generate(wanted);
  EXPECT_EQ(result.completions.at(0).finish_reason, FinishReason::length);
  EXPECT_LT(result.completions[0].generated_tokens, 250U);
  EXPECT_GE(result.completions[0].generated_tokens, 31U) << "the cells are no fewer than that for each";
  EXPECT_EQ(tokens_of(*session, request({"q"}, 3, 5)), tokens_of(*load()->new_session(), request({"q"}, 3, 5)));
}

TEST_F(BeamsOfT5, AStopWordEndsATextOfThem) {
  const auto session = load()->new_session({.n_threads = 1});
  auto wanted = request({"summarize what the fox did"}, 4, 12);
  wanted.options.length_penalty = 0;  // the start of a text is likelier than the text
  const auto whole = session->generate(wanted).completions[0];
  ASSERT_GE(whole.text.size(), 8U);
  wanted.options.num_return_sequences = 4;
  for (const std::size_t length : {1, 3}) {
    const auto word = whole.text.substr(3, length);
    ASSERT_EQ(whole.text.find(word), 3U);
    wanted.options.stop_words = {"?", word};
    const auto found = session->generate(wanted).completions;
    EXPECT_EQ(found[0].text, whole.text.substr(0, 3));
    EXPECT_EQ(found[0].finish_reason, FinishReason::stop_word);
    EXPECT_LT(found[0].generated_tokens, whole.generated_tokens);
    for (const auto& completion : found) EXPECT_EQ(completion.text.find(word), std::string::npos) << completion.text;
  }
}

TEST_F(BeamsOfT5, ACancelledSearchGivesItsBestSoFar) {
  const auto session = load(ContextSpec{.n_ctx = 100'000, .n_seq = 8, .unified = true})->new_session({.n_threads = 1});
  auto wanted = request({"translate a b c", "q"}, 4, 12'000, 4);  // so that both are searched together
  wanted.options.early_stopping = EarlyStopping::on;
  GenerationResult result;
  // Until the stop comes late enough, however fast this machine is.
  for (std::chrono::milliseconds wait{20};; wait *= 2) {
    std::stop_source stop;
    const std::jthread stopper([&] {
      std::this_thread::sleep_for(wait);
      stop.request_stop();
    });
    result = session->generate(wanted, {.stop = stop.get_token()});
    ASSERT_THAT(result.completions, SizeIs(8));
    for (std::size_t i = 4; i < 8; ++i) ASSERT_EQ(result.completions[i].finish_reason, FinishReason::cancelled);
    if (result.completions[4].generated_tokens > 100) break;
  }
  EXPECT_FALSE(result.completions[4].text.empty());
  // The other search was over long before.
  const auto alone = session->generate({.prompts = {wanted.prompts[0]}, .options = wanted.options});
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_LT(alone.completions[i].generated_tokens, 100U);
    EXPECT_EQ(alone.completions[i].finish_reason, FinishReason::end_of_text);
    EXPECT_EQ(result.completions[i], alone.completions[i]);
  }
}

TEST_F(BeamsOfT5, ASearchThatIsOverIsNotCancelled) {
  const auto session = load(ContextSpec{.n_ctx = 256, .n_seq = 8, .unified = true})->new_session({.n_threads = 1});
  const auto wanted = request({"translate a b c", "q", "summarize what the fox did"}, 4, 5);
  const auto whole = session->generate(wanted).completions;
  std::stop_source stop;
  const auto stopped = session->generate(
      wanted, {.stop = stop.get_token(), .on_token = [&](std::size_t, std::int32_t) { stop.request_stop(); }});
  ASSERT_THAT(stopped.completions, SizeIs(3));
  EXPECT_EQ(stopped.completions[0], whole[0]);
  EXPECT_EQ(stopped.completions[1], whole[1]) << "searched beside the first one";
  EXPECT_EQ(stopped.completions[2].finish_reason, FinishReason::cancelled) << "comes after them";
  EXPECT_EQ(stopped.completions[2].generated_tokens, 0U);
}

/// The model has 56 tokens, and so 56 texts of one token.
TEST_F(BeamsOfT5, FewerTextsThanWereAskedForAreNotCancelled) {
  const auto session = load()->new_session({.n_threads = 1});
  const auto result = session->generate(request({"q"}, 64, 1, 64));
  ASSERT_THAT(result.completions, SizeIs(64));
  for (const auto& completion : result.completions) EXPECT_NE(completion.finish_reason, FinishReason::cancelled);
  EXPECT_GT(result.completions[55].generated_tokens, 0U);
  EXPECT_EQ(result.completions[56].generated_tokens, 0U);
}

TEST_F(BeamsOfT5, NeedAsManySequences) {
  const auto session = load(ContextSpec{.n_ctx = 256, .n_seq = 3, .unified = true})->new_session();
  EXPECT_THAT(refusal([&] { session->generate(request({"q"}, 4, 5)); }),
              AllOf(HasSubstr("num_beams is 4"), HasSubstr("3 sequences"), HasSubstr("n_seq of at least 4")));
  const auto short_of_cells = load(ContextSpec{.n_ctx = 8, .n_seq = 16, .unified = true})->new_session();
  EXPECT_THAT(refusal([&] { short_of_cells->generate(request({"a b"}, 16, 5)); }),
              AllOf(HasSubstr("num_beams is 16"), HasSubstr("8 sequences"), HasSubstr("n_ctx of at least 16"),
                    Not(HasSubstr("n_seq"))));
  EXPECT_THAT(short_of_cells->generate(request({"a b"}, 8, 5)).completions, SizeIs(1));
  auto begun = request({"q"}, 2, 5);
  begun.begun = {{4}};
  EXPECT_THAT(refusal([&] { session->generate(begun); }), HasSubstr("Leave `begun` empty"));
}

TEST_F(BeamsOfT5, AreFourWhereNothingIsSaid) {
  auto with_defaults = generator({{"max_new_tokens", 8}});
  const auto replies = with_defaults.run("summarize what the fox did").replies;
  EXPECT_EQ(generator({{"max_new_tokens", 8}, {"num_beams", 4}}).run("summarize what the fox did").replies, replies);
  EXPECT_THAT(with_defaults.run("q", {}, {{"num_return_sequences", 4}}).replies, SizeIs(4));
  EXPECT_THAT(refusal([&] {
                with_defaults.run("q", {}, {{"num_return_sequences", 5}});
              }),
              AllOf(HasSubstr("more than the 4 beams"), HasSubstr("set num_beams to 5")));
  const auto written = with_defaults.to_dict();
  EXPECT_EQ(*written.find("init_parameters")->find("generation_kwargs"), Value(Value::Object{{"max_new_tokens", 8}}));
  // Who samples has one.
  EXPECT_THAT(with_defaults.run("q", {}, {{"do_sample", true}, {"num_return_sequences", 5}}).replies, SizeIs(5));
}

TEST_F(BeamsOfT5, AreKnownBeforeARun) {
  auto four = generator({{"max_new_tokens", 8}});
  EXPECT_EQ(four.num_beams(), 4);
  EXPECT_EQ(four.num_beams({{"num_beams", nullptr}}), 4);
  EXPECT_EQ(four.num_beams({{"num_beams", 1}}), 1);
  EXPECT_EQ(four.num_beams({{"do_sample", true}}), 1);
  EXPECT_EQ(four.num_beams({{"do_sample", true}, {"num_beams", nullptr}}), 1);
  EXPECT_EQ(generator({{"num_beams", 3}}).num_beams(), 3);
  std::string streamed;
  const auto reply =
      four.run("q", {"", [&](const StreamingChunk& chunk) { streamed += chunk.content; }}, {{"do_sample", true}});
  EXPECT_THAT(reply.replies, ElementsAre(streamed));
}

TEST_F(BeamsOfT5, AreNotStreamed) {
  std::string streamed;
  const StreamingCallback callback = {"", [&](const StreamingChunk& chunk) { streamed += chunk.content; }};
  auto llm = generator({{"max_new_tokens", 8}});
  EXPECT_THAT(refusal([&] { llm.run("q", callback); }),
              AllOf(HasSubstr("cannot be used with beam search"), HasSubstr("Set `num_beams` to 1")));
  const auto reply = llm.run("q", callback, {{"num_beams", 1}}).replies.at(0);
  EXPECT_EQ(streamed, reply);
  HuggingFaceLocalChatGenerator chat({.model = path_.string(),
                                      .device = Device::cpu(),
                                      .token = {},
                                      .chat_template = "{{ messages[0].content }}",
                                      .streaming_callback = callback});
  EXPECT_THAT(refusal([&] { chat.run({ChatMessage::from_user("q")}); }), HasSubstr("cannot be used with beam search"));
}

}  // namespace
}  // namespace berth
