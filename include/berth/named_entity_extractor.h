/// NamedEntityExtractor: the names of persons, places and the like in documents, by a token classifier on this machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/document.h"
#include "berth/pipeline_encoder.h"

namespace berth {

/// A name in a document: characters [start, end). Haystack's class of that name.
struct NamedEntityAnnotation {
  static constexpr std::string_view class_name = "NamedEntityAnnotation";

  std::string entity = {};  ///< "PER"
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::optional<double> score = {};

  bool operator==(const NamedEntityAnnotation&) const = default;

  Value to_dict() const;
  static NamedEntityAnnotation from_dict(const Value& dict);  ///< throws std::invalid_argument
};

enum class NamedEntityExtractorBackend {
  hugging_face,
  spacy  ///< held and written, but cannot run
};

/// "HUGGING_FACE" or "SPACY", as files have it; "hugging_face" and "spacy" are read, too.
template <>
struct ValueTraits<NamedEntityExtractorBackend> {
  static Type type() { return "NamedEntityExtractorBackend"; }
  static Value to_value(NamedEntityExtractorBackend backend);
  static NamedEntityExtractorBackend from_value(const Value& value);
};

struct NamedEntityExtractorParameters {
  NamedEntityExtractorBackend backend = NamedEntityExtractorBackend::hugging_face;
  std::string model = {};  ///< must be given; see locate_encoder() in berth/model.h
  /// `device` and `device_map` in it win over `device`; `torch_dtype`, `ignore_labels` and `stride` count.
  std::optional<Value::Object> pipeline_kwargs = {};
  std::optional<ComponentDevice> device = {};  ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  LocalEncoderParameters encoder() const { return pipeline_encoder(*pipeline_kwargs, token, log); }

  static auto fields() {
    using P = NamedEntityExtractorParameters;
    return std::tuple(field("backend", &P::backend), field("model", &P::model), field("device", &P::device),
                      field("pipeline_kwargs", &P::pipeline_kwargs), field("token", &P::token));
  }
};

/// Haystack's component of that name with its Hugging Face backend, TransformersNamedEntityExtractor in version 3, whose files
/// have no `backend`. The meta of each document gets `named_entities`, a list of NamedEntityAnnotation: neighbouring tokens of
/// one label are one name, as by aggregation_strategy="simple" of transformers.
class NamedEntityExtractor final : public EncoderComponent<NamedEntityExtractorParameters> {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.extractors.named_entity_extractor.NamedEntityExtractor";

  /// Loads nothing. Throws std::invalid_argument without a model, and for a map of devices with the spaCy backend.
  explicit NamedEntityExtractor(Parameters parameters);

  /// By `type`, either name. Throws std::invalid_argument, as Haystack without saying less: "Couldn't deserialize ...".
  static std::unique_ptr<NamedEntityExtractor> from_dict(const Value& data);

  /// Throws std::invalid_argument for the spaCy backend and a model that is no token classifier, too.
  void warm_up(const CallContext& context = {}) override;
  std::optional<std::string> known_problem() const override;
  std::optional<ComponentDevice> device() const override;
  void run(Run& run) override;
  Value::Object init_parameters() const override;

  /// The names that a document has got; none where it was not looked at.
  static std::optional<std::vector<NamedEntityAnnotation>> stored_annotations(const Document& document);

 private:
  Input<std::vector<Document>> documents_ = input<std::vector<Document>>("documents");
  Input<std::int64_t> batch_size_ = input<std::int64_t>("batch_size", 1);
  Output<std::vector<Document>> annotated_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
