/// Models with an encoder and a decoder, beside plain llama.cpp.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/memory.h"
#include "berth/plan.h"
#include "berth/simulated.h"
#include "engine/device_bytes.h"
#include "refusal.h"
#include "test_model.h"
#include "tiny_t5.h"

#ifdef BERTH_TEST_PLAIN_LLAMA
namespace berth {
namespace {

using test::refusal;
using test::TinyT5;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// What plain llama.cpp says to a prompt on the CPU, choosing the most likely token each time; without the space before its first
/// word, which transformers does not write.
std::string plain_answer(const std::filesystem::path& path, const std::string& prompt, int most) {
  const auto command = std::string(BERTH_TEST_PLAIN_LLAMA) + " '" + path.string() + "' CPU '" + prompt + "' " +
                       std::to_string(most) + " 2>/dev/null";
  std::string text;
  FILE* const out = popen(command.c_str(), "r");
  if (out == nullptr) return "popen failed";
  std::array<char, 256> some{};
  for (std::size_t n = 0; (n = std::fread(some.data(), 1, some.size(), out)) > 0;) text.append(some.data(), n);
  if (!text.empty() && text[0] == ' ') text.erase(0, 1);
  return pclose(out) == 0 ? text : "plain_llama failed";
}

const std::vector<std::string> prompts = {"translate a b c", "summarize what the fox did", "q"};

std::vector<std::string> plain_answers(const std::filesystem::path& path, int most) {
  std::vector<std::string> answers;
  for (const auto& prompt : prompts) answers.push_back(plain_answer(path, prompt, most));
  return answers;
}

GenerationRequest asking(const std::vector<std::string>& texts, int most) {
  GenerationRequest request{.options = {.max_new_tokens = most}};
  for (const auto& text : texts) request.prompts.emplace_back(text);
  return request;
}

std::vector<std::string> answers(Session& session, const GenerationRequest& request) {
  std::vector<std::string> texts;
  for (const auto& completion : session.generate(request).completions) texts.push_back(completion.text);
  return texts;
}

class EncoderDecoder : public testing::Test {
 protected:
  std::filesystem::path write(const TinyT5& model) const { return model.write(folder_.path() / "tiny-t5.gguf"); }
  std::shared_ptr<const LoadedModel> load(const TinyT5& model, const std::optional<ContextSpec>& context = {}) const {
    return engine("llama.cpp").load({.model = write(model), .context = context});
  }
  std::string load_refusal(const TinyT5& model) const {
    return refusal<EngineError>([&] { load(model); });
  }

  const test::TemporaryFolder folder_;
};

TEST_F(EncoderDecoder, SaysWhatPlainLlamaCppSays) {
  for (const TinyT5& kind : {TinyT5(), TinyT5{.tied = true}, TinyT5{.decoder_layers = 2, .ends = true}}) {
    const auto model = load(kind);
    const auto expected = plain_answers(model->info().path, 12);
    EXPECT_NE(expected[0], expected[1]) << "the prompt is not looked at";
    const auto session = model->new_session({.n_threads = 1});
    for (std::size_t i = 0; i < prompts.size(); ++i)
      EXPECT_EQ(answers(*session, asking({prompts[i]}, 12)), std::vector{expected[i]}) << prompts[i];
    EXPECT_EQ(answers(*session, asking(prompts, 12)), expected) << "together";
  }
}

TEST_F(EncoderDecoder, CountsWhatWasEncoded) {
  const auto model = load({});
  const auto result = model->new_session({.n_threads = 1})->generate(asking(prompts, 5));
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_EQ(result.completions[i].prompt_tokens, model->count_tokens(prompts[i]));
    EXPECT_EQ(result.completions[i].generated_tokens, 5U);
    EXPECT_EQ(result.completions[i].finish_reason, FinishReason::length);
  }
}

TEST_F(EncoderDecoder, SamplesOfOnePromptAreThoseOfItsSeeds) {
  auto request = asking({prompts[0], prompts[1]}, 8);
  request.options.do_sample = true;
  request.options.top_k = 10;
  request.options.num_return_sequences = 3;
  request.options.seed = 5;
  const ContextSpec apart{.n_ctx = 512, .n_seq = 2};  // a part for each sequence
  const auto together = answers(*load({})->new_session({.n_threads = 1}), request);
  EXPECT_EQ(answers(*load({}, apart)->new_session({.n_threads = 1}), request), together);
  auto one = asking({prompts[1]}, 8);
  one.options = request.options;
  one.options.num_return_sequences = 1;
  one.options.seed = 9;
  EXPECT_EQ(answers(*load({})->new_session({.n_threads = 1}), one), std::vector{together[4]});
}

TEST_F(EncoderDecoder, SequencesShareAllCellsHoweverTheyWereAskedFor) {
  const auto path = write({});
  const auto profile = read_model(path);
  const auto machine = simulate("cpu:8GiB");
  const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 128, .n_seq = 2}});
  EXPECT_TRUE(plan.context.unified);
  const Reason why = {"context",
                      "its 2 sequences share all cells: llama.cpp has no part for each in a decoder behind an encoder"};
  EXPECT_THAT(plan.reasons, testing::Contains(why));
  const ContextSpec apart{.n_ctx = 128, .n_seq = 2};
  EXPECT_EQ(memory_of(profile, plan.placement, apart, generation_options(apart), &machine), plan.use);
  const auto exact = engine("llama.cpp").memory(path, plan.placement, apart, {});
  EXPECT_EQ(exact.by_device()[0].cache, plan.use[0].cache);

  const auto model = engine("llama.cpp").load({.model = path, .context = apart});
  EXPECT_TRUE(model->context().unified);
  const auto session = model->new_session({.reserve = true});
  EXPECT_EQ(model->memory()[0].cache, plan.use[0].cache);
  EXPECT_EQ(answers(*session, asking(prompts, 8)), plain_answers(path, 8));
}

TEST_F(EncoderDecoder, NothingOfAPromptStaysForTheNextOne) {
  const auto model = load({});
  const auto session = model->new_session({.n_threads = 1, .reuse_prefix = true});
  const auto first = answers(*session, asking({prompts[0]}, 8));
  EXPECT_NE(answers(*session, asking({prompts[1]}, 8)), first);
  EXPECT_EQ(answers(*session, asking({prompts[0]}, 8)), first);
}

TEST_F(EncoderDecoder, StopsAtWordsAndStreamsItsText) {
  const auto session = load({})->new_session({.n_threads = 1});
  auto request = asking({prompts[1]}, 12);
  const auto whole = answers(*session, request)[0];
  const auto word = whole.substr(whole.size() / 2, 2);
  request.options.stop_words = {word};
  std::string streamed;
  const auto result =
      session->generate(request, {.on_chunk = [&](const StreamingChunk& chunk) { streamed += chunk.content; }});
  EXPECT_EQ(result.completions[0].finish_reason, FinishReason::stop_word);
  EXPECT_EQ(result.completions[0].text, whole.substr(0, whole.find(word)));
  EXPECT_EQ(streamed, result.completions[0].text);
}

TEST_F(EncoderDecoder, ACancelledCallGivesWhatWasSaidSoFar) {
  const auto session = load({})->new_session({.n_threads = 1});
  std::stop_source stop;
  int chunks = 0;
  const GenerationContext call{.on_chunk =
                                   [&](const StreamingChunk&) {
                                     if (++chunks == 3) stop.request_stop();
                                   },
                               .stop = stop.get_token()};
  const auto completion = session->generate(asking({prompts[0]}, 60), call).completions[0];
  EXPECT_EQ(completion.finish_reason, FinishReason::cancelled);
  EXPECT_LT(completion.generated_tokens, 10U);
  EXPECT_EQ(answers(*session, asking({prompts[0]}, 4))[0],
            plain_answer(folder_.path() / "tiny-t5.gguf", prompts[0], 4));
}

TEST_F(EncoderDecoder, APromptMustFitIntoOneBatch) {
  const auto model = load({}, ContextSpec{.n_ctx = 256, .n_ubatch = 64});
  const auto session = model->new_session({.n_threads = 1});
  const auto text_of = [&](std::size_t tokens) { return std::string(tokens - 2, 'x'); };  // between "▁" and "</s>"
  ASSERT_EQ(model->count_tokens(text_of(64)), 64U);
  EXPECT_EQ(answers(*session, asking({text_of(64)}, 4))[0], plain_answer(model->info().path, text_of(64), 4));
  EXPECT_THAT(refusal([&] { session->generate(asking({text_of(90)}, 4)); }),
              AllOf(HasSubstr("90 tokens"), HasSubstr("room for 64"), HasSubstr("n_ubatch of at least 90")));
  // Short prompts of one call are encoded in as many batches as they need.
  const std::vector<std::string> many(9, std::string(30, 'y'));
  EXPECT_THAT(answers(*session, asking(many, 4)), Each(plain_answer(model->info().path, many[0], 4)));
}

TEST_F(EncoderDecoder, LongerPromptsThanThoseOfTheTrainingAreTakenWhereNothingElseIsSaid) {
  const auto model = load({});
  const std::string prompt(200, 'z');
  EXPECT_EQ(answers(*model->new_session({.n_threads = 1}), asking({prompt}, 6))[0],
            plain_answer(model->info().path, prompt, 6));
}

TEST_F(EncoderDecoder, DamagedFilesAreRefused) {
  EXPECT_THAT(load_refusal({.without_tensor = "dec.blk.0.attn_rel_b.weight"}),
              HasSubstr("dec.blk.0.attn_rel_b.weight"));
  EXPECT_THAT(load_refusal({.without_tensor = "enc.blk.0.attn_rel_b.weight"}),
              HasSubstr("enc.blk.0.attn_rel_b.weight"));
  EXPECT_THAT(load_refusal({.buckets = 2}), HasSubstr("2 buckets"));
  EXPECT_THAT(load_refusal({.decoder_layers = 4}), HasSubstr("its decoder has 4 layers and its encoder 3"));
  EXPECT_THAT(load_refusal({.start_token = {}}), HasSubstr("t5.decoder_start_token_id"));
  EXPECT_THAT(load_refusal({.start_token = 4000}), HasSubstr("t5.decoder_start_token_id"));
}

TEST_F(EncoderDecoder, AnEncoderAloneWritesNoText) {
  const auto path = test::GgufWriter()
                        .add("general.architecture", "bert")
                        .add("bert.block_count", 1U)
                        .add("bert.context_length", 64U)
                        .tensor("token_embd.weight", 0, {8, 4}, 128)
                        .write(folder_.path() / "bert.gguf");
  EXPECT_THAT(refusal<EngineError>([&] { engine("llama.cpp").load({.model = path}); }),
              AllOf(HasSubstr("is an encoder (bert)"), HasSubstr("berth embed")));
}

/// What was computed before loading is no less than what a session holds that encoded as much as it can.
void expect_planned(const LoadRequest& request, const Placement& placement, const LoadedModel& model) {
  const auto profile = read_model(request.model);
  const auto planned = memory_of(profile, placement, *request.context, generation_options(*request.context));
  const auto exact = engine("llama.cpp").memory(request.model, placement, *request.context, request.keys).by_device();
  for (const auto& device : {Device::cpu(), Device::gpu(0), Device::gpu(1)})
    for (const auto part : {&DeviceUse::weights, &DeviceUse::cache, &DeviceUse::compute}) {
      EXPECT_LE(test::bytes_on(model.memory(), device, part), test::bytes_on(planned, device, part)) << device.str();
      EXPECT_LE(test::bytes_on(exact, device, part), test::bytes_on(planned, device, part)) << device.str();
    }
}

TEST_F(EncoderDecoder, RunsOnEachMapAndSaysTheSame) {
  const auto path = write({});
  const auto profile = read_model(path);
  const auto expected = plain_answers(path, 12);
  const auto machine = simulate("cpu:8GiB,cuda:2x1GiB");
  use_simulated(machine);
  const auto gpu0 = Device::gpu(0);
  const auto gpu1 = Device::gpu(1);
  DeviceMap by_layer{{"", gpu1}, {"shared", Device::cpu()}};
  by_layer.set("encoder.block.0", Device::cpu());
  by_layer.set("decoder.block.0", Device::cpu());
  by_layer.set("encoder.block.1", gpu0);
  by_layer.set("decoder.block.1", gpu0);
  const DeviceMap by_stack{{"", Device::cpu()}, {"encoder", gpu0}, {"decoder", gpu1}, {"lm_head", gpu1}};
  const DeviceMap woven{{"", Device::cpu()},
                        {"decoder.block.1", gpu0},
                        {"decoder.block.1.layer.1.EncDecAttention", gpu1},
                        {"enc.blk.2", gpu1}};
  for (const auto& map : {DeviceMap{{"", Device::cpu()}}, DeviceMap{{"", gpu0}}, by_layer, by_stack, woven}) {
    const LoadRequest request{.model = path,
                              .device = map,
                              .keys = machine.keys(map),
                              .context = ContextSpec{.n_ctx = 256, .n_seq = 4, .n_ubatch = 128, .unified = true}};
    const auto placement = placement_of(profile, map);
    const auto model = engine("llama.cpp").load(request);
    EXPECT_THAT(model->info().notes, IsEmpty());
    EXPECT_EQ(model->info().placement, placement) << model->info().placement.to_dict().to_json();
    const auto session = model->new_session({.n_threads = 1});
    EXPECT_EQ(answers(*session, asking(prompts, 12)), expected) << placement.to_dict().to_json();
    expect_planned(request, placement, *model);
    answers(*session, asking({std::string(126, 'x')}, 120));
    expect_planned(request, placement, *model);
  }
}

}  // namespace
}  // namespace berth
#endif
