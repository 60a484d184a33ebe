#include "berth/tokenizer.h"

#include <stdexcept>

#include "berth/error.h"
#include "text/file.h"
#include "tokenizer/class_settings.h"
#include "tokenizer/clean_up.h"
#include "tokenizer/encode.h"
#include "tokenizer/read_tokenizer.h"

namespace berth {
namespace {

using tokenizing::Draft;
using tokenizing::Parts;

constexpr std::string_view expected_json = "a tokenizer.json of Hugging Face";

/// Calls `read`, and says of which file its errors are.
template <class F>
auto of_file(const std::filesystem::path& path, std::string_view expected, F read) try {
  return read();
} catch (const FormatError& problem) {
  if (!problem.path().empty()) throw;
  throw FormatError(path, problem.offset(), problem.found(), problem.expected());
} catch (const std::invalid_argument& problem) {
  throw FormatError(path, problem.what(), std::string(expected));
}

std::shared_ptr<const Parts> finished(Parts parts, std::filesystem::path path) {
  parts.path = std::move(path);
  parts.added.finish((parts.normalizer_of_added ? parts.normalizer_of_added : parts.normalizer).get());
  return std::make_shared<const Parts>(std::move(parts));
}

/// The file in a folder, or the path itself.
std::filesystem::path tokenizer_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return path;
  for (const auto* name : {"tokenizer.json", "vocab.txt"})
    if (std::filesystem::exists(path / name)) return path / name;
  if (std::filesystem::exists(path / "vocab.json") && std::filesystem::exists(path / "merges.txt"))
    return path / "vocab.json";
  throw FormatError(
      path, "neither tokenizer.json nor vocab.txt, nor vocab.json with merges.txt, in this folder",
      "one of them; transformers writes tokenizer.json by AutoTokenizer.from_pretrained(...).save_pretrained(...)");
}

/// No text of a tokenizer may keep the errors of its file for itself.
template <class F>
auto with_path(const Parts& parts, F run) try {
  return run();
} catch (const FormatError& problem) {
  throw FormatError(parts.path, problem.found(), problem.expected());
}

Draft encoded(const Parts& parts, std::string_view text, const std::string_view* pair, const EncodeOptions& options) {
  return with_path(parts, [&] {
    std::vector<Draft> texts(pair == nullptr ? 1 : 2);
    tokenizing::add_tokens(parts, text, 0, options.offsets, std::nullopt, texts[0]);
    if (pair != nullptr) tokenizing::add_tokens(parts, *pair, 1, options.offsets, std::nullopt, texts[1]);
    return tokenizing::put_together(parts, std::move(texts), options);
  });
}

Encoding padded(Draft draft, const EncodeOptions& options) {
  if (options.padding) tokenizing::pad(std::span(&draft, 1), *options.padding);
  return std::move(draft).finish();
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& path, const Value::Object& settings) {
  const auto file = tokenizer_file(path);
  const auto config = of_file(file.parent_path() / "special_tokens_map.json", "special tokens",
                              [&] { return tokenizing::read_settings(file.parent_path(), settings); });
  const bool is_text = file.extension() == ".txt";
  auto parts = of_file(file, is_text ? "a vocab.txt, one token a line" : expected_json, [&] {
    const auto text = read_file(file, expected_json);
    if (is_text) return tokenizing::read_vocab_txt(text, config);
    if (file.filename() != "vocab.json") return tokenizing::read_tokenizer(Value::from_json(text), config);
    return tokenizing::read_vocab_json(text, read_file(file.parent_path() / "merges.txt", "merges"), config);
  });
  if (tokenizing::is_made_of_vocab_txt(file.parent_path(), config)) parts.clean_up_spaces = true;
  of_file(file.parent_path() / "tokenizer_config.json", "a tokenizer_config.json",
          [&] { tokenizing::apply_config(config, parts); });
  return of_file(file, expected_json, [&] { return Tokenizer(finished(std::move(parts), file)); });
}

Tokenizer Tokenizer::from_json(std::string_view text) {
  return of_file("tokenizer.json", expected_json,
                 [&] { return Tokenizer(finished(tokenizing::read_tokenizer(Value::from_json(text), {}), {})); });
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return padded(encoded(*parts_, text, nullptr, options), options);
}

Encoding Tokenizer::encode(std::string_view text, std::string_view pair, const EncodeOptions& options) const {
  return padded(encoded(*parts_, text, &pair, options), options);
}

Encoding Tokenizer::encode_words(std::span<const std::string> words, const EncodeOptions& options) const {
  return with_path(*parts_, [&] {
    std::vector<Draft> texts(1);
    for (std::uint32_t i = 0; i < words.size(); ++i)
      tokenizing::add_tokens(*parts_, words[i], 0, options.offsets, i, texts[0]);
    return padded(tokenizing::put_together(*parts_, std::move(texts), options), options);
  });
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const EncodeInput> inputs, const EncodeOptions& options) const {
  std::vector<Draft> drafts;
  drafts.reserve(inputs.size());
  for (const auto& input : inputs) {
    const std::string_view pair = input.pair ? std::string_view(*input.pair) : std::string_view();
    drafts.push_back(encoded(*parts_, input.text, input.pair ? &pair : nullptr, options));
  }
  if (options.padding) tokenizing::pad(drafts, *options.padding);
  std::vector<Encoding> encodings;
  encodings.reserve(drafts.size());
  for (auto& draft : drafts) encodings.push_back(std::move(draft).finish());
  return encodings;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, const DecodeOptions& options) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const auto id : ids) {
    auto text = token(id);
    if (text && !(options.skip_special_tokens && parts_->added.is_special(*text))) tokens.push_back(std::move(*text));
  }
  std::string text;
  if (parts_->decoder) {
    if (!tokens.empty()) parts_->decoder->run(tokens);
    for (const auto& each : tokens) text += each;
  } else {
    for (std::size_t i = 0; i < tokens.size(); ++i) (text += i == 0 ? "" : " ") += tokens[i];
  }
  return options.clean_up_spaces.value_or(parts_->clean_up_spaces) ? tokenizing::cleaned_up(std::move(text)) : text;
}

std::optional<std::int32_t> Tokenizer::id(std::string_view token) const {
  if (const auto added = parts_->added.ids().find(std::string(token)); added != parts_->added.ids().end())
    return static_cast<std::int32_t>(added->second);
  const auto known = parts_->model->id(token);
  return known ? std::optional(static_cast<std::int32_t>(*known)) : std::nullopt;
}

std::optional<std::string> Tokenizer::token(std::int32_t id) const {
  if (id < 0) return std::nullopt;
  if (const auto* added = parts_->added.find(static_cast<std::uint32_t>(id))) return added->content;
  const auto known = parts_->model->token(static_cast<std::uint32_t>(id));
  return known ? std::optional<std::string>(*known) : std::nullopt;
}

std::size_t Tokenizer::vocabulary_size() const {
  auto count = parts_->model->size();
  for (const auto& [token, id] : parts_->added.ids()) count += parts_->model->id(token) ? 0 : 1;
  return count;
}

std::size_t Tokenizer::added_count(bool is_pair) const {
  return parts_->post_processor ? parts_->post_processor->added_count(is_pair) : 0;
}

bool Tokenizer::is_special(std::string_view token) const { return parts_->added.is_special(token); }
const std::optional<Truncation>& Tokenizer::truncation() const { return parts_->truncation; }
const std::optional<Padding>& Tokenizer::padding() const { return parts_->padding; }
std::optional<std::size_t> Tokenizer::max_length() const { return parts_->max_length; }
TokenSide Tokenizer::truncation_side() const { return parts_->truncation_side; }
bool Tokenizer::gives_token_types() const { return parts_->gives_token_types; }

}  // namespace berth
