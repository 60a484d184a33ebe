/// SentenceTransformersDocumentImageEmbedder: read, checked and written; images cannot be embedded yet.
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

struct SentenceTransformersDocumentImageEmbedderParameters {
  std::string file_path_meta_field = "file_path";  ///< the entry of `meta` that names the image
  std::optional<std::string> root_path = {};       ///< of these names
  std::string model = "sentence-transformers/clip-ViT-B-32";
  std::optional<ComponentDevice> device = {};  ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  std::int64_t batch_size = 32;
  bool progress_bar = true;
  bool normalize_embeddings = false;
  bool trust_remote_code = false;
  bool local_files_only = false;
  std::optional<Value::Object> model_kwargs = {};
  std::optional<Value::Object> tokenizer_kwargs = {};
  std::optional<Value::Object> config_kwargs = {};
  std::string precision = "float32";
  std::optional<Value::Object> encode_kwargs = {};
  std::string backend = "torch";

  static auto fields() {
    using P = SentenceTransformersDocumentImageEmbedderParameters;
    return std::tuple(
        field("file_path_meta_field", &P::file_path_meta_field), field("root_path", &P::root_path),
        field("model", &P::model), field("device", &P::device), field("token", &P::token),
        field("batch_size", &P::batch_size), field("progress_bar", &P::progress_bar),
        field("normalize_embeddings", &P::normalize_embeddings), field("trust_remote_code", &P::trust_remote_code),
        field("local_files_only", &P::local_files_only), field("model_kwargs", &P::model_kwargs),
        field("tokenizer_kwargs", &P::tokenizer_kwargs), field("config_kwargs", &P::config_kwargs),
        field("precision", &P::precision), field("encode_kwargs", &P::encode_kwargs), field("backend", &P::backend));
  }
};

/// Haystack's component of that name, without an engine: warm_up() and run() say so.
class SentenceTransformersDocumentImageEmbedder final
    : public EncoderComponent<SentenceTransformersDocumentImageEmbedderParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.embedders.image.sentence_transformers_doc_image_embedder."
      "SentenceTransformersDocumentImageEmbedder";

  explicit SentenceTransformersDocumentImageEmbedder(Parameters parameters = {});

  void warm_up(const CallContext& context = {}) override;
  void run(Run& run) override;
  std::optional<std::string> known_problem() const override;

 private:
  Input<std::vector<Document>> given_ = input<std::vector<Document>>("documents");
  Output<std::vector<Document>> documents_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
