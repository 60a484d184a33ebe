/// Encoders: models that turn whole texts into vectors, scores and labels, on any device of ggml. A folder of Hugging Face is
/// computed by graphs of Berth's own, a GGUF file by llama.cpp.
///
///     const auto model = load_encoder({.model = "models/all-MiniLM-L6-v2"});
///     const auto result = model->encode({.token_ids = {{101, 7592, 102}}, .outputs = {EncoderOutput::embedding}});
///     result.embedding.shape;  // {1, 384}
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/engine.h"
#include "berth/log.h"
#include "berth/ordered_map.h"
#include "berth/placement.h"
#include "berth/tokenizer.h"
#include "berth/value.h"

namespace berth {

/// In what matrices are held and multiplied. Vectors (norms, biases) and everything between products are float32. In int8 the
/// weights have one scale for up to 384 numbers, and so has what they are multiplied with; attention may multiply in bfloat16.
enum class Precision { float32, float16, bfloat16, int8 };
std::string_view to_string(Precision precision);  ///< "float32", ...
/// Throws std::invalid_argument naming the text and what is accepted.
Precision precision_from_str(std::string_view text);

/// What the model was trained to tell, by "architectures" in its config.json, else by the weights of its head.
enum class EncoderTask {
  none,                     ///< hidden states alone
  sequence_classification,  ///< logits [sequences, labels]
  token_classification,     ///< logits [tokens, labels]
  question_answering,       ///< logits [tokens, 2]: start and end
  masked_lm                 ///< logits [tokens, vocabulary]
};
std::string_view to_string(EncoderTask task);  ///< "none", "sequence_classification", ...

/// What a caller can ask for.
enum class EncoderOutput {
  hidden_states,  ///< of the last layer
  pooler_output,  ///< of the first token, through the model's pooler (BERT, RoBERTa, MPNet)
  embedding,      ///< as modules of sentence-transformers or a file's pooling type say, else the mean over the tokens
  logits          ///< of the head (EncoderTask)
};
std::string_view to_string(EncoderOutput output);  ///< "hidden_states", ...

/// Numbers in rows, the last dimension contiguous.
struct EncodedTensor {
  std::vector<std::size_t> shape = {};
  std::vector<float> values = {};

  std::size_t rows() const { return shape.empty() ? 0 : shape.front(); }
  std::size_t width() const { return shape.empty() ? 0 : shape.back(); }
  /// Throws std::out_of_range.
  std::span<const float> row(std::size_t index) const;

  bool operator==(const EncodedTensor&) const = default;
};

/// Sequences of token ids, special tokens among them, without padding: each is computed as if it were alone.
struct EncodeRequest {
  std::vector<std::vector<std::int32_t>> token_ids = {};  ///< none may be empty
  /// Of each token, where the model has types of tokens (0: question, 1: answer); none: all 0.
  std::vector<std::vector<std::int32_t>> token_type_ids = {};
  /// The tokens of each sequence that are a prompt before the text, special tokens at the start among them. Poolings with
  /// "include_prompt": false leave them out. Empty: none.
  std::vector<std::size_t> prompt_tokens = {};
  std::vector<EncoderOutput> outputs = {EncoderOutput::hidden_states};

  bool operator==(const EncodeRequest&) const = default;
};

/// What a caller gives beside the request, as it is no data.
struct EncodeContext {
  std::stop_token stop = {};  ///< ends the computation with Cancelled, within one operation on the CPU
  /// The part of the tokens that is done, 0 to 1, on the calling thread; answering false cancels.
  std::function<bool(float)> progress = {};
  LogCallback log = {};  ///< told of a worker or an engine that was lost meanwhile, and where the computation goes on
};

/// The outputs that were asked for; the others have no shape. [tokens, n] holds the rows of all sequences, one after the
/// other: those of sequence i start at `first_token[i]`.
struct EncodeResult {
  std::vector<std::size_t> first_token = {};  ///< of each sequence, and at the end the number of all tokens
  EncodedTensor hidden_states = {};           ///< [tokens, hidden size]
  EncodedTensor pooler_output = {};           ///< [sequences, hidden size]
  EncodedTensor embedding = {};               ///< [sequences, embedding size]
  EncodedTensor logits = {};                  ///< EncoderTask says of what

  bool operator==(const EncodeResult&) const = default;
};

/// What is known of a loaded encoder.
struct EncoderInfo {
  std::filesystem::path path = {};
  std::filesystem::path transformer = {};  ///< the folder of config.json and the tokenizer, or of the GGUF file
  std::string architecture = {};           ///< "bert"; `model_type` of config.json, `general.architecture` of GGUF
  std::string model_class = {};            ///< "BertForSequenceClassification"; the first of `architectures`, or none
  EncoderTask task = EncoderTask::none;
  std::vector<std::string> labels = {};  ///< of a classifier, by number
  /// "label2id" of config.json: mostly the numbers of `labels`; empty where it has none.
  OrderedMap<std::int64_t> label2id = {};
  std::string missing_weight = {};  ///< that the head of `model_class` needs and the file lacks, so that `task` is none
  std::string problem_type = {};    ///< "single_label_classification", ...; empty where the configuration has none
  std::size_t layers = 0;
  std::size_t hidden_size = 0;
  std::size_t vocabulary_size = 0;
  std::size_t token_types = 1;          ///< token_type_ids are less than this
  std::size_t embedding_size = 0;       ///< of EncoderOutput::embedding
  std::size_t max_sequence_tokens = 0;  ///< that one sequence may have
  bool has_pooler = false;
  bool has_vocabulary = false;  ///< whether the file holds its tokenizer, so that EncoderModel::tokenize() can be asked
  Precision precision = Precision::float32;  ///< float32 for a GGUF file, which is computed in the types that it holds
  std::uint64_t parameters = 0;
  std::uint64_t weight_bytes = 0;
  double load_ms = 0;
  /// Of config.json. Models that place tokens by distances or rotations take more; sentence-transformers cuts there all
  /// the same.
  std::size_t max_position_embeddings = 0;
};

/// Weights of an encoder on their devices. Safe to use from several threads: calls run side by side as far as there are
/// cores.
class EncoderModel {
 public:
  virtual ~EncoderModel() = default;

  virtual const EncoderInfo& info() const = 0;

  /// Computes a batch. The result of a sequence does not depend on the others, apart from the last digits. No sequence at
  /// all gives tensors with no rows.
  /// Throws std::invalid_argument for a sequence that is empty or too long, an id that the model does not have and an
  /// output that it cannot give; EngineError where memory is short or the numbers overflow, EngineLost where the engine
  /// ended and nothing else can go on; Cancelled.
  virtual EncodeResult encode(const EncodeRequest& request, const EncodeContext& context = {}) const = 0;

  /// The tokens of a text, or of two, as the vocabulary of the file has them: EncoderInfo::has_vocabulary. Offsets are 0, 0 and
  /// words absent, as where a token stands in its text is not known.
  /// Throws std::invalid_argument for a text that is not UTF-8, for tokens that cannot be cut to `truncation.max_length`, and
  /// where the file holds no vocabulary.
  virtual Encoding tokenize(const EncodeInput& input, const Truncation& truncation) const;

  /// The bytes that the weights and the buffers for computing hold at this moment, by device: the CPU first.
  virtual std::vector<DeviceUse> memory() const = 0;

  /// Where each tensor of the file that is used lies, by its name there, in the order of the computation.
  virtual const OrderedMap<Device>& placement() const = 0;
};

/// What is to be loaded, and where, as data.
struct EncoderRequest {
  /// A folder of Hugging Face with config.json and safetensors, or a safetensors file in one; or a GGUF file.
  std::filesystem::path model = {};
  /// One device, or a map by names of modules as in transformers: "bert.encoder.layer.3", "classifier", "" for
  /// everything else. The longest name that fits decides. The name of the base model ("bert.") may be left out. For a GGUF
  /// file as placement_of() reads it.
  ComponentDevice device = Device::cpu();
  /// Which piece of hardware each device is, as in LoadRequest.
  OrderedMap<DeviceKey> keys = {};
  Precision precision = Precision::float32;
  /// Entries that stand in place of those of config.json, such as "num_hidden_layers"; a GGUF file has none.
  Value::Object configuration = {};

  bool operator==(const EncoderRequest&) const = default;
};

/// Loads BERT, RoBERTa, XLM-RoBERTa, CamemBERT, DistilBERT, ELECTRA, MPNet, DeBERTa (v1 to v3) and ModernBERT. Weights that
/// the file holds as they are needed are mapped where their device is the CPU, the others are copied. A GGUF file goes to
/// llama.cpp, with every architecture that it has: embedders, rankers (`pooling_type` rank) and models that generate text.
/// With a device of a worker it runs in a process of its own (see Isolation), and goes on elsewhere when that is lost.
/// Throws ModelNotFound, FormatError (a file that is damaged, or that contradicts its config.json, or weights that are no
/// numbers), EngineError (an architecture that is not known, a device that is not there, too little memory),
/// std::invalid_argument (a map that leaves something out or names nothing) and Cancelled.
std::shared_ptr<const EncoderModel> load_encoder(const EncoderRequest& request, const LoadContext& context = {});

/// What an encoder will be used for.
struct EncoderUse {
  /// None: the logits of a model with a head over whole sequences, else the embedding.
  std::vector<EncoderOutput> outputs = {};
  std::optional<std::size_t> max_tokens = {};  ///< of a sequence; none: as many as the model takes

  bool operator==(const EncoderUse&) const = default;
};

/// What the encoder holds of each device at most once it was loaded and has computed, the CPU first: weights in the
/// precision that is asked for, with what kernels lay out anew, and buffers for as many tokens as are computed at a time, in
/// the longest sequences, on every core. Results are the caller's and do not count.
/// Of a GGUF file it is an upper bound from its header. Headers and small files are read, no weights. Throws as load_encoder().
std::vector<DeviceUse> memory_of(const EncoderRequest& request, const EncoderUse& use = {});

}  // namespace berth
