/// Scores of the next token, taken where llama.cpp computes them.
#pragma once

#include <llama.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace berth::llama {

/// A node of the graph finds the largest score of each block on the threads that computed the scores, while these are in the
/// processor's caches, and llama.cpp copies none of them. Of one context that computes on the CPU alone.
class ScoreTaps {
 public:
  struct Scores {
    std::span<float> all;           ///< [n_vocab], until the next computation
    std::span<const float> maxima;  ///< as ScoreBlocks::find_maxima() writes them
  };

  ScoreTaps(const llama_vocab& vocab, std::uint32_t sequences);
  ~ScoreTaps();

  /// Before the context is made; it must end before this.
  void attach(llama_context_params& params);

  /// Before each computation. `room` [sequences, n_vocab] keeps scores that a later part of the computation would write over; without
  /// it no other part may follow.
  void begin(float* room);

  /// Of the last token of `sequence` that was computed; empty where there is none.
  Scores of(llama_seq_id sequence) const;

 private:
  struct Tap;

  std::size_t n_vocab_;
  std::vector<std::unique_ptr<Tap>> taps_;  // by sequence
  std::vector<llama_sampler_seq_config> configs_;
};

}  // namespace berth::llama
