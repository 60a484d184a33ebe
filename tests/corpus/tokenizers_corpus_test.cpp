/// The tokenizers of the recorded models against transformers: ids, tokens, offsets, decoded texts, cut passages.
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "berth/tokenizer.h"
#include "corpus/memory_corpus.h"

namespace berth::corpus {
namespace {

/// NAME.expected.json of each folder with a tokenizer; of Berth's own copies where there is no corpus.
std::vector<std::filesystem::path> recorded_models() {
  std::vector<std::filesystem::path> files;
  const bool is_given = std::getenv("BERTH_CORPUS_DIR") != nullptr;
  const auto folder = is_given ? memory_corpus::folder("models") : BERTH_TEST_DATA_DIR "/tokenizers";
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    const auto end = name.find(".expected.json");
    if (end == name.npos) continue;
    const auto of_model = folder / name.substr(0, end);
    if (std::filesystem::exists(of_model / "tokenizer.json") || std::filesystem::exists(of_model / "vocab.txt"))
      files.push_back(entry.path());
  }
  return files;
}

std::filesystem::path model_of(const std::filesystem::path& expected) {
  const auto name = expected.filename().string();
  return expected.parent_path() / name.substr(0, name.find(".expected.json"));
}

template <class T>
Value list_of(const std::vector<T>& column) {
  Value::Array values;
  for (const auto& each : column) values.emplace_back(each);
  return values;
}

/// What the encoding says under the names of transformers; null for what it does not have.
Value entry_of(const Encoding& encoding, const std::string& name) {
  if (name == "input_ids") return list_of(encoding.ids);
  if (name == "tokens") return list_of(encoding.tokens);
  if (name == "attention_mask") return list_of(encoding.attention_mask);
  if (name == "token_type_ids") return list_of(encoding.type_ids);
  Value::Array values;
  if (name == "offsets")
    for (const auto& span : encoding.offsets) values.push_back(Value::Array{span.begin, span.end});
  else if (name == "sequence_ids")
    for (const auto& id : encoding.sequence_ids) values.push_back(id ? Value(*id) : Value());
  else
    return {};
  return values;
}

void expect_encoding(const Encoding& encoding, const Value& recorded, const std::string& where) {
  for (const auto& [name, expected] : recorded.as_object()) {
    const auto got = entry_of(encoding, name);
    if (got.is_null() || expected.is_null()) continue;
    EXPECT_EQ(got, expected) << where << ", " << name;
  }
}

std::size_t check_texts(const Tokenizer& tokenizer, const Value& document, const std::string& where) {
  const auto* texts = document.find("tokenization");
  if (texts == nullptr) return 0;
  for (const auto& recorded : texts->as_array()) {
    const auto& text = recorded.find("text")->as_string();
    const auto encoding = tokenizer.encode(text);
    expect_encoding(encoding, recorded, where + ": " + text);
    for (const bool skip : {false, true}) {
      const auto* decoded = recorded.find(skip ? "decoded_skip_special" : "decoded");
      if (decoded == nullptr) continue;
      EXPECT_EQ(Value(tokenizer.decode(encoding.ids, {.skip_special_tokens = skip})), *decoded)
          << where << ": " << text;
    }
  }
  return texts->as_array().size();
}

/// The first `count` ids; those behind them are padding, all alike.
Value unpadded(const Value& row, std::size_t count) {
  auto ids = row.as_array();
  for (std::size_t i = count + 1; i < ids.size(); ++i) EXPECT_EQ(ids[i], ids[i - 1]);
  ids.resize(std::min(count, ids.size()));
  return ids;
}

/// Questions and passages, of which the passage is cut.
void check_passages(const Tokenizer& tokenizer, const Value& document, const std::string& where) {
  const auto* overflowing = document.find("overflowing");
  const auto* cases = overflowing == nullptr ? nullptr : overflowing->find("tokenizer");
  if (cases == nullptr) return;
  for (const auto& recorded : cases->as_array()) {
    const Truncation truncation{.max_length = static_cast<std::size_t>(recorded.find("max_length")->as_int()),
                                .strategy = TruncationStrategy::only_second,
                                .stride = static_cast<std::size_t>(recorded.find("stride")->as_int())};
    const auto encoding = tokenizer.encode(recorded.find("question")->as_string(),
                                           recorded.find("context")->as_string(), {.truncation = truncation});
    std::vector<Encoding> pieces = encoding.overflowing;
    pieces.insert(pieces.begin(), encoding);
    const auto& rows = recorded.find("input_ids")->as_array();
    ASSERT_EQ(pieces.size(), rows.size()) << where;
    for (std::size_t i = 0; i < rows.size(); ++i)
      EXPECT_EQ(list_of(pieces[i].ids), unpadded(rows[i], pieces[i].size())) << where;
  }
}

/// The pairs that models were run on.
void check_pairs(const Tokenizer& tokenizer, const Value& document, const std::string& where) {
  const auto* raw = document.find("raw");
  if (raw == nullptr || !raw->is_array()) return;
  for (const auto& recorded : raw->as_array()) {
    const auto* question = recorded.find("question");
    const auto* context = recorded.find("context");
    if (question == nullptr || context == nullptr || !context->is_string()) continue;
    EncodeOptions options;
    if (tokenizer.max_length()) options.truncation = Truncation{.max_length = *tokenizer.max_length()};
    expect_encoding(tokenizer.encode(question->as_string(), context->as_string(), options), recorded, where);
  }
}

TEST(TokenizersCorpus, AreEqualInIdsTokensOffsetsAndTexts) {
  const auto files = recorded_models();
  if (files.empty()) GTEST_SKIP() << "the corpus in BERTH_CORPUS_DIR has no models with a tokenizer";
  std::size_t count = 0;
  for (const auto& file : files) {
    const auto where = file.filename().string();
    try {
      const auto document = memory_corpus::read_json(file);
      const auto tokenizer = Tokenizer::load(model_of(file));
      count += check_texts(tokenizer, document, where);
      check_passages(tokenizer, document, where);
      check_pairs(tokenizer, document, where);
    } catch (const std::exception& problem) {
      ADD_FAILURE() << where << ": " << problem.what();
    }
  }
  EXPECT_GT(count, 0U);
}

}  // namespace
}  // namespace berth::corpus
