/// The likeliest texts instead of the likeliest next token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "berth/engine.h"
#include "engine/score_blocks.h"

namespace berth {

/// Beam search over the continuations of one prompt, as transformers 4.57 does it (`_beam_search` in generation/utils.py). It
/// follows `num_beams` texts at the same time, and keeps as many that are complete. Of texts that are equally good the one of
/// the earlier beam comes first, then that of the lower token.
class BeamSearch {
 public:
  /// A text that is not complete.
  struct Beam {
    std::vector<std::int32_t> tokens = {};  ///< that were generated
    double score = 0;                       ///< their log probability, with the repetition penalty
    std::size_t from = 0;                   ///< the beam that it continues, by its index before the last step
  };
  struct Complete {
    std::vector<std::int32_t> tokens;
    double score;  ///< with the length penalty
    FinishReason reason;
  };

  struct Rules {
    GenerationOptions options;  ///< `max_new_tokens` as far as the context reaches
    std::size_t end_tokens;     ///< how many tokens end a text
    /// Whether a text ends with its last token, and why.
    std::function<std::optional<FinishReason>(std::span<const std::int32_t> tokens)> end;
  };

  /// `prompt` counts for the repetition penalty.
  BeamSearch(Rules rules, std::span<const std::int32_t> prompt);

  /// Those whose next scores are wanted, the best first; one without tokens at the beginning, none when it is over.
  const std::vector<Beam>& beams() const { return beams_; }

  /// Goes on by a token. `scores` [n_vocab] of each beam are changed where there is a repetition penalty. False, and nothing
  /// was done, where they say nothing: one is NaN or plus infinity, or all of a beam are minus infinity.
  bool step(std::span<const std::span<float>> scores);

  /// Ends the search: its beams are complete as they are.
  void end(FinishReason reason);

  /// The best first.
  const std::vector<Complete>& complete() const { return complete_; }

 private:
  struct Continuation {
    double score;
    std::size_t beam;
    std::int32_t token;
  };

  std::optional<std::vector<Continuation>> continuations(std::span<const std::span<float>> scores);
  void penalize(const Beam& beam, double total, std::span<float> scores) const;
  void add_complete(std::vector<std::int32_t> tokens, double score, FinishReason reason);
  bool is_over() const;

  Rules rules_;
  std::size_t width_;
  std::vector<std::int32_t> prompt_;  // each token once, in order
  std::vector<Beam> beams_ = {Beam()};
  std::vector<Complete> complete_;
};

}  // namespace berth
