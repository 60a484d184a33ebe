/// Encoders with their tokenizers: from texts to vectors, scores and labels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/encoder.h"
#include "berth/ordered_map.h"
#include "berth/tokenizer.h"
#include "berth/value.h"

namespace berth {

/// What is to be loaded, and where, as data.
struct TextEncoderRequest {
  std::string model = {};  ///< see locate_encoder() in berth/model.h
  ComponentDevice device = Device::cpu();
  OrderedMap<DeviceKey> keys = {};  ///< as in EncoderRequest
  Precision precision = Precision::float32;
  std::string revision = {};              ///< of the model in the Hugging Face cache; empty: "main"
  Value::Object configuration = {};       ///< as in EncoderRequest
  Value::Object tokenizer_settings = {};  ///< as of Tokenizer::load()

  bool operator==(const TextEncoderRequest&) const = default;
};

/// Texts, or pairs of texts, and what is wanted of them.
struct TextEncodeRequest {
  std::vector<EncodeInput> inputs = {};
  std::vector<EncoderOutput> outputs = {EncoderOutput::embedding};
  /// How texts with too many tokens are cut, at the side that the tokenizer says; absent: longest_first, to
  /// TextEncoder::max_tokens().
  std::optional<Truncation> truncation = {};
  bool overflow = false;          ///< what is cut off is computed too, in pieces that share `stride` tokens
  bool token_types = true;        ///< tell the model which tokens are the pair's; false: all are 0
  bool keep_tokens = true;        ///< EncodedTexts has `encodings`; false saves memory
  std::size_t prompt_tokens = 0;  ///< at the start of each input, as in EncodeRequest
  OffsetUnit offsets = OffsetUnit::code_points;
};

/// One piece for each input, or several where one overflows: those of an input stand one after the other.
struct EncodedTexts {
  std::vector<std::size_t> input_of = {};  ///< of each piece
  std::vector<Encoding> encodings = {};    ///< of each piece; without `overflowing`
  EncodeResult result = {};                ///< its sequences are the pieces
};

/// How sentences are embedded.
struct EmbedOptions {
  std::optional<std::string> prompt = {};      ///< before each text; absent: the model's default prompt, mostly none
  std::optional<std::size_t> max_tokens = {};  ///< absent: TextEncoder::max_tokens()
};

/// A model of Hugging Face and its tokenizer, or a GGUF file: embedders, rankers, readers and classifiers ask it.
///
///     const auto encoder = TextEncoder::load({.model = "sentence-transformers/all-MiniLM-L6-v2"});
///     encoder.embed({{"two ships", "a harbour"}}).shape;  // {2, 384}
///
/// Immutable, cheap to copy, safe to use from several threads at once: calls share the cores.
class TextEncoder {
 public:
  /// Loads model and tokenizer; what was loaded for the same request and is still in use is shared. Throws as
  /// locate_encoder(), load_encoder() and Tokenizer::load().
  static TextEncoder load(const TextEncoderRequest& request, const LoadContext& context = {});

  /// memory_of() the model for texts of at most `most_tokens`; none: as many as sentence-transformers' settings beside the
  /// model say. Throws as locate_encoder() and load_encoder(); nothing is loaded.
  static std::vector<DeviceUse> memory(const TextEncoderRequest& request, std::optional<std::size_t> most_tokens = {});

  const EncoderModel& model() const { return *parts_->model; }
  const EncoderInfo& info() const { return model().info(); }
  /// Throws std::invalid_argument for a GGUF file, which llama.cpp tokenizes: EncoderModel::tokenize().
  const Tokenizer& tokenizer() const;

  /// Tokens that a text may have, special ones among them: what sentence-transformers' settings beside the model say, else
  /// its tokenizer and `max_position_embeddings`; at most what the model can take.
  std::size_t max_tokens() const { return parts_->max_tokens; }
  /// What the tokenizer says ("model_max_length"), as for transformers; at most what the model can take.
  std::size_t tokenizer_max_tokens() const {
    return limited(parts_->tokenizer ? parts_->tokenizer->max_length() : std::nullopt, info().max_sequence_tokens);
  }
  /// The same, and at most `max_position_embeddings`, as for a CrossEncoder of sentence-transformers.
  std::size_t pair_max_tokens() const { return limited(tokenizer_max_tokens(), info().max_position_embeddings); }

  /// Throws as Tokenizer::encode(), or for a GGUF file EncoderModel::tokenize(), and EncoderModel::encode().
  EncodedTexts encode(const TextEncodeRequest& request, const EncodeContext& context = {}) const;

  /// EncoderOutput::embedding of each text, as sentence-transformers computes it: white space at either end of prompt and
  /// text does not count. [texts, info().embedding_size]. Memory is bounded by that, whatever the number of texts.
  EncodedTensor embed(std::span<const std::string> texts, const EmbedOptions& options = {},
                      const EncodeContext& context = {}) const;

  /// Another output of the same tokens that embed() takes.
  EncodeResult encode_sentences(std::span<const std::string> texts, EncoderOutput output,
                                const EmbedOptions& options = {}, const EncodeContext& context = {}) const;

  /// The logits of a sequence classifier for each input. [inputs, labels]. Absent `max_tokens`: pair_max_tokens(). Throws
  /// std::invalid_argument where the model is none.
  EncodedTensor classify(std::span<const EncodeInput> inputs, std::optional<std::size_t> max_tokens = {},
                         const EncodeContext& context = {}) const;

  /// The prompts that config_sentence_transformers.json names, such as "query": "Represent the question: ".
  const OrderedMap<std::string>& prompts() const { return parts_->prompts; }

 private:
  struct Parts {
    std::shared_ptr<const EncoderModel> model;
    std::optional<Tokenizer> tokenizer;  // none: the model's own
    std::size_t max_tokens;
    bool lower_case;  // what "do_lower_case" of sentence-transformers says
    OrderedMap<std::string> prompts;
    std::string default_prompt;
  };

  static std::size_t limited(std::optional<std::size_t> wanted, std::size_t most) {
    return std::min(wanted.value_or(most), most);
  }

  Truncation truncation_of(const TextEncodeRequest& request) const;

  explicit TextEncoder(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  static std::shared_ptr<const Parts> read(const std::filesystem::path& path, const TextEncoderRequest& request,
                                           const LoadContext& context);

  std::shared_ptr<const Parts> parts_;
};

}  // namespace berth
