#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "berth/error.h"
#include "berth/tokenizer.h"
#include "berth/value.h"
#include "json_file.h"
#include "refusal.h"

namespace berth::test {
namespace {

const std::filesystem::path bert_folder = BERTH_TEST_DATA_DIR "/tokenizers/bert";

Tokenizer bert_tokenizer() { return Tokenizer::load(bert_folder); }

/// A folder with some files of the tokenizer in bert_folder, of which some are changed.
class TokenizerFolder {
 public:
  TokenizerFolder() : path_(std::filesystem::path(testing::TempDir()) / ("tokenizer" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  TokenizerFolder(const TokenizerFolder&) = delete;
  ~TokenizerFolder() { std::filesystem::remove_all(path_); }

  const TokenizerFolder& copy(const char* name) const {
    std::filesystem::copy(bert_folder / name, path_ / name);
    return *this;
  }
  const TokenizerFolder& write(const char* name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return *this;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// `object` with another value at `place`, as "model.vocab".
Value with_value(Value object, const std::string& place, const Value& value) {
  const auto dot = place.find('.');
  const auto name = place.substr(0, dot);
  object.as_object().set(
      name, dot == place.npos ? value : with_value(object.as_object().at(name), place.substr(dot + 1), value));
  return object;
}

std::string with_other(const std::string& place, const Value& value) {
  return with_value(json_file("tokenizers/bert/tokenizer.json"), place, value).to_json();
}

std::string problem_of(const std::string& json) {
  return refusal<FormatError>([&] { Tokenizer::from_json(json); });
}

TEST(Tokenizers, FindTokensAndWhereTheyStand) {
  const auto encoding = bert_tokenizer().encode("Two ships, naïve!");
  EXPECT_EQ(encoding.tokens.front(), "[CLS]");
  EXPECT_EQ(encoding.tokens.back(), "[SEP]");
  EXPECT_EQ(encoding.offsets[1], (TextSpan{0, 3}));
  EXPECT_EQ(encoding.word_ids[0], std::nullopt);
  EXPECT_EQ(encoding.word_ids[1], 0U);
  EXPECT_EQ(encoding.offsets[encoding.size() - 2], (TextSpan{16, 17}));
  EXPECT_EQ(bert_tokenizer().encode("naïve!", {.offsets = OffsetUnit::bytes}).offsets.at(1), (TextSpan{0, 6}));
}

TEST(Tokenizers, VocabTxtGivesTheSameAsTokenizerJson) {
  const TokenizerFolder folder;
  folder.copy("vocab.txt").copy("tokenizer_config.json");
  const auto of_text = Tokenizer::load(folder.path());
  const auto of_json = bert_tokenizer();
  for (const auto* text : {"", "The harbour MASTER counted [MASK] every crane. 中文 x\u0301", "unknownwordzzz 🚢"}) {
    EXPECT_EQ(of_text.encode(text), of_json.encode(text));
    EXPECT_EQ(of_text.encode(text, "a pair"), of_json.encode(text, "a pair"));
  }
  EXPECT_EQ(of_text.decode(of_json.encode("don't").ids), of_json.decode(of_json.encode("don't").ids));
  EXPECT_EQ(of_text.vocabulary_size(), of_json.vocabulary_size());
  EXPECT_EQ(of_text.max_length(), 128U);
}

TEST(Tokenizers, ConfigurationDecidesOnLowerCase) {
  const TokenizerFolder folder;
  folder.copy("vocab.txt").write("tokenizer_config.json", R"({"do_lower_case": false})");
  EXPECT_EQ(Tokenizer::load(folder.path()).encode("The", {.add_special_tokens = false}).tokens,
            std::vector<std::string>{"[UNK]"});
  const TokenizerFolder& with_json =
      folder.copy("tokenizer.json")
          .write("tokenizer_config.json", R"({"do_lower_case": false, "tokenizer_class": "BertTokenizer"})");
  EXPECT_EQ(Tokenizer::load(with_json.path()).encode("The", {.add_special_tokens = false}).tokens,
            std::vector<std::string>{"[UNK]"});
}

/// The tokens of a text without those around it.
std::vector<std::string> tokens_of(const TokenizerFolder& folder, const char* text,
                                   const Value::Object& settings = {}) {
  return Tokenizer::load(folder.path(), settings).encode(text, {.add_special_tokens = false}).tokens;
}

using Tokens = std::vector<std::string>;

TEST(Tokenizers, TakeTheTokensOfOlderFiles) {
  const TokenizerFolder folder;
  folder.copy("vocab.txt").write("tokenizer_config.json", R"({"do_lower_case": true})");
  const auto count = static_cast<int>(Tokenizer::load(folder.path()).vocabulary_size());
  folder.write("added_tokens.json",
               R"({"New York": )" + std::to_string(count + 1) + R"(, "<s2>": )" + std::to_string(count) + "}");
  folder.write("special_tokens_map.json", R"({"additional_special_tokens": ["<s2>"]})");
  EXPECT_EQ(tokens_of(folder, "the new YORK<s2>the"), (Tokens{"the", "new york", "<s2>", "the"}));
  EXPECT_EQ(tokens_of(folder, "the<S2>").size(), 5U) << "special ones are looked for as they are written";
  const auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(tokenizer.id("<s2>"), count);
  EXPECT_EQ(tokenizer.id("New York"), count + 1);
  EXPECT_TRUE(tokenizer.is_special("<s2>"));
  folder.write("tokenizer_config.json", R"({"added_tokens_decoder": {}})");
  EXPECT_FALSE(Tokenizer::load(folder.path()).id("New York")) << "newer files have them all";
}

TEST(Tokenizers, TakeTheSpecialTokensOfTheConfiguration) {
  for (const auto* file : {"vocab.txt", "tokenizer.json"}) {
    const TokenizerFolder folder;
    folder.copy(file).write("tokenizer_config.json", R"({"additional_special_tokens": ["the", {"content": "<a>",
      "lstrip": true}], "extra_special_tokens": {"ship_token": "<b>"}, "added_tokens_decoder": {}})");
    EXPECT_EQ(tokens_of(folder, "bathe <a><b>"), (Tokens{"ba", "the", " <a>", "<b>"})) << file;
    const auto tokenizer = Tokenizer::load(folder.path());
    for (const auto* token : {"the", "<a>", "<b>"}) EXPECT_TRUE(tokenizer.is_special(token)) << file << token;
    folder.write("tokenizer_config.json", R"({"extra_special_tokens": ["<c>"]})");
    EXPECT_EQ(tokens_of(folder, "the<c>"), (Tokens{"the", "<c>"})) << file;
  }
}

TEST(Tokenizers, SettingsStandInPlaceOfTheConfiguration) {
  const TokenizerFolder folder;
  folder.copy("vocab.txt").write("tokenizer_config.json", R"({"do_lower_case": true, "truncation_side": "right"})");
  EXPECT_EQ(tokens_of(folder, "The"), Tokens{"the"});
  EXPECT_EQ(tokens_of(folder, "The", {{"do_lower_case", false}}), Tokens{"[UNK]"});
  EXPECT_EQ(tokens_of(folder, "<a>", {{"additional_special_tokens", Value::Array{"<a>"}}}), Tokens{"<a>"});
  EXPECT_EQ(Tokenizer::load(folder.path(), {{"truncation_side", "left"}}).truncation_side(), TokenSide::left);
}

TEST(Tokenizers, MaskOfMPNetTakesTheSpaceBeforeIt) {
  const TokenizerFolder folder;
  folder.write("vocab.txt", "<s>\n<pad>\n</s>\n[UNK]\na\n<mask>\n");
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "MPNetTokenizer"})");
  EXPECT_EQ(Tokenizer::load(folder.path()).encode("a <mask>").offsets.at(2), (TextSpan{1, 8}));
}

/// transformers sets the normalizer of the class after the added tokens.
TEST(Tokenizers, LookForAddedTokensAsTheNormalizerOfTheFileLeavesThem) {
  const auto tokens_where = [](bool in_file, bool in_config, const char* text) {
    const TokenizerFolder folder;
    folder.copy("vocab.txt")
        .write("tokenizer.json", with_other("normalizer.lowercase", in_file))
        .write("tokenizer_config.json",
               Value(Value::Object{
                         {"tokenizer_class", "BertTokenizer"},
                         {"do_lower_case", in_config},
                         {"added_tokens_decoder", Value::Object{{"99999", Value::Object{{"content", "Zzyzx"}}}}}})
                   .to_json());
    return tokens_of(folder, text);
  };
  EXPECT_EQ(tokens_where(true, true, "Zzyzx"), Tokens{"zzyzx"});
  EXPECT_EQ(tokens_where(false, true, "Zzyzx"), (Tokens{"z", "##zy", "##z", "##x"}));
  EXPECT_EQ(tokens_where(true, false, "Zzyzx zzyzx"), (Tokens{"[UNK]", "zzyzx"}));
}

/// As transformers 4.57 has them, which reads vocab.txt by its classes in Python.
TEST(Tokenizers, OfVocabTxtCleanUpAndHaveAllSpecialTokens) {
  const TokenizerFolder folder;
  folder.write("vocab.txt", "[CLS]\n[SEP]\na\n'\n!\n").write("config.json", R"({"model_type": "electra"})");
  const auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(tokenizer.encode("a [MASK]![UNK]").ids, (std::vector<std::int32_t>{0, 2, 7, 4, 5, 1}));
  EXPECT_EQ(tokenizer.id("[PAD]"), 6);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a'a").ids), "a'a");
  folder.write("tokenizer_config.json", R"({"clean_up_tokenization_spaces": false})");
  EXPECT_EQ(Tokenizer::load(folder.path()).decode(tokenizer.encode("a'a").ids), "a ' a");
  folder.copy("tokenizer.json");
  const auto decoded = [&](const char* config) {
    folder.write("tokenizer_config.json", config);
    const auto both = Tokenizer::load(folder.path());
    return both.decode(both.encode("the's").ids);
  };
  EXPECT_EQ(decoded(R"({"tokenizer_file": null})"), "the's") << "as without a tokenizer.json";
  EXPECT_EQ(decoded(R"({"tokenizer_file": "tokenizer.json"})"), "the ' s");
}

TEST(Tokenizers, ConfigurationDecidesOnTheSpaceBeforeATextOfBytes) {
  const TokenizerFolder folder;
  folder.write("tokenizer.json", R"({"model": {"type": "BPE", "vocab": {"a": 0, "\u0120": 1}, "merges": []},
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}})");
  EXPECT_EQ(Tokenizer::load(folder.path()).encode("a").size(), 2U);
  folder.write("tokenizer_config.json", "{}");
  EXPECT_EQ(Tokenizer::load(folder.path()).encode("a").size(), 1U);
  folder.write("tokenizer_config.json", R"({"add_prefix_space": true})");
  EXPECT_EQ(Tokenizer::load(folder.path()).encode("a").size(), 2U);
  std::filesystem::remove(folder.path() / "tokenizer_config.json");
  folder.write("config.json", R"({"model_type": "gpt2"})");
  EXPECT_EQ(Tokenizer::load(folder.path()).encode("a").size(), 1U)
      << "as each class of transformers, without that file too";
}

/// Files that tokenizers 0.14 and before wrote.
TEST(Tokenizers, ConfigurationLeavesTheSpaceOfAnOlderMetaspaceAlone) {
  const TokenizerFolder folder;
  folder.write("tokenizer.json",
               R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1], ["\u2581a", -1]]},
      "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": true}})");
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "XLMRobertaTokenizer"})");
  EXPECT_EQ(tokens_of(folder, "a a"), (Tokens{"\u2581a", "\u2581a"}));
}

/// What LlamaTokenizerFast and its like set when they are made, in place of the file's.
TEST(Tokenizers, ClassOfLlamaPutsItsTokensAroundATextWhateverTheFileSays) {
  const TokenizerFolder folder;
  folder.write("tokenizer.json",
               R"({"model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "a": 1, "b": 2}},
      "pre_tokenizer": {"type": "WhitespaceSplit"}, "added_tokens": [{"id": 3, "content": "<s>", "special": true},
      {"id": 4, "content": "</s>", "special": true}]})");
  const auto ids = [&](const char* config, bool is_pair = false) {
    folder.write("tokenizer_config.json", config);
    const auto tokenizer = Tokenizer::load(folder.path());
    return (is_pair ? tokenizer.encode("a", "b") : tokenizer.encode("a")).ids;
  };
  using Ids = std::vector<std::int32_t>;
  EXPECT_EQ(ids(R"({"tokenizer_class": "LlamaTokenizerFast"})"), (Ids{3, 1}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": false})"), Ids{1});
  EXPECT_EQ(ids(R"({"tokenizer_class": "LlamaTokenizer", "add_eos_token": true})", true), (Ids{3, 1, 4, 3, 2, 4}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "GemmaTokenizer", "bos_token": "</s>"})"), (Ids{4, 1}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "GemmaTokenizer"})"), Ids{1}) << "<bos> is no token here";
  EXPECT_EQ(ids(R"({"tokenizer_class": "GPTNeoXTokenizer"})"), Ids{1});
  EXPECT_EQ(ids(R"({"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": true})"), Ids{1});
}

TEST(Tokenizers, ClassOfTheModelDecidesWhereNoneIsNamed) {
  const TokenizerFolder folder;
  folder.copy("tokenizer.json").write("config.json", R"({"model_type": "bert"})");
  const auto first_token = [&](const char* config) {
    folder.write("tokenizer_config.json", config);
    return Tokenizer::load(folder.path()).encode("The", {.add_special_tokens = false}).tokens.front();
  };
  EXPECT_EQ(first_token("{}"), "the") << "the class's own default";
  EXPECT_EQ(first_token(R"({"do_lower_case": false})"), "[UNK]");
  EXPECT_EQ(first_token(R"({"do_lower_case": false, "tokenizer_class": "PreTrainedTokenizerFast"})"), "the");
  folder.write("config.json", R"({"model_type": "bert", "tokenizer_class": "PreTrainedTokenizerFast"})");
  EXPECT_EQ(first_token(R"({"do_lower_case": false})"), "the");
}

TEST(Tokenizers, ClassOfRobertaSaysWhereOffsetsBegin) {
  const TokenizerFolder folder;
  folder.write("config.json", R"({"model_type": "roberta"})")
      .write("tokenizer.json", R"({"model": {"type": "BPE", "vocab": {"a": 0, "\u0120": 1, "\u0120a": 2, "<s>": 3},
      "merges": ["\u0120 a"]}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
      "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 3], "sep": ["<s>", 3], "trim_offsets": false,
      "add_prefix_space": true}})");
  const auto begin = [&](const char* config) {
    folder.write("tokenizer_config.json", config);
    return Tokenizer::load(folder.path()).encode("a a").offsets.at(2).begin;
  };
  EXPECT_EQ(begin("{}"), 2U);
  EXPECT_EQ(begin(R"({"trim_offsets": false})"), 1U);
  EXPECT_EQ(begin(R"({"tokenizer_class": "BartTokenizer"})"), 2U);
}

TEST(Tokenizers, OfRobertaAreReadFromVocabularyAndMerges) {
  const TokenizerFolder folder;
  folder.write("config.json", R"({"model_type": "roberta"})")
      .write("vocab.json", R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "\u0120": 6, "ab": 7,
          "\u0120ab": 8, "<mask>": 9})")
      .write("merges.txt", "#version: 0.2\na b\n\xC4\xA0 ab\n");
  const auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(tokenizer.encode("ab ab <mask>", "ba").ids, (std::vector<std::int32_t>{0, 7, 8, 9, 2, 2, 5, 4, 2}));
  EXPECT_EQ(tokenizer.encode("ab ab").offsets.at(2), TextSpan({3, 5}));
  EXPECT_TRUE(tokenizer.is_special("<mask>"));
  folder.write("vocab.json", R"({"<s>": 0, "</s>": 1, "a": 2, "b": 3, "\u0120": 4, "ab": 5, "\u0120ab": 6})");
  EXPECT_EQ(Tokenizer::load(folder.path()).encode("ab <mask><pad><unk>").ids,
            (std::vector<std::int32_t>{0, 5, 9, 8, 7, 1}))
      << "special tokens that are not in it follow";
  folder.write("config.json", R"({"model_type": "bert"})");
  EXPECT_NE(refusal<FormatError>([&] {
              Tokenizer::load(folder.path());
            }).find("only those of RobertaTokenizer and DebertaTokenizer"),
            std::string::npos);
  folder.write("config.json", R"({"model_type": "roberta"})").write("vocab.json", R"({"<s>": 0})");
  EXPECT_NE(refusal<FormatError>([&] { Tokenizer::load(folder.path()); }).find("</s>: is missing"), std::string::npos);
}

/// As DebertaTokenizerFast of transformers 4.57 has them.
TEST(Tokenizers, OfTheFirstDebertaAreReadFromVocabularyAndMerges) {
  const TokenizerFolder folder;
  folder.write("config.json", R"({"model_type": "deberta"})")
      .write("tokenizer_config.json", R"({"do_lower_case": false, "vocab_type": "gpt2"})")
      .write("vocab.json", R"({"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "a": 4, "b": 5, "\u0120": 6, "ab": 7,
          "\u0120ab": 8, "[MASK]": 9, "!": 10})")
      .write("merges.txt", "#version: 0.2\na b\n\xC4\xA0 ab\n");
  const auto tokenizer = Tokenizer::load(folder.path());
  const auto pair = tokenizer.encode("ab ab [MASK]", "ba");
  EXPECT_EQ(pair.ids, (std::vector<std::int32_t>{1, 7, 8, 9, 2, 5, 4, 2}));
  EXPECT_EQ(pair.type_ids, (std::vector<std::int32_t>{0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(pair.offsets, (std::vector<TextSpan>{{0, 0}, {0, 2}, {2, 5}, {5, 12}, {0, 0}, {0, 1}, {1, 2}, {0, 0}}));
  EXPECT_EQ(tokenizer.encode("abc ab").ids, (std::vector<std::int32_t>{1, 7, 8, 2})) << "what no token has is left out";
  EXPECT_EQ(tokenizer.encode(" ab [MASK]![CLS]").ids, (std::vector<std::int32_t>{1, 8, 9, 10, 1, 2}));
}

TEST(Tokenizers, ConfigurationDecidesWhereATextIsCut) {
  const TokenizerFolder folder;
  folder.copy("tokenizer.json").write("tokenizer_config.json", R"({"truncation_side": "left", "max_len": 20})");
  EXPECT_EQ(Tokenizer::load(folder.path()).truncation_side(), TokenSide::left);
  EXPECT_EQ(Tokenizer::load(folder.path()).max_length(), 20U) << "the name in older files";
  folder.write("tokenizer_config.json", R"({"model_max_length": 512.0})");
  EXPECT_EQ(Tokenizer::load(folder.path()).max_length(), 512U);
  folder.write("tokenizer_config.json", R"({"model_max_length": -1})");
  EXPECT_EQ(Tokenizer::load(folder.path()).max_length(), std::nullopt);
  folder.write("tokenizer_config.json", R"({"truncation_side": "up"})");
  EXPECT_NE(refusal<FormatError>([&] { Tokenizer::load(folder.path()); }).find("is \"up\", not one of left, right"),
            std::string::npos);
}

TEST(Tokenizers, ConfigurationAddsTokens) {
  const TokenizerFolder folder;
  folder.copy("tokenizer.json")
      .write("tokenizer_config.json",
             R"({"bos_token": {"content": "<bos>"}, "added_tokens_decoder": {"7000": {"content": "<extra>"}}})");
  const auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(tokenizer.encode("a<bos>b <extra>").tokens,
            (std::vector<std::string>{"[CLS]", "a", "<bos>", "b", "<extra>", "[SEP]"}));
  EXPECT_TRUE(tokenizer.is_special("<bos>"));
  EXPECT_FALSE(tokenizer.is_special("<extra>"));
}

TEST(Tokenizers, CutWithAStrideAndKeepTheRest) {
  const auto tokenizer = bert_tokenizer();
  const EncodeOptions options{
      .truncation = Truncation{.max_length = 8, .strategy = TruncationStrategy::only_second, .stride = 2}};
  const auto encoding = tokenizer.encode("the", "a b c d e f g h", options);
  ASSERT_EQ(encoding.overflowing.size(), 2U);
  EXPECT_EQ(encoding.tokens, (std::vector<std::string>{"[CLS]", "the", "[SEP]", "a", "b", "c", "d", "[SEP]"}));
  EXPECT_EQ(encoding.overflowing[0].tokens[3], "c");
  EXPECT_EQ(encoding.overflowing[1].tokens.size(), 8U);
  EXPECT_EQ(encoding.overflowing[1].offsets[6], (TextSpan{14, 15}));
}

/// As in `tokenizers` 0.22.2, which tells the texts of the first piece only.
TEST(Tokenizers, WithoutAPostProcessorTellNoTextsOfOverflowingPairs) {
  const auto tokenizer = Tokenizer::from_json(
      R"({"model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4}, "unk_token": "a"},
          "pre_tokenizer": {"type": "WhitespaceSplit"}, "added_tokens": []})");
  const EncodeOptions options{
      .truncation = Truncation{.max_length = 3, .strategy = TruncationStrategy::only_first, .stride = 1},
      .padding = Padding{.length = 5, .id = 9, .side = TokenSide::left}};
  const auto encoding = tokenizer.encode("a b c d", "e", options);
  using Ids = std::vector<std::optional<std::uint32_t>>;
  EXPECT_EQ(encoding.sequence_ids, (Ids{std::nullopt, std::nullopt, 0, 0, 1}));
  ASSERT_EQ(encoding.overflowing.size(), 2U);
  EXPECT_EQ(encoding.overflowing[1].ids, (std::vector<std::int32_t>{9, 9, 2, 3, 4}));
  for (const auto& each : encoding.overflowing) EXPECT_EQ(each.sequence_ids, (Ids{0, 0, 0, 0, 0}));
}

TEST(Tokenizers, BatchIsPaddedToItsLongest) {
  const std::vector<EncodeInput> inputs = {{"the crane", {}}, {"the", "a b c d e"}};
  const auto encodings = bert_tokenizer().encode_batch(inputs, {.padding = Padding{.multiple_of = 4}});
  ASSERT_EQ(encodings[0].size(), 12U);
  ASSERT_EQ(encodings[1].size(), 12U);
  EXPECT_EQ(encodings[0].attention_mask, (std::vector<std::int32_t>{1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encodings[0].tokens.back(), "[PAD]");
}

TEST(Tokenizers, DecodeCleansUpWhereAsked) {
  const auto tokenizer = bert_tokenizer();
  const auto ids = tokenizer.encode("don't stop, x!").ids;
  EXPECT_EQ(tokenizer.decode(ids), "don ' t stop, x!");
  EXPECT_EQ(tokenizer.decode(ids, {.clean_up_spaces = true}), "don't stop, x!");
  EXPECT_EQ(tokenizer.decode(std::vector<std::int32_t>{-1, 1 << 30}), "");
}

TEST(Tokenizers, RefuseWhatContradictsItself) {
  const auto tokenizer = bert_tokenizer();
  const auto cut = [&](Truncation truncation) {
    return refusal([&] { tokenizer.encode("a b c d e", "f g", {.truncation = truncation}); });
  };
  EXPECT_EQ(
      cut({.max_length = 2}),
      "At most 2 tokens are allowed, but 3 are added around the text; allow more, or add none (add_special_tokens)");
  EXPECT_EQ(cut({.max_length = 6, .stride = 3}),
            "The stride of 3 leaves nothing of the 2 tokens that fit; make it smaller, or the greatest length larger");
  EXPECT_EQ(
      cut({.max_length = 8, .strategy = TruncationStrategy::only_second}),
      "The second text has 2 tokens, but 2 of both have to go to leave 5; cut the other text too (longest_first) or "
      "allow more tokens");
  EXPECT_EQ(refusal([&] {
              tokenizer.encode("a b c d e", {.truncation = Truncation{.max_length = 3,
                                                                      .strategy = TruncationStrategy::only_second}});
            }),
            "Only the second text may be cut, but there is none; use only_first or longest_first");
  EXPECT_EQ(refusal([&] { tokenizer.encode("ab\xED\xA0\x80"); }),
            "The text is not UTF-8 at byte 2; decode it first, lone surrogates included");
}

TEST(Tokenizers, ErrorsNameFilePlaceAndWhatIsWrong) {
  EXPECT_EQ(problem_of(with_other("model.type", "Char")),
            "tokenizer.json: model.type: 'Char' is not known; known are BPE, Unigram, WordLevel, WordPiece");
  EXPECT_EQ(problem_of(with_other("model.vocab", Value::Object{{"a", -1}})),
            "tokenizer.json: model.vocab.a: is no id, an integer from 0 to 2147483647");
  EXPECT_EQ(problem_of(with_other("model.unk_token", 7)), "tokenizer.json: model.unk_token: is no string");
  EXPECT_EQ(problem_of(with_other("version", "2.0")),
            "tokenizer.json: version: is not \"1.0\", the only one that is known");
  EXPECT_EQ(problem_of(
                with_other("normalizer", Value::Object{{"type", "Precompiled"}, {"precompiled_charsmap", "/////w=="}})),
            "tokenizer.json: normalizer.precompiled_charsmap: its trie of 1073741823 units is longer than its 4 bytes");
  const Value split = Value::Object{
      {"type", "Split"}, {"pattern", Value::Object{{"Regex", "(a"}}}, {"behavior", "Removed"}, {"invert", false}};
  EXPECT_EQ(problem_of(with_other("pre_tokenizer", split)),
            "tokenizer.json: pre_tokenizer.pattern.Regex: The regular expression '(a' is wrong at position 2: missing "
            "closing parenthesis");
  const TokenizerFolder folder;
  EXPECT_NE(refusal<FormatError>([&] { Tokenizer::load(folder.path()); }).find("neither tokenizer.json nor vocab.txt"),
            std::string::npos);
  folder.write("tokenizer.json", "{\"model\": {}}");
  const auto problem = refusal<FormatError>([&] { Tokenizer::load(folder.path()); });
  EXPECT_TRUE(problem.starts_with((folder.path() / "tokenizer.json").string() + ": model.vocab: is missing"))
      << problem;
}

TEST(Tokenizers, MissingUnknownTokenIsAnErrorOfTheFile) {
  const auto tokenizer = Tokenizer::from_json(with_other("model.unk_token", "<none>"));
  EXPECT_NO_THROW(tokenizer.encode("the"));
  EXPECT_NE(refusal<FormatError>([&] { tokenizer.encode("\u0e01"); }).find("in the vocabulary"), std::string::npos);
}

TEST(Tokenizers, SeveralThreadsShareOne) {
  const auto tokenizer = bert_tokenizer();
  const std::string text = "The harbour master counted every crane, naïve café 中文. ";
  const auto expected = tokenizer.encode(text);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t i = 0; i < wrong.size(); ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) wrong[i] += tokenizer.encode(text) == expected ? 0 : 1;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(Tokenizers, LongWordsTakeNoMoreTimeThanTheyHaveTo) {
  const auto llama = Tokenizer::from_json(R"({"model": {"type": "BPE", "vocab": {"a": 0, "aa": 1, "aaaa": 2},
      "merges": [["a", "a"], ["aa", "aa"]]}})");
  EXPECT_EQ(llama.encode(std::string(400'000, 'a')).size(), 100'000U);
}

}  // namespace
}  // namespace berth::test
