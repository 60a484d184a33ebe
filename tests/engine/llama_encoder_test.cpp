/// Encoders in GGUF files: beside plain llama.cpp, and beside the graphs of Berth's own.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <sstream>
#include <thread>

#include "berth/error.h"
#include "berth/simulated.h"
#include "berth/text_encoder.h"
#include "engine/device_bytes.h"
#include "engine/llama/llama_encoder.h"
#include "golden_file.h"
#include "refusal.h"
#include "test_model.h"
#include "tiny_encoders.h"

namespace berth {
namespace {

using test::BertAsGguf;
using test::refusal;
using test::TinyQwen3;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string bert_folder = BERTH_TEST_DATA_DIR "/encoders/st_dense";
const std::vector<std::string> some_texts = {"a b c", "the quick brown fox", "q", "what did the fox do then"};

using Rows = std::vector<std::vector<float>>;

Rows rows_of(const EncodedTensor& tensor) {
  Rows rows;
  for (std::size_t i = 0; i < tensor.rows(); ++i) rows.emplace_back(tensor.row(i).begin(), tensor.row(i).end());
  return rows;
}

void expect_close(const Rows& found, const Rows& expected, float tolerance = 2e-3F) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].size(), expected[i].size()) << "row " << i;
    for (std::size_t j = 0; j < found[i].size(); ++j)
      ASSERT_NEAR(found[i][j], expected[i][j], tolerance) << "row " << i << ", element " << j;
  }
}

/// The mean of the rows [from, to).
std::vector<float> mean_of(const EncodedTensor& states, std::size_t from, std::size_t to) {
  std::vector<float> mean(states.width());
  for (auto token = from; token < to; ++token)
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += states.row(token)[i] / static_cast<float>(to - from);
  return mean;
}

class GgufEncoder : public testing::Test {
 protected:
  // A file that is mapped must not be written again.
  std::filesystem::path write(const TinyQwen3& model) { return model.write(new_path()); }
  TextEncoder load_file(const std::filesystem::path& path) const { return TextEncoder::load({.model = path.string()}); }
  TextEncoder load(const TinyQwen3& model) { return load_file(write(model)); }
  TextEncoder load_bert(const BertAsGguf& model) { return load_file(model.write(bert_folder, new_path())); }
  std::string load_refusal(const TinyQwen3& model) {
    return refusal<std::exception>([&] { load(model); });
  }

  const test::TemporaryFolder folder_;

 private:
  std::filesystem::path new_path() { return folder_.path() / fmt::format("model-{}.gguf", ++written_); }
  int written_ = 0;
};

#ifdef BERTH_TEST_PLAIN_LLAMA
/// What plain llama.cpp pools of each text.
Rows plainly_pooled(const std::filesystem::path& path, const std::vector<std::string>& texts) {
  auto command = std::string(BERTH_TEST_PLAIN_LLAMA) + " --embed '" + path.string() + "'";
  for (const auto& text : texts) command += " '" + text + "'";
  FILE* const out = popen((command + " 2>/dev/null").c_str(), "r");
  std::string all;
  std::array<char, 4096> some{};
  for (std::size_t n = 0; (n = std::fread(some.data(), 1, some.size(), out)) > 0;) all.append(some.data(), n);
  EXPECT_EQ(pclose(out), 0);
  Rows rows;
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    rows.emplace_back(std::istream_iterator<float>(numbers), std::istream_iterator<float>());
  }
  return rows;
}

TEST_F(GgufEncoder, PoolsADecoderAsLlamaCppDoes) {
  for (const std::uint32_t pooling : {1U, 2U, 3U}) {
    const auto encoder = load({.pooling = pooling});
    expect_close(rows_of(encoder.embed(some_texts)), plainly_pooled(encoder.info().path, some_texts));
  }
}

TEST_F(GgufEncoder, PoolsABertAsLlamaCppDoes) {
  const std::vector<std::string> texts = {"two ships in berlin", "a crane", "the red cat is in the harbour of paris"};
  for (const std::uint32_t pooling : {1U, 2U, 3U}) {
    const auto encoder = load_bert({.pooling = pooling});
    expect_close(rows_of(encoder.embed(texts)), plainly_pooled(encoder.info().path, texts));
  }
}

TEST_F(GgufEncoder, RanksAsLlamaCppDoes) {
  const auto ranker = load({.pooling = 4, .answers = {"yes", "no"}, .rerank_template = "q {query} d {document} a"});
  EXPECT_EQ(ranker.info().task, EncoderTask::sequence_classification);
  EXPECT_THAT(ranker.info().labels, ElementsAre("yes"));
  const std::vector<EncodeInput> pairs = {{"fox", "a fox"}, {"fox", "some other words"}, {"y", std::string(300, 'z')}};
  const auto scores = rows_of(ranker.classify(pairs));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    // The program has its texts end with "</s>", which the template does not.
    const auto tokens = ranker.model().tokenize(pairs[i], {.max_length = 1000});
    EXPECT_NE(tokens.tokens.back(), "</s>");
    auto request = EncodeRequest{.token_ids = {tokens.ids}, .outputs = {EncoderOutput::logits}};
    request.token_ids[0].push_back(1);
    const auto plain = plainly_pooled(ranker.info().path, {"q " + pairs[i].text + " d " + *pairs[i].pair + " a"});
    const auto yes = 1 / (1 + std::exp(-ranker.model().encode(request).logits.values[0]));
    EXPECT_NEAR(yes, plain[0][0], 1e-3);
    request.token_ids[0].pop_back();
    EXPECT_NEAR(scores[i][0], ranker.model().encode(request).logits.values[0], 1e-2);
  }
}
#endif

TEST_F(GgufEncoder, GivesTheStatesOfABertAndItsTokens) {
  const auto found = load_bert({});
  const auto expected = TextEncoder::load({.model = bert_folder});
  EXPECT_EQ(found.max_tokens(), 40U);
  EXPECT_EQ(found.info().embedding_size, 16U);
  TextEncodeRequest request{.inputs = {{"Two ships, in Berlin!"}, {"what city", "a harbour of france?"}, {"zzz"}},
                            .outputs = {EncoderOutput::hidden_states}};
  request.token_types = false;  // llama.cpp has none
  const auto ours = found.encode(request);
  const auto theirs = expected.encode(request);
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    EXPECT_EQ(ours.encodings[i].ids, theirs.encodings[i].ids);
    EXPECT_EQ(ours.encodings[i].type_ids, theirs.encodings[i].type_ids);
    EXPECT_EQ(ours.encodings[i].special_tokens_mask, theirs.encodings[i].special_tokens_mask);
  }
  EXPECT_EQ(ours.result.first_token, theirs.result.first_token);
  // llama.cpp's GELU is the approximation with tanh.
  expect_close(rows_of(ours.result.hidden_states), rows_of(theirs.result.hidden_states), 5e-3F);
}

TEST_F(GgufEncoder, TakesTheMeanWhereTheFileNamesNoPooling) {
  for (const std::optional<std::uint32_t> pooling : {std::optional<std::uint32_t>(), std::optional<std::uint32_t>(0)}) {
    const auto encoder = load({.pooling = pooling});
    const auto states = encoder.encode_sentences(some_texts, EncoderOutput::hidden_states);
    Rows expected;
    for (std::size_t i = 0; i < some_texts.size(); ++i)
      expected.push_back(mean_of(states.hidden_states, states.first_token[i], states.first_token[i + 1]));
    expect_close(rows_of(encoder.embed(some_texts)), expected);
  }
}

TEST_F(GgufEncoder, WarnsOfAFileThatNamesNoPooling) {
  const auto said_of = [&](const TinyQwen3& model) {
    std::string said;
    TextEncoder::load({.model = write(model).string()},
                      {.log = [&](LogLevel, std::string_view text) { said += text; }});
    return said;
  };
  EXPECT_THAT(said_of({.pooling = {}}), HasSubstr("names no pooling, as models for embeddings do"));
  EXPECT_THAT(said_of({.pooling = 0}), HasSubstr("names no pooling"));
  EXPECT_EQ(said_of({.pooling = 3}), "");
}

TEST_F(GgufEncoder, ATextIsComputedTheSameInEachBatch) {
  std::vector<std::string> texts;
  for (const std::size_t length : {1, 30, 600, 5, 513, 64, 2}) texts.push_back(std::string(length, 'a'));
  for (int i = 0; i < 90; ++i) texts.push_back(std::string(1, static_cast<char>('a' + i % 26)));
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i].back() = static_cast<char>('a' + i % 26);
  // With the mean every part of a text counts; a model that sees both ways takes a text at once.
  for (const TinyQwen3& model :
       {TinyQwen3{.pooling = 1}, TinyQwen3{.pooling = 3}, TinyQwen3{.pooling = 1, .causal = false}}) {
    const auto encoder = load(model);
    std::vector<float> parts;
    const auto together = rows_of(encoder.embed(texts, {}, {.progress = [&](float part) {
                                                  parts.push_back(part);
                                                  return true;
                                                }}));
    EXPECT_TRUE(std::ranges::is_sorted(parts));
    EXPECT_EQ(parts.back(), 1);
    for (const std::size_t i : {0, 2, 4, 96})
      expect_close({together[i]}, rows_of(encoder.embed(std::span(texts).subspan(i, 1))));
    EXPECT_NE(together[2], together[4]);
  }
}

TEST_F(GgufEncoder, EmbedsByTheEncoderOfAnEncoderDecoder) {
  const auto path = folder_.path() / "t5.gguf";
  test::TinyT5{.context_length = 1024}.write(path);
  const auto encoder = load_file(path);
  const std::vector<std::string> texts = {"a b c", std::string(700, 'a'), "the fox"};
  const auto together = rows_of(encoder.embed(texts));
  for (std::size_t i = 0; i < texts.size(); ++i)
    expect_close({together[i]}, rows_of(encoder.embed(std::span(texts).subspan(i, 1))));
}

TEST_F(GgufEncoder, CutsLongTextsAndKeepsTheirEnd) {
  const auto encoder = load({.context_length = 64});
  EXPECT_EQ(encoder.max_tokens(), 64U);
  const std::vector<std::string> texts = {std::string(500, 'b')};
  const auto cut = encoder.encode({.inputs = {{texts[0]}}});
  EXPECT_EQ(cut.encodings[0].size(), 64U);
  EXPECT_EQ(cut.encodings[0].tokens.back(), "</s>");
  EXPECT_EQ(encoder.embed(texts).values, cut.result.embedding.values);
  const auto shorter = encoder.embed(texts, {.max_tokens = 10});
  // A word begins with a token of its own.
  expect_close(rows_of(shorter), rows_of(encoder.embed(std::vector<std::string>{std::string(8, 'b')})));
  EXPECT_THAT(refusal([&] { encoder.embed(texts, {.max_tokens = 1}); }), HasSubstr("cannot be cut to 1 tokens"));
  const auto pieces = encoder.encode(
      {.inputs = {{texts[0]}}, .truncation = Truncation{.max_length = 64, .stride = 8}, .overflow = true});
  EXPECT_GT(pieces.encodings.size(), 8U);
  EXPECT_EQ(pieces.encodings[3].tokens.back(), "</s>");
}

TEST_F(GgufEncoder, APairIsCutAsARankerSays) {
  const std::string document(400, 'd');
  const auto by_template =
      load({.pooling = 4, .answers = {"yes", "no"}, .rerank_template = "x {query} y {document} z"});
  const auto tokens = by_template.model().tokenize({"q", document}, {.max_length = 50});
  EXPECT_EQ(tokens.size(), 50U);
  EXPECT_EQ(tokens.tokens.back(), by_template.model().tokenize({"q", "d"}, {.max_length = 50}).tokens.back());
  const auto plain = load({.pooling = 4, .answers = {"yes", "no"}});
  const auto pair = plain.model().tokenize({"q", document}, {.max_length = 50});
  EXPECT_EQ(pair.size(), 50U);
  EXPECT_EQ(std::ranges::count(pair.tokens, "</s>"), 2);
  const auto bert = load_bert({.ranks = true});
  EXPECT_THAT(bert.model().tokenize({"ship", "crane"}, {}).tokens,
              ElementsAre("[CLS]", "\u2581ship", "[SEP]", "\u2581crane", "[SEP]"));
  EXPECT_EQ(bert.classify(std::vector<EncodeInput>{{"ship", "crane"}, {"ship", "cat"}}).shape,
            (std::vector<std::size_t>{2, 1}));
}

TEST_F(GgufEncoder, ReadsWhatSentenceTransformersKeepsBesideTheFile) {
  const auto path = write({});
  std::ofstream(folder_.path() / "config_sentence_transformers.json") << R"({"prompts": {"query": "find "}})";
  std::ofstream(folder_.path() / "sentence_bert_config.json") << R"({"max_seq_length": 12})";
  const auto encoder = load_file(path);
  EXPECT_EQ(encoder.max_tokens(), 12U);
  const std::vector<std::string> texts = {"fox"};
  EXPECT_EQ(encoder.embed(texts, {.prompt = *encoder.prompts().find("query")}).values,
            encoder.embed(std::vector<std::string>{"find fox"}).values);
}

TEST_F(GgufEncoder, CallsOfSeveralThreadsTakeTurns) {
  const auto encoder = load({});
  const auto expected = encoder.embed(some_texts);
  std::vector<EncodedTensor> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& each : found) threads.emplace_back([&] { each = encoder.embed(some_texts); });
  }
  for (const auto& each : found) EXPECT_EQ(each, expected);
  EXPECT_THAT(refusal([&] {
                encoder.embed(some_texts, {},
                              {.progress = [&](float) { return encoder.embed(some_texts).rows() > 0; }});
              }),
              HasSubstr("from within the callback"));
}

TEST_F(GgufEncoder, StopsWhenItIsTold) {
  const auto encoder = load({});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(encoder.model().encode({.token_ids = {{5, 6}}}, {.stop = stop.get_token()}), Cancelled);
  EXPECT_THROW(encoder.embed(some_texts, {}, {.progress = [](float) { return false; }}), Cancelled);
  EXPECT_EQ(encoder.embed(std::vector<std::string>{}).rows(), 0U);
}

TEST_F(GgufEncoder, RunsOnEachDeviceWithinWhatWasPlanned) {
  const auto path = write({.pooling = 1});
  const auto expected = rows_of(load_file(path).embed(some_texts));
  const auto machine = simulate("cpu:8GiB,cuda:2x1GiB");
  use_simulated(machine);
  const DeviceMap spread{{"", Device::gpu(1)}, {"model.layers.0", Device::gpu(0)}};
  for (const auto& device :
       {ComponentDevice(Device::cpu()), ComponentDevice(Device::gpu(1)), ComponentDevice(spread)}) {
    const TextEncoderRequest request{.model = path.string(), .device = device, .keys = machine.keys(device)};
    const auto encoder = TextEncoder::load(request);
    expect_close(rows_of(encoder.embed(some_texts)), expected);
    encoder.embed(std::vector<std::string>{std::string(1000, 'a')});
    const auto planned = TextEncoder::memory(request);
    EXPECT_EQ(planned.front().device, Device::cpu());
    for (const auto& held : encoder.model().memory()) {
      const auto plan = std::ranges::find(planned, held.device, &DeviceUse::device);
      ASSERT_NE(plan, planned.end()) << held.device.str();
      EXPECT_EQ(plan->key, held.key);
      for (const auto part : {&DeviceUse::weights, &DeviceUse::cache, &DeviceUse::compute})
        EXPECT_LE(held.*part, (*plan).*part) << held.device.str();
    }
    const auto& placement = encoder.model().placement();
    const auto* last = placement.find("blk.1.attn_q.weight");
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(*last, device.single() != nullptr ? *device.single() : Device::gpu(1));
  }
}

TEST_F(GgufEncoder, SaysWhatItCannotDo) {
  const auto embedder = load({});
  const auto outputs_refused = [&](const TextEncoder& encoder, EncoderOutput output) {
    return refusal([&] { encoder.encode({.inputs = {{"a"}}, .outputs = {output}}); });
  };
  EXPECT_THAT(outputs_refused(embedder, EncoderOutput::logits), HasSubstr("gives no logits: it is a qwen3"));
  EXPECT_THAT(outputs_refused(embedder, EncoderOutput::pooler_output), HasSubstr("gives no pooler_output"));
  EXPECT_THAT(refusal([&] { embedder.classify(std::vector<EncodeInput>{{"a", "b"}}); }), HasSubstr("no classifier"));
  EXPECT_THAT(refusal([&] { (void)embedder.tokenizer(); }), HasSubstr("llama.cpp"));
  EXPECT_THAT(refusal([&] { embedder.embed(std::vector<std::string>{"a\xff"}); }), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal([&] { embedder.model().encode({.token_ids = {{5, 60000}}}); }), HasSubstr("token id 60000"));
  const auto ranker = load({.pooling = 4, .answers = {"yes", "no"}});
  EXPECT_THAT(outputs_refused(ranker, EncoderOutput::embedding), HasSubstr("it is a ranker"));
  EXPECT_THAT(outputs_refused(ranker, EncoderOutput::hidden_states), HasSubstr("it is a ranker"));
}

TEST_F(GgufEncoder, RefusesFilesThatGiveNoEmbeddings) {
  EXPECT_THAT(load_refusal({.pooling = 9}), AllOf(HasSubstr("qwen3.pooling_type"), HasSubstr("9")));
  EXPECT_THAT(load_refusal({.pooling = 4}), HasSubstr("cls.output.weight"));
  EXPECT_THAT(load_refusal({.pooling = 4, .answers = {"score"}}), HasSubstr("needs those of yes and no"));
  EXPECT_THAT(load_refusal({.architecture = "eagle3"}), HasSubstr("draft of another model"));
  EXPECT_THAT(load_refusal({.architecture = "wavtokenizer-dec"}), HasSubstr("no model of texts"));
  EXPECT_THAT(load_refusal({.vocabulary = "no_vocab"}), HasSubstr("vocabulary"));
  EXPECT_THAT(refusal<ModelNotFound>([&] { load_file(folder_.path() / "missing.gguf"); }), HasSubstr("missing.gguf"));
  const auto path = write({});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(refusal<FormatError>([&] { load_file(path); }), HasSubstr(path.filename().string()));
  test::GgufWriter::write_file(path, "GGUX");
  EXPECT_THROW(load_file(path), FormatError);
}

/// A copy of the file with other bytes behind the first `after` in it.
std::filesystem::path with_bytes(const std::filesystem::path& path, std::string_view after, std::string_view bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string all{std::istreambuf_iterator<char>(file), {}};
  const auto place = all.find(after);
  EXPECT_NE(place, all.npos);
  all.replace(place + after.size(), bytes.size(), bytes);
  return test::GgufWriter::write_file(path.string() + ".changed.gguf", all);
}

/// llama.cpp and ggml assert that these do not occur.
TEST_F(GgufEncoder, RefusesWhatWouldEndTheProcess) {
  const std::string float_type("\6\0\0\0", 4);
  const auto norms = "qwen3.attention.layer_norm_rms_epsilon" + float_type;
  for (const float wrong : {-1.0F, std::numeric_limits<float>::quiet_NaN()}) {
    const auto bytes = std::bit_cast<std::array<char, 4>>(wrong);
    const auto path = with_bytes(write({}), norms, {bytes.data(), bytes.size()});
    EXPECT_THAT(refusal<EngineError>([&] { load_file(path); }), HasSubstr("of its norms"));
    EXPECT_THAT(refusal<EngineError>([&] { TextEncoder::memory({.model = path.string()}); }),
                HasSubstr("of its norms"));
  }
  const auto twice = with_bytes(write({}), std::string("\1\0\0\0\0\0\0\0a\1\0\0\0\0\0\0\0", 17), "a");
  EXPECT_THAT(refusal<EngineError>([&] { load_file(twice); }), HasSubstr("two tokens of the text 'a'"));
}

TEST_F(GgufEncoder, SaysThatAVocabularyHasNoTokenForWhatIsUnknown) {
  const auto path =
      with_bytes(BertAsGguf().write(bert_folder, folder_.path() / "bert.gguf"), "tokenizer.ggml.unknown_token_", "xx");
  const auto encoder = load_file(path);
  EXPECT_EQ(encoder.embed(std::vector<std::string>{"ship"}).rows(), 1U);
  EXPECT_THAT(refusal<EngineError>([&] { encoder.embed(std::vector<std::string>{"\u4F60"}); }),
              HasSubstr("no token for a part of"));
}

/// Whatever a file says, the outcome is a model that computes or an error; the process goes on.
TEST_F(GgufEncoder, WithAnyBytesChangedEndsInNoMoreThanAnError) {
  const std::vector<std::filesystem::path> paths = {write({}), write({.pooling = 4, .answers = {"yes", "no"}}),
                                                    BertAsGguf().write(bert_folder, folder_.path() / "bert.gguf")};
  std::mt19937 random(3);
  const auto below = [&](std::size_t end) { return random() % end; };
  int computed = 0;
  int refused = 0;
  for (int i = 0; i < 150; ++i) {
    const auto& path = paths[below(paths.size())];
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto header = read_model(path).tensors.front().offset;
    for (auto changes = 1 + below(3); changes > 0; --changes) {
      const auto place = below(header);
      constexpr std::array<char, 6> edges = {'\0', '\1', '\2', '\x7f', '\x80', '\xff'};
      bytes[place] = below(2) == 0 ? edges[below(edges.size())] : static_cast<char>(bytes[place] ^ (1 << below(8)));
    }
    if (below(10) == 0) bytes.resize(below(bytes.size()));
    const auto changed = test::GgufWriter::write_file(folder_.path() / fmt::format("changed-{}.gguf", i), bytes);
    try {
      const auto encoder = load_file(changed);
      const std::vector<EncodeInput> pairs = {{"a b c", "the quick brown fox"}};
      if (encoder.info().task == EncoderTask::none)
        encoder.embed(some_texts);
      else
        encoder.classify(pairs);
      ++computed;
    } catch (const std::invalid_argument&) {
      ++refused;
    } catch (const FormatError&) {
      ++refused;
    } catch (const EngineError&) {
      ++refused;
    }
    std::filesystem::remove(changed);
  }
  EXPECT_GT(computed, 5);
  EXPECT_GT(refused, 50);
}

TEST_F(GgufEncoder, ComputesNoScoresOfWordsForEmbeddings) {
  const auto skips = [](const TextEncoder& encoder) {
    if (encoder.info().task == EncoderTask::none) encoder.embed(some_texts);
    return dynamic_cast<const llama::LlamaEncoder&>(encoder.model()).skips_scores();
  };
  EXPECT_TRUE(skips(load({})));
  EXPECT_TRUE(skips(load({.pooling = 1, .causal = false})));
  EXPECT_FALSE(skips(load_bert({}))) << "it has none";
}

TEST_F(GgufEncoder, TheFileOfTheDocumentationIsWhatThisWrites) {
  std::ifstream file(write({}), std::ios::binary);
  test::expect_golden("encoders/tiny_qwen3_embedding.gguf", {std::istreambuf_iterator<char>(file), {}});
}

TEST_F(GgufEncoder, SaysThatOtherPrecisionsAreThoseOfOtherFiles) {
  std::string said;
  const auto log = [&](LogLevel, std::string_view text) { said += text; };
  TextEncoder::load({.model = write({}).string(), .precision = Precision::float16}, {.log = log});
  EXPECT_THAT(said, HasSubstr("in the types that it holds, not in float16"));
}

}  // namespace
}  // namespace berth
