/// Requests as data: what a process of its own will be sent.
#include <gmock/gmock.h>

#include "berth/engine.h"
#include "random_values.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::HasSubstr;

/// Through JSON, as a file or a pipe would hold it.
template <class Request>
Request sent(const Request& request) {
  return Request::from_dict(Value::from_json(request.to_dict().to_json()));
}

template <class Request>
std::string reading_error(std::string_view json) {
  try {
    Request::from_dict(Value::from_json(json));
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
  return "was accepted";
}

std::string random_text(test::Random& random) {
  static const char* const parts[] = {"a",  "\n", "\t",      "\xC3\xBC",   "\xF0\x9F\x98\x80",
                                      "\"", "\\", "\x1b[2J", "<|im_end|>", " "};
  std::string text;
  for (int i = random.below(40); i > 0; --i) text += parts[random.below(10)];
  if (random.below(20) == 0) text.append(1, '\0').append(30'000, 'x');
  return text;
}

TEST(Requests, OfGenerationSurviveJson) {
  test::Random random;
  for (int i = 0; i < 500; ++i) {
    GenerationRequest request;
    for (int p = random.below(4); p > 0; --p) {
      std::vector<Prompt::Piece> pieces;
      for (int n = random.below(4); n > 0; --n) pieces.push_back({random_text(random), random.coin()});
      request.prompts.push_back(Prompt(std::move(pieces)));
    }
    auto& options = request.options;
    options.max_new_tokens = random.below(1000);
    options.do_sample = random.coin();
    options.temperature = random.below(100) / 7.0;
    options.top_k = random.below(100);
    options.top_p = random.below(100) / 99.0;
    options.min_p = random.below(100) / 101.0;
    options.repetition_penalty = random.below(100) / 13.0;
    if (random.coin()) options.seed = random.coin() ? UINT32_MAX : static_cast<std::uint32_t>(random.below(1000));
    options.num_return_sequences = random.below(65);
    for (int n = random.below(3); n > 0; --n) options.stop_words.push_back(random_text(random));
    options.num_beams = random.below(65);
    options.length_penalty = random.below(5) - 2.5;
    options.early_stopping = static_cast<EarlyStopping>(random.below(3));
    for (int n = random.below(3); n > 0; --n) request.begun.push_back({random.below(1000), random.below(1000)});
    ASSERT_EQ(sent(request), request);
  }
}

TEST(Requests, ToLoadSurviveJson) {
  test::Random random;
  for (int i = 0; i < 500; ++i) {
    LoadRequest request{.model = "/models/" + random.name(), .device = random.component_device()};
    for (int n = random.below(3); n > 0; --n)
      request.keys.set(random.device().str(), {.pci_id = "0000:01:00.0",
                                               .uuid = random.coin() ? "GPU-1" : "",
                                               .endpoint = random.coin() ? "worker:50052" : "",
                                               .number = static_cast<std::uint32_t>(random.below(5)),
                                               .engines = {{"llama.cpp", "CUDA" + std::to_string(random.below(4))}},
                                               .pool = random.coin() ? "ram" : ""});
    if (random.coin())
      request.context = ContextSpec{.n_ctx = random.below(10'000),
                                    .n_seq = 1 + random.below(64),
                                    .n_batch = 1 + random.below(4096),
                                    .type_k = random.coin() ? "Q8_0" : "F16",
                                    .flash_attention = random.coin() ? FlashAttention::on : FlashAttention::automatic,
                                    .unified = random.coin(),
                                    .offload_cache = random.coin()};
    request.isolation = static_cast<Isolation>(random.below(3));
    request.max_recoveries = random.below(5);
    request.patience_s = random.below(500);
    ASSERT_EQ(sent(request), request) << request.to_dict().to_json();
  }
}

TEST(Requests, AreAnsweredByResultsThatSurviveJsonToo) {
  test::Random random;
  for (int i = 0; i < 500; ++i) {
    GenerationResult result{.first_token_ms = random.below(100) / 7.0,
                            .generation_ms = random.below(1000) / 11.0,
                            .tokens_per_second = random.below(1000) / 13.0};
    for (int n = random.below(4); n > 0; --n)
      result.completions.push_back({.text = random_text(random),
                                    .prompt_tokens = static_cast<std::size_t>(random.below(10'000)),
                                    .generated_tokens = static_cast<std::size_t>(random.below(10'000)),
                                    .finish_reason = static_cast<FinishReason>(random.below(4)),
                                    .seed = random.coin() ? UINT32_MAX : 0});
    ASSERT_EQ(sent(result), result) << result.to_dict().to_json();
  }
  EXPECT_THAT(reading_error<GenerationResult>(R"({"completions": [{"prompt_tokens": 1, "generated_tokens": 1,
                                            "finish_reason": "tired", "seed": 0}]})"),
              HasSubstr("completions[0].finish_reason: 'tired' is none of end_of_text, stop_word, length, cancelled"));
}

TEST(Requests, OfASessionSurviveJson) {
  const SessionOptions options{.n_ctx = 256, .n_threads = 3, .reuse_prefix = true};
  EXPECT_EQ(sent(options), options);
  EXPECT_EQ(sent(SessionOptions()), SessionOptions());
}

TEST(Requests, SayWhereWhatIsWrong) {
  EXPECT_THAT(reading_error<GenerationRequest>(R"({"prompts": [{"pieces": [{"text": 1}]}]})"),
              HasSubstr("prompts[0].pieces[0].text"));
  EXPECT_THAT(reading_error<GenerationRequest>(R"({"prompts": [], "options": {"seed": 4294967296}})"),
              HasSubstr("options.seed: 4294967296 is not from 0 to 4294967295"));
  EXPECT_THAT(reading_error<GenerationRequest>("{}"), HasSubstr("prompts: is missing"));
  EXPECT_THAT(reading_error<LoadRequest>(R"({"model": "m", "device": {"type": "single", "device": "tpu"}})"),
              HasSubstr("tpu"));
  EXPECT_THAT(reading_error<LoadRequest>(R"({"model": "a\u0000b", "device": {"type": "single", "device": "cpu"}})"),
              HasSubstr("model: a NUL byte"));
  EXPECT_THAT(reading_error<LoadRequest>(
                  R"({"model": "m", "device": {"type": "single", "device": "cpu"}, "context": {"n_ctx": -1}})"),
              HasSubstr("context.n_ctx"));
}

TEST(Requests, ThatAreNotUtf8CannotBeWritten) {
  EXPECT_THROW((GenerationRequest{.prompts = {"\xFF"}}.to_dict()), std::invalid_argument);
  EXPECT_THROW((LoadRequest{.model = "/models/\xFF"}.to_dict()), std::invalid_argument);
}

TEST(Requests, ReadFromJsonGiveTheSameAnswer) {
  BERTH_NEEDS_MODEL();
  const LoadRequest load{.model = test::model_path(),
                         .context = ContextSpec{.n_ctx = 512, .n_seq = 2, .unified = true}};
  const auto& llama = engine("llama.cpp");
  const auto here = llama.load(load);
  const auto there = llama.load(sent(load));
  const GenerationRequest request{
      .prompts = {here->apply_chat_template({{"user", "Name a colour.\n\"Quickly\", \xC3\xBC <|im_end|>"}})},
      .options = {.max_new_tokens = 12, .do_sample = true, .temperature = 0.9, .seed = 11, .num_return_sequences = 2}};
  const SessionOptions options{.n_threads = 1};
  const auto answer = here->new_session(options)->generate(request);
  const auto other = there->new_session(sent(options))->generate(sent(request));
  ASSERT_EQ(answer.completions.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(answer.completions[i].text.empty());
    EXPECT_EQ(answer.completions[i].text, other.completions[i].text);
    EXPECT_EQ(answer.completions[i].prompt_tokens, other.completions[i].prompt_tokens);
  }
}

}  // namespace
}  // namespace berth
