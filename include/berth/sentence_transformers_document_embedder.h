/// SentenceTransformersDocumentEmbedder: documents with their embeddings, by a model on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/document.h"
#include "berth/local_encoder.h"

namespace berth {

struct SentenceTransformersDocumentEmbedderParameters {
  std::string model = "sentence-transformers/all-mpnet-base-v2";  ///< see locate_encoder() in berth/model.h
  std::optional<ComponentDevice> device = {};                     ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  std::string prefix = "";            ///< before each text
  std::string suffix = "";            ///< after it
  std::int64_t batch_size = 32;       ///< written down; texts are computed as fits the device
  bool progress_bar = true;           ///< written down; a library prints nothing
  bool normalize_embeddings = false;  ///< to a length of 1
  std::optional<std::vector<std::string>> meta_fields_to_embed =
      {};                                              ///< entries of `meta` that stand before the content
  std::string embedding_separator = "\n";              ///< between them
  bool trust_remote_code = false;                      ///< written down; no code of models is run
  bool local_files_only = false;                       ///< always so
  std::optional<std::int64_t> truncate_dim = {};       ///< elements that an embedding keeps
  std::optional<Value::Object> model_kwargs = {};      ///< `device_map` wins over `device`; `torch_dtype`
  std::optional<Value::Object> tokenizer_kwargs = {};  ///< `model_max_length`, `truncation_side`, ...
  std::optional<Value::Object> config_kwargs = {};     ///< in place of entries of config.json
  std::string precision = "float32";                   ///< of the elements: also int8, uint8, binary, ubinary
  std::optional<Value::Object> encode_kwargs = {};     ///< `prompt`, `prompt_name`, `truncate_dim`
  std::string backend = "torch";                       ///< or onnx, openvino: Berth computes each the same way
  std::optional<std::string> revision = {};            ///< of the model in the Hugging Face cache
  /// For int8 and uint8: the least and the largest value of each element. Of Haystack 3.
  std::optional<std::vector<std::vector<double>>> quantization_ranges = {};

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  static auto fields() {
    using P = SentenceTransformersDocumentEmbedderParameters;
    return std::tuple(
        field("model", &P::model), field("device", &P::device), field("token", &P::token), field("prefix", &P::prefix),
        field("suffix", &P::suffix), field("batch_size", &P::batch_size), field("progress_bar", &P::progress_bar),
        field("normalize_embeddings", &P::normalize_embeddings),
        field("meta_fields_to_embed", &P::meta_fields_to_embed), field("embedding_separator", &P::embedding_separator),
        field("trust_remote_code", &P::trust_remote_code), field("local_files_only", &P::local_files_only),
        field("truncate_dim", &P::truncate_dim), field("model_kwargs", &P::model_kwargs),
        field("tokenizer_kwargs", &P::tokenizer_kwargs), field("config_kwargs", &P::config_kwargs),
        field("precision", &P::precision), field("encode_kwargs", &P::encode_kwargs), field("backend", &P::backend),
        field("revision", &P::revision), field("quantization_ranges", &P::quantization_ranges));
  }
};

/// Haystack's component of that name. Documents come back in their order.
class SentenceTransformersDocumentEmbedder final
    : public EncoderComponent<SentenceTransformersDocumentEmbedderParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.embedders.sentence_transformers_document_embedder.SentenceTransformersDocumentEmbedder";

  /// Loads nothing. Throws std::invalid_argument.
  explicit SentenceTransformersDocumentEmbedder(Parameters parameters = {});

  void run(Run& run) override;
  Value::Object init_parameters() const override;

 private:
  Input<std::vector<Document>> given_ = input<std::vector<Document>>("documents");
  Output<std::vector<Document>> documents_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
