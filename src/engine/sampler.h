/// From the scores of the next token to the token.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "berth/engine.h"
#include "engine/score_blocks.h"

namespace berth {

/// Chooses the tokens of one completion by GenerationOptions, in the order that transformers uses: repetition penalty,
/// temperature, top_k, top_p, min_p. Tokens of a score of minus infinity are never chosen.
class Sampler {
 public:
  /// `prompt` counts for the repetition penalty. `n_vocab` > 0; the tokens of the prompt are below it.
  Sampler(const GenerationOptions& options, std::uint32_t seed, std::span<const std::int32_t> prompt,
          std::size_t n_vocab);

  /// The next token by `scores` [n_vocab], which are changed meanwhile and as they were afterwards. None where they say
  /// nothing: one is NaN or plus infinity, or all are minus infinity. `maxima` are what ScoreBlocks::find_maxima() says of
  /// them, or empty.
  std::optional<std::int32_t> next(std::span<float> scores, std::span<const float> maxima = {});

  /// Whether next() is quicker with the maxima.
  bool uses_maxima() const { return is_seen_.empty(); }

  /// As if next() had answered `token`, which is below n_vocab.
  void accept(std::int32_t token);

 private:
  class Penalized;

  void remember(std::int32_t token);
  std::int32_t sample();
  std::int32_t draw();
  std::int32_t draw_from_all();
  double weigh();
  double weigh_blocks();
  void gather(double part);
  void cut(std::size_t count);

  bool do_sample_;
  double temperature_;
  std::size_t top_k_;  // the whole vocabulary where it is off
  double top_p_;
  double min_p_;
  double penalty_;
  std::vector<bool> is_seen_;       // by token; empty without a penalty
  std::vector<std::int32_t> seen_;  // each token once
  std::mt19937 random_;

  // Of one token; kept for their room.
  ScoreBlocks blocks_;
  std::vector<Candidate> candidates_;
  std::vector<double> weights_;  // of the candidates; of the blocks where all tokens are candidates
  std::vector<float> unpenalized_;
};

}  // namespace berth
