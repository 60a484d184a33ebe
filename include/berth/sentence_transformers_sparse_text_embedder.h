/// SentenceTransformersSparseTextEmbedder: the sparse embedding of a text (SPLADE), by a model on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/document.h"
#include "berth/local_encoder.h"
#include "berth/sparse_embedding.h"

namespace berth {

struct SentenceTransformersSparseTextEmbedderParameters {
  std::string model = "prithivida/Splade_PP_en_v2";  ///< see locate_encoder() in berth/model.h
  std::optional<ComponentDevice> device = {};        ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  std::string prefix = "";                             ///< before each text
  std::string suffix = "";                             ///< after it
  bool trust_remote_code = false;                      ///< written down; no code of models is run
  bool local_files_only = false;                       ///< always so
  std::optional<Value::Object> model_kwargs = {};      ///< `device_map` wins over `device`; `torch_dtype`
  std::optional<Value::Object> tokenizer_kwargs = {};  ///< `model_max_length`, `truncation_side`, ...
  std::optional<Value::Object> config_kwargs = {};     ///< in place of entries of config.json
  std::string backend = "torch";                       ///< or onnx, openvino: Berth computes each the same way
  std::optional<std::string> revision = {};            ///< of the model in the Hugging Face cache

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  static auto fields() {
    using P = SentenceTransformersSparseTextEmbedderParameters;
    return std::tuple(field("model", &P::model), field("device", &P::device), field("token", &P::token),
                      field("prefix", &P::prefix), field("suffix", &P::suffix),
                      field("trust_remote_code", &P::trust_remote_code),
                      field("local_files_only", &P::local_files_only), field("model_kwargs", &P::model_kwargs),
                      field("tokenizer_kwargs", &P::tokenizer_kwargs), field("config_kwargs", &P::config_kwargs),
                      field("backend", &P::backend), field("revision", &P::revision));
  }
};

/// Haystack's component of that name.
class SentenceTransformersSparseTextEmbedder final
    : public EncoderComponent<SentenceTransformersSparseTextEmbedderParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.embedders.sentence_transformers_sparse_text_embedder.SentenceTransformersSparseTextEmbedder";

  /// Loads nothing. Throws std::invalid_argument.
  explicit SentenceTransformersSparseTextEmbedder(Parameters parameters = {});

  /// Throws std::invalid_argument where the model cannot do this.
  void warm_up(const CallContext& context = {}) override;
  void run(Run& run) override;

 private:
  Input<std::string> text_ = input<std::string>("text");
  Output<SparseEmbedding> embedding_ = output<SparseEmbedding>("sparse_embedding");
};

}  // namespace berth
