/// Encoders without their heads, one class for each family of architectures.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/encoder/config.h"
#include "engine/encoder/graph.h"
#include "engine/encoder/pack.h"
#include "engine/encoder/weights.h"

namespace berth::encoder {

/// The sizes of an encoder, as its configuration tells.
struct Sizes {
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t layers = 0;
  std::int64_t vocabulary = 0;
  std::int64_t token_types = 1;
  std::int64_t max_tokens = 0;   ///< of one sequence
  std::int64_t window = 0;       ///< of layers that attend to their neighbours only; 0: there are none
  std::int64_t embedding = 0;    ///< the width of the word embeddings
  ggml_tensor* words = nullptr;  ///< the word embeddings, which the output of a language model may share
};

class Backbone {
 public:
  virtual ~Backbone() = default;

  const Sizes& sizes() const { return sizes_; }

  /// The states after the last layer, [hidden, tokens].
  virtual ggml_tensor* build(Graph& graph, const Pack& pack) const = 0;

 protected:
  Sizes sizes_;
};

/// An architecture that is known.
struct Architecture {
  std::string_view model_type;  ///< in config.json: "xlm-roberta"
  std::string_view base;        ///< what stands before the names of its tensors under a head: "roberta"
  std::unique_ptr<Backbone> (*make)(const Config& config, Weights& weights);
};

/// Throws EngineError, which names those that are known.
const Architecture& architecture_of(const Config& config);
bool is_known(std::string_view model_type);

std::unique_ptr<Backbone> make_bert(const Config& config, Weights& weights);
std::unique_ptr<Backbone> make_roberta(const Config& config, Weights& weights);
std::unique_ptr<Backbone> make_distilbert(const Config& config, Weights& weights);
std::unique_ptr<Backbone> make_electra(const Config& config, Weights& weights);
std::unique_ptr<Backbone> make_mpnet(const Config& config, Weights& weights);
std::unique_ptr<Backbone> make_first_deberta(const Config& config, Weights& weights);
std::unique_ptr<Backbone> make_deberta(const Config& config, Weights& weights);  ///< v2 and v3
std::unique_ptr<Backbone> make_modernbert(const Config& config, Weights& weights);

}  // namespace berth::encoder
