/// What stands on an encoder: classifiers, answers, language models.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "berth/encoder.h"
#include "engine/encoder/backbone.h"

namespace berth::encoder {

/// A choice of states, and what is computed from each of them in turn.
struct Head {
  enum class Rows { first_token, mean, all_tokens };
  using Step = std::variant<Linear, Activation, Norm>;

  EncoderTask task = EncoderTask::none;  ///< that of the model, in its own head
  Rows rows = Rows::all_tokens;
  std::vector<Step> steps = {};
  std::int64_t width = 0;  ///< of each row of the result

  /// [width, sequences or tokens], of the states [hidden, tokens].
  ggml_tensor* build(Graph& graph, ggml_tensor* states, const Pack& pack) const;
};

struct MadeHead {
  std::optional<Head> head = {};
  std::string missing_weight = {};  ///< for want of which there is no head
};

/// The head of a class of transformers, such as "BertForTokenClassification"; of no class, the head whose weights the file
/// holds. None where the file does not hold its weights, as where a model for embeddings was made of another. Throws
/// FormatError where it holds them in another shape.
MadeHead make_head(std::string_view model_class, const Config& config, const Sizes& sizes, Weights& weights);

/// The layer on the first token that BERT, RoBERTa and MPNet have in the base model, where the file holds it.
std::optional<Head> make_pooler(const Config& config, const Sizes& sizes, Weights& weights);

}  // namespace berth::encoder
