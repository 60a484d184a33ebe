/// The scores of one row in blocks of which the largest is known, so that looking for large scores skips most blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace berth {

/// A token that may be chosen.
struct Candidate {
  float score;
  std::int32_t token;  ///< the index of the score
};

/// The order of candidates: the larger score first, of equal scores the lower token.
inline bool larger(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score > b.score : a.token < b.token;
}

class ScoreBlocks {
 public:
  static constexpr std::size_t block_size = 256;
  static constexpr std::size_t blocks_of(std::size_t scores) { return (scores + block_size - 1) / block_size; }

  /// Writes the largest score of each block to `maxima` [blocks_of(scores.size())]: NaN where one of the block is NaN.
  static void find_maxima(std::span<const float> scores, std::span<float> maxima);

  /// Goes over all of `scores` once. They must outlive the calls below and stay as they are.
  void read(std::span<const float> scores);

  /// As read(scores), by what find_maxima() wrote of the same scores. Goes over them itself where `maxima` are not theirs.
  void read(std::span<const float> scores, std::span<const float> maxima);

  /// No score is NaN or plus infinity, and one at least is finite. The functions below need this.
  bool usable() const { return usable_; }

  float largest() const { return largest_; }

  /// The index of the largest score; the lowest index where several scores are equal.
  std::int32_t index_of_largest() const;

  /// Puts the finite scores of at least `bound` into `found`, lowest index first.
  void at_least(double bound, std::vector<Candidate>& found) const;

  /// Puts the `k` largest finite scores into `found` (fewer where there are fewer), in the order of larger().
  void largest(std::size_t k, std::vector<Candidate>& found) const;

  std::size_t size() const { return scores_.size(); }
  std::size_t n_blocks() const { return maxima_.size(); }
  std::span<const float> block(std::size_t b) const;

 private:
  void find_largest();
  float reached_by(std::size_t k) const;

  std::span<const float> scores_;
  std::vector<float> maxima_;  // one for each block
  float largest_ = 0;
  bool usable_ = false;
};

}  // namespace berth
