/// ExtractiveReader: answers that stand in documents, found by a question answering model on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/answer.h"
#include "berth/document.h"
#include "berth/local_encoder.h"

namespace berth {

struct FoundAnswer;

struct ExtractiveReaderParameters {
  std::string model = "deepset/roberta-base-squad2-distilled";  ///< see locate_encoder() in berth/model.h
  std::optional<ComponentDevice> device = {};                   ///< absent: the best of this machine
  std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  std::int64_t top_k = 20;                           ///< answers, besides that there is none
  std::optional<double> score_threshold = {};        ///< the least score of an answer that is given
  std::int64_t max_seq_length = 384;                 ///< tokens of query and passage; longer ones are read in pieces
  std::int64_t stride = 128;                         ///< tokens that such pieces share
  std::optional<std::int64_t> max_batch_size = {};   ///< written down; pieces are computed as fits the device
  std::optional<std::int64_t> answers_per_seq = {};  ///< candidates of one piece; absent: 20
  bool no_answer = true;                             ///< an answer without text says how likely all others are wrong
  std::optional<double> calibration_factor = 0.1;    ///< of the logits, before the sigmoid; runs need it
  std::optional<double> overlap_threshold = 0.01;    ///< the part of an answer that a better one may have; null: all
  std::optional<Value::Object> model_kwargs = {};    ///< `device_map` wins over `device`; `torch_dtype`

  LogCallback log = {};  ///< Berth's own: warnings. Not serialized.

  static auto fields() {
    using P = ExtractiveReaderParameters;
    return std::tuple(field("model", &P::model), field("device", &P::device), field("token", &P::token),
                      field("max_seq_length", &P::max_seq_length), field("top_k", &P::top_k),
                      field("score_threshold", &P::score_threshold), field("stride", &P::stride),
                      field("max_batch_size", &P::max_batch_size), field("answers_per_seq", &P::answers_per_seq),
                      field("no_answer", &P::no_answer), field("calibration_factor", &P::calibration_factor),
                      field("overlap_threshold", &P::overlap_threshold), field("model_kwargs", &P::model_kwargs));
  }
};

/// Haystack's component of that name, TransformersExtractiveReader in version 3. The score of an answer is the sigmoid of its
/// start and end logit times the calibration factor, whatever else the documents hold. Answers stand by their scores; the
/// meta of those of a document with a `page_number` has `answer_page_number`.
///
/// As there, the serialized form of version 2 leaves out `overlap_threshold`, and a value that is 0 in a run does not take the
/// place of the parameter.
class ExtractiveReader final : public EncoderComponent<ExtractiveReaderParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.readers.extractive.ExtractiveReader";

  /// Loads nothing.
  explicit ExtractiveReader(Parameters parameters = {});

  /// Throws std::invalid_argument for a model that answers no questions, too.
  void warm_up(const CallContext& context = {}) override;
  /// Throws std::invalid_argument where the query leaves no room for a passage, among others.
  void run(Run& run) override;
  Value::Object init_parameters() const override;

 private:
  struct Options;

  Options options_of(const Run& run) const;
  static std::vector<ExtractedAnswer> answers_of(std::span<const FoundAnswer> found,
                                                 const std::vector<Document>& documents, const std::string& query,
                                                 const Options& options, const LogCallback& log);

  Input<std::string> query_ = input<std::string>("query");
  Input<std::vector<Document>> documents_ = input<std::vector<Document>>("documents");
  Input<std::optional<std::int64_t>> top_k_ = input<std::optional<std::int64_t>>("top_k", std::nullopt);
  Input<std::optional<double>> score_threshold_ = input<std::optional<double>>("score_threshold", std::nullopt);
  Input<std::optional<std::int64_t>> max_seq_length_ =
      input<std::optional<std::int64_t>>("max_seq_length", std::nullopt);
  Input<std::optional<std::int64_t>> stride_ = input<std::optional<std::int64_t>>("stride", std::nullopt);
  Input<std::optional<std::int64_t>> max_batch_size_ =
      input<std::optional<std::int64_t>>("max_batch_size", std::nullopt);
  Input<std::optional<std::int64_t>> answers_per_seq_ =
      input<std::optional<std::int64_t>>("answers_per_seq", std::nullopt);
  Input<std::optional<bool>> no_answer_ = input<std::optional<bool>>("no_answer", std::nullopt);
  Input<std::optional<double>> overlap_threshold_ = input<std::optional<double>>("overlap_threshold", std::nullopt);
  Output<std::vector<ExtractedAnswer>> answers_ = output<std::vector<ExtractedAnswer>>("answers");
};

}  // namespace berth
