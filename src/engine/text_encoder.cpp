#include "berth/text_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "berth/error.h"
#include "berth/model.h"
#include "engine/encode_result.h"
#include "engine/shared_model.h"
#include "engine/transformer_folder.h"
#include "model/named_file.h"
#include "text/lower_case.h"
#include "text/unicode.h"

namespace berth {
namespace {

constexpr std::size_t texts_at_once = 1024;  // of which tokens are kept while they are computed
constexpr std::uint64_t most_settings_bytes = 1 << 20;

/// What sentence-transformers keeps beside a transformer, under one of these names.
struct SentenceSettings {
  std::optional<std::size_t> max_tokens;
  bool lower_case = false;
};

SentenceSettings sentence_settings(const std::filesystem::path& folder) {
  for (const auto* name :
       {"sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
        "sentence_camembert_config.json", "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
        "sentence_xlnet_config.json"}) {
    const auto file = folder / name;
    std::error_code error;
    if (!std::filesystem::exists(file, error)) continue;
    const auto values = model::read_json(file, most_settings_bytes);
    SentenceSettings settings;
    if (const auto* length = values.find("max_seq_length"); length != nullptr && !length->is_null()) {
      if (!length->is_int() || length->as_int() < 1)
        throw FormatError(file, 0, "\"max_seq_length\": " + length->to_json(), "a number of tokens");
      settings.max_tokens = static_cast<std::size_t>(length->as_int());
    }
    if (const auto* lower = values.find("do_lower_case"); lower != nullptr && lower->is_bool())
      settings.lower_case = lower->as_bool();
    return settings;
  }
  return {};
}

struct Prompts {
  OrderedMap<std::string> by_name = {{"query", ""}, {"document", ""}};  // which every model has
  std::string standard;
};

Prompts read_prompts(const std::filesystem::path& folder) {
  const auto file = folder / "config_sentence_transformers.json";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  const auto values = model::read_json(file, most_settings_bytes);
  Prompts prompts;
  if (const auto* named = values.find("prompts"); named != nullptr && named->is_object())
    for (const auto& [name, prompt] : named->as_object()) {
      if (!prompt.is_string()) throw FormatError(file, 0, "a prompt that is no text: " + prompt.to_json(), "texts");
      prompts.by_name.set(name, prompt.as_string());
    }
  if (const auto* name = values.find("default_prompt_name"); name != nullptr && name->is_string()) {
    const auto* prompt = prompts.by_name.find(name->as_string());
    if (prompt == nullptr)
      throw FormatError(file, 0, "\"default_prompt_name\": " + name->to_json(), "the name of one of its prompts");
    prompts.standard = *prompt;
  }
  return prompts;
}

/// When the file, or one of the folder, was last written: one that is replaced makes another model.
std::int64_t last_change(const std::filesystem::path& path) {
  auto last = std::numeric_limits<std::int64_t>::min();  // the clock of files may begin in the future
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    const auto time = std::filesystem::last_write_time(path, error);
    return error ? last : time.time_since_epoch().count();
  }
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    const auto time = entry->last_write_time(ignored);
    if (!ignored) last = std::max<std::int64_t>(last, time.time_since_epoch().count());
  }
  return last;
}

/// Tokens of some inputs, on their way to the model.
class Pieces {
 public:
  Pieces(const TextEncodeRequest& request, bool has_types, EncodedTexts& texts)
      : keeps_overflow_(request.overflow),
        has_types_(has_types && request.token_types),
        keeps_tokens_(request.keep_tokens),
        prompt_tokens_(request.prompt_tokens),
        texts_(texts) {
    tokens_.outputs = request.outputs;
  }

  void add(std::size_t input, Encoding encoding) {
    auto overflowing = std::exchange(encoding.overflowing, {});
    add_one(input, std::move(encoding));
    if (!keeps_overflow_) return;
    for (auto& piece : overflowing) add_one(input, std::move(piece));
  }

  const EncodeRequest& tokens() const { return tokens_; }

 private:
  void add_one(std::size_t input, Encoding encoding) {
    texts_.input_of.push_back(input);
    tokens_.token_ids.push_back(keeps_tokens_ ? encoding.ids : std::move(encoding.ids));
    if (has_types_) tokens_.token_type_ids.push_back(keeps_tokens_ ? encoding.type_ids : std::move(encoding.type_ids));
    if (prompt_tokens_ > 0) tokens_.prompt_tokens.push_back(std::min(prompt_tokens_, tokens_.token_ids.back().size()));
    if (keeps_tokens_) texts_.encodings.push_back(std::move(encoding));
  }

  bool keeps_overflow_, has_types_, keeps_tokens_;
  std::size_t prompt_tokens_;
  EncodeRequest tokens_;
  EncodedTexts& texts_;
};

EncoderRequest encoder_request(const std::filesystem::path& path, const TextEncoderRequest& request) {
  return {.model = path,
          .device = request.device,
          .keys = request.keys,
          .precision = request.precision,
          .configuration = request.configuration};
}

}  // namespace

std::shared_ptr<const TextEncoder::Parts> TextEncoder::read(const std::filesystem::path& path,
                                                            const TextEncoderRequest& request,
                                                            const LoadContext& context) {
  auto model = load_encoder(encoder_request(path, request), context);
  const auto& info = model->info();
  std::optional<Tokenizer> tokenizer;
  if (!info.has_vocabulary) tokenizer = Tokenizer::load(info.transformer, request.tokenizer_settings);
  const auto settings = sentence_settings(info.transformer);
  const auto usual = limited(tokenizer ? tokenizer->max_length() : std::nullopt, info.max_position_embeddings);
  const auto most = limited(settings.max_tokens.value_or(usual), info.max_sequence_tokens);
  auto prompts = read_prompts(info.has_vocabulary ? info.transformer : path);
  return std::make_shared<const Parts>(Parts{std::move(model), std::move(tokenizer), most, settings.lower_case,
                                             std::move(prompts.by_name), std::move(prompts.standard)});
}

TextEncoder TextEncoder::load(const TextEncoderRequest& request, const LoadContext& context) {
  const auto path = locate_encoder(request.model, ModelSearch::from_environment(), request.revision);
  Value::Object wish = {{"device", request.device.to_dict()},
                        {"precision", to_string(request.precision)},
                        {"configuration", request.configuration},
                        {"tokenizer settings", request.tokenizer_settings},
                        {"last change", last_change(path)}};
  for (const auto& [device, key] : request.keys) wish.set("key of " + device, key.to_dict());
  return TextEncoder(shared_model<Parts>(path, wish, context.stop, [&] { return read(path, request, context); }));
}

std::vector<DeviceUse> TextEncoder::memory(const TextEncoderRequest& request, std::optional<std::size_t> most_tokens) {
  const auto path = locate_encoder(request.model, ModelSearch::from_environment(), request.revision);
  const auto most = most_tokens ? most_tokens : sentence_settings(transformer_folder(path)).max_tokens;
  return memory_of(encoder_request(path, request), {.outputs = {}, .max_tokens = most});
}

const Tokenizer& TextEncoder::tokenizer() const {
  if (parts_->tokenizer) return *parts_->tokenizer;
  throw std::invalid_argument(fmt::format(
      "'{}' has no tokenizer of Hugging Face: llama.cpp makes the tokens of its texts (EncoderModel::tokenize())",
      info().path.string()));
}

Truncation TextEncoder::truncation_of(const TextEncodeRequest& request) const {
  auto truncation = request.truncation.value_or(Truncation{.max_length = max_tokens()});
  if (parts_->tokenizer) truncation.side = tokenizer().truncation_side();
  return truncation;
}

EncodedTexts TextEncoder::encode(const TextEncodeRequest& request, const EncodeContext& context) const {
  const EncodeOptions options{.truncation = truncation_of(request), .offsets = request.offsets};
  const auto count = request.inputs.size();
  const bool has_types = info().token_types > 1 && (!parts_->tokenizer || tokenizer().gives_token_types());
  EncodedTexts texts;
  std::size_t from = 0;
  const auto share = [count](std::size_t inputs) {
    return inputs == count ? 1.0F : static_cast<float>(inputs) / static_cast<float>(count);
  };
  do {
    const auto to = std::min(from + texts_at_once, count);
    Pieces pieces(request, has_types, texts);
    for (auto i = from; i < to; ++i) {
      if (context.stop.stop_requested()) throw Cancelled("The encoding of texts was cancelled");
      const auto& input = request.inputs[i];
      pieces.add(i, !parts_->tokenizer ? model().tokenize(input, *options.truncation)
                    : input.pair       ? tokenizer().encode(input.text, *input.pair, options)
                                       : tokenizer().encode(input.text, options));
    }
    append(texts.result, model().encode(pieces.tokens(), part_of(context, share(from), share(to))));
    from = to;
  } while (from < count);
  return texts;
}

EncodedTensor TextEncoder::embed(std::span<const std::string> texts, const EmbedOptions& options,
                                 const EncodeContext& context) const {
  return encode_sentences(texts, EncoderOutput::embedding, options, context).embedding;
}

EncodeResult TextEncoder::encode_sentences(std::span<const std::string> texts, EncoderOutput output,
                                           const EmbedOptions& options, const EncodeContext& context) const {
  const auto sentence = [&](std::string_view text) {
    const auto stripped = without_space(text);
    return parts_->lower_case ? lower_case(stripped) : std::string(stripped);
  };
  TextEncodeRequest request{.outputs = {output},
                            .truncation = Truncation{.max_length = limited(options.max_tokens.value_or(max_tokens()),
                                                                           info().max_sequence_tokens)},
                            .keep_tokens = false};
  const auto& prompt = options.prompt ? *options.prompt : parts_->default_prompt;
  if (!prompt.empty() && parts_->tokenizer) {  // the poolings of a GGUF file never leave it out
    // It is cut as a text is, so that a special token at the end stays out of it.
    const auto encoding = tokenizer().encode(sentence(prompt), {.truncation = truncation_of(request)});
    const bool ends_specially = !encoding.ids.empty() && tokenizer().is_special(encoding.tokens.back());
    request.prompt_tokens = encoding.size() - (ends_specially ? 1 : 0);
  }
  request.inputs.reserve(texts.size());
  for (const auto& text : texts) request.inputs.push_back({sentence(prompt.empty() ? text : prompt + text), {}});
  return encode(request, context).result;
}

EncodedTensor TextEncoder::classify(std::span<const EncodeInput> inputs, std::optional<std::size_t> most,
                                    const EncodeContext& context) const {
  if (info().task != EncoderTask::sequence_classification)
    throw std::invalid_argument(fmt::format("'{}' is no classifier of texts: {}", info().path.string(),
                                            info().missing_weight.empty()
                                                ? fmt::format("its head is {}", to_string(info().task))
                                                : fmt::format("its file holds no tensor '{}'", info().missing_weight)));
  const TextEncodeRequest request{
      .inputs = {inputs.begin(), inputs.end()},
      .outputs = {EncoderOutput::logits},
      .truncation = Truncation{.max_length = limited(most.value_or(pair_max_tokens()), info().max_sequence_tokens)},
      .keep_tokens = false};
  return encode(request, context).result.logits;
}

}  // namespace berth
