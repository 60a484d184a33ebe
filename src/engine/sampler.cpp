#include "engine/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/softmax.h"

namespace berth {

/// Scores of tokens that were there already, lowered while this lives.
class Sampler::Penalized {
 public:
  Penalized(Sampler& sampler, std::span<float> scores) : sampler_(sampler), scores_(scores) {
    constexpr double most = std::numeric_limits<float>::max();
    sampler_.unpenalized_.clear();
    for (const auto token : sampler_.seen_) {
      float& score = scores_[static_cast<std::size_t>(token)];
      sampler_.unpenalized_.push_back(score);
      if (!std::isfinite(score)) continue;
      const double exact = score;
      const double lowered = exact <= 0 ? exact * sampler_.penalty_ : exact / sampler_.penalty_;
      score = static_cast<float>(std::clamp(lowered, -most, most));
    }
  }
  ~Penalized() {
    for (std::size_t i = 0; i < sampler_.unpenalized_.size(); ++i)
      scores_[static_cast<std::size_t>(sampler_.seen_[i])] = sampler_.unpenalized_[i];
  }
  Penalized(const Penalized&) = delete;
  Penalized& operator=(const Penalized&) = delete;

 private:
  Sampler& sampler_;
  std::span<float> scores_;
};

Sampler::Sampler(const GenerationOptions& options, std::uint32_t seed, std::span<const std::int32_t> prompt,
                 std::size_t n_vocab)
    : do_sample_(options.do_sample),
      temperature_(options.temperature),
      top_k_(options.top_k > 0 ? std::min(static_cast<std::size_t>(options.top_k), n_vocab) : n_vocab),
      top_p_(options.top_p),
      min_p_(options.min_p),
      penalty_(options.repetition_penalty),
      random_(seed) {
  if (penalty_ == 1) return;
  is_seen_.resize(n_vocab);
  for (const auto token : prompt) remember(token);
}

void Sampler::remember(std::int32_t token) {
  if (is_seen_.empty() || is_seen_[static_cast<std::size_t>(token)]) return;
  is_seen_[static_cast<std::size_t>(token)] = true;
  seen_.push_back(token);
}

std::optional<std::int32_t> Sampler::next(std::span<float> scores, std::span<const float> maxima) {
  std::optional<std::int32_t> token;
  {
    const Penalized penalized(*this, scores);
    blocks_.read(scores, uses_maxima() ? maxima : std::span<const float>());
    if (blocks_.usable()) token = do_sample_ ? sample() : blocks_.index_of_largest();
  }
  if (token) remember(*token);
  return token;
}

void Sampler::accept(std::int32_t token) {
  if (do_sample_) (void)std::uniform_real_distribution<double>()(random_);  // one number a token, see draw()
  remember(token);
}

std::int32_t Sampler::sample() {
  const std::size_t n_vocab = blocks_.size();
  const double least = min_p_ > 0 ? blocks_.largest() + temperature_ * std::log(min_p_) : -HUGE_VAL;
  double total = 0;  // of the weights from which top_p takes its part
  if (top_k_ < n_vocab) {
    blocks_.largest(top_k_, candidates_);
    total = weigh();
  } else if (top_p_ < 1) {
    total = weigh_blocks();
    gather(top_p_ * total);
  } else if (min_p_ > 0) {
    blocks_.at_least(least, candidates_);
    weigh();
  } else {
    return draw_from_all();
  }

  if (top_p_ < 1) {
    std::size_t count = 0;
    for (double sum = 0; count < weights_.size() && sum < top_p_ * total; ++count) sum += weights_[count];
    cut(count);
  }
  if (min_p_ > 0)
    cut(static_cast<std::size_t>(std::ranges::count_if(candidates_, [&](const auto& c) { return c.score >= least; })));
  return draw();
}

/// Candidates whose weights are `part` or more together, the likeliest first. A few tokens, as a rule.
void Sampler::gather(double part) {
  double depth = 4;  // below the largest, in temperatures; e^-200 is nothing
  do blocks_.at_least(blocks_.largest() - depth * temperature_, candidates_);
  while (weigh() < part && (depth *= 1.5) < 200);
  std::ranges::sort(candidates_, larger);
  weigh();
}

/// Weights of the candidates: their probabilities, up to a factor. Answers their sum.
double Sampler::weigh() {
  weights_.clear();
  const double largest = blocks_.largest();
  for (const auto& candidate : candidates_) weights_.push_back(std::exp((candidate.score - largest) / temperature_));
  return std::accumulate(weights_.begin(), weights_.end(), 0.0);
}

/// Weights of the blocks, where every token is a candidate. Answers their sum.
double Sampler::weigh_blocks() {
  weights_.clear();
  std::array<float, ScoreBlocks::block_size> weights;
  for (std::size_t b = 0; b < blocks_.n_blocks(); ++b)
    weights_.push_back(softmax_weights(blocks_.block(b), blocks_.largest(), temperature_, weights));
  return std::accumulate(weights_.begin(), weights_.end(), 0.0);
}

/// Keeps the first `count` candidates.
void Sampler::cut(std::size_t count) {
  candidates_.resize(count);
  weights_.resize(count);
}

namespace {
/// The index at which the sum of `weights` so far goes beyond `target`. Takes from `target` what comes before.
/// The last one that has a weight, where rounding keeps the sum below.
template <class Weights>
std::size_t index_at(const Weights& weights, double& target) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < std::size(weights); ++i) {
    if (weights[i] <= 0) continue;
    last = i;
    if (target < weights[i]) break;
    target -= weights[i];
  }
  return last;
}
}  // namespace

std::int32_t Sampler::draw() {
  double target =
      std::uniform_real_distribution<double>()(random_) * std::accumulate(weights_.begin(), weights_.end(), 0.0);
  return candidates_[index_at(weights_, target)].token;
}

std::int32_t Sampler::draw_from_all() {
  double target = weigh_blocks() * std::uniform_real_distribution<double>()(random_);
  const auto b = index_at(weights_, target);
  const auto scores = blocks_.block(b);
  std::array<float, ScoreBlocks::block_size> weights;
  softmax_weights(scores, blocks_.largest(), temperature_, weights);
  return static_cast<std::int32_t>(b * ScoreBlocks::block_size +
                                   index_at(std::span(weights).first(scores.size()), target));
}

}  // namespace berth
