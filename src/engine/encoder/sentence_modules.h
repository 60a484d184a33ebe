/// What makes one embedding of the states of a text: the modules of sentence-transformers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/torch_activation.h"

namespace berth::encoder {

/// sentence_transformers.models.Pooling: the modes that are set, one after the other in the embedding.
struct Pooling {
  bool cls = false, max = false, mean = false, mean_sqrt_len = false, weighted_mean = false, last_token = false;
  bool include_prompt = true;
};

/// sentence_transformers.sparse_encoder.models.SpladePooling, over the logits of a masked language model.
struct SpladePooling {
  bool sums = false;  ///< over the tokens, instead of the largest
  bool second_log1p = false;
};

struct Dense {
  std::size_t in = 0, out = 0;
  std::vector<float> weight;  ///< [out, in]
  std::vector<float> bias;    ///< empty: none
  RowFunction activation = nullptr;
};

struct SentenceNorm {
  std::vector<float> weight, bias;
};

struct Normalize {};

class SentenceModules {
 public:
  /// The modules after the transformer in the model's folder, where modules.json is; else a mean over the tokens. `hidden`
  /// and `vocabulary` are sizes of the model. Throws FormatError and EngineError (a module that is not known).
  static SentenceModules read(const std::filesystem::path& folder, std::size_t hidden, std::size_t vocabulary);

  /// The folder of the transformer itself: `folder`, or the one in it that modules.json names.
  static std::filesystem::path transformer_folder(const std::filesystem::path& folder);

  bool from_logits() const { return splade_.has_value(); }  ///< instead of from the states
  std::size_t width() const { return width_; }              ///< of the embedding
  std::uint64_t bytes() const;                              ///< of the weights
  /// What is computed otherwise than the files say, in sentences.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// `rows` are the states, or the logits, of one sequence; the first `prompt_tokens` of them are a prompt.
  std::vector<float> embed(std::span<const float> rows, std::size_t tokens, std::size_t prompt_tokens) const;

 private:
  using Step = std::variant<Dense, SentenceNorm, Normalize>;

  void add_dense(const std::filesystem::path& folder);
  /// False: a module that cannot be computed.
  bool add(const std::string& type, const std::filesystem::path& folder, std::size_t hidden, std::size_t vocabulary);

  Pooling pooling_{.mean = true};
  std::optional<SpladePooling> splade_;
  std::vector<Step> steps_;
  std::size_t width_ = 0;
  std::vector<std::string> warnings_;
};

/// The pooled states of one sequence, [tokens, width]. Throws nothing; a text whose tokens are all prompt gives 0.
std::vector<float> pooled(const Pooling& pooling, std::span<const float> states, std::size_t tokens,
                          std::size_t prompt_tokens);
std::vector<float> pooled(const SpladePooling& pooling, std::span<const float> logits, std::size_t tokens);

}  // namespace berth::encoder
