#include "engine/beam_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

#include "engine/softmax.h"

namespace berth {
namespace {

/// The logarithm of the sum of e^score. `scores` are usable.
double log_of_sum(const ScoreBlocks& scores) {
  std::array<float, ScoreBlocks::block_size> weights;
  double sum = 0;
  for (std::size_t b = 0; b < scores.n_blocks(); ++b)
    sum += softmax_weights(scores.block(b), scores.largest(), 1, weights);
  return static_cast<double>(scores.largest()) + std::log(sum);
}

std::vector<std::int32_t> each_once(std::vector<std::int32_t> tokens) {
  std::ranges::sort(tokens);
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

double with_length_penalty(double score, std::size_t tokens, double penalty) {
  return score / std::pow(static_cast<double>(tokens), penalty);
}

}  // namespace

BeamSearch::BeamSearch(Rules rules, std::span<const std::int32_t> prompt)
    : rules_(std::move(rules)),
      width_(static_cast<std::size_t>(rules_.options.num_beams)),
      prompt_(each_once({prompt.begin(), prompt.end()})) {}

bool BeamSearch::step(std::span<const std::span<float>> scores) {
  const auto found = continuations(scores);
  if (!found) return false;
  std::vector<Beam> next;
  for (std::size_t i = 0; i < found->size() && (i < width_ || next.size() < width_); ++i) {
    const auto& [score, beam, token] = (*found)[i];
    auto tokens = beams_[beam].tokens;
    tokens.push_back(token);
    auto reason = rules_.end(tokens);
    if (!reason && tokens.size() >= static_cast<std::size_t>(rules_.options.max_new_tokens))
      reason = FinishReason::length;
    if (!reason && next.size() < width_)
      next.push_back({std::move(tokens), score, beam});
    else if (reason && i < width_)  // the others are there only so that enough beams go on
      add_complete(std::move(tokens), score, *reason);
  }
  beams_ = std::move(next);
  if (is_over()) beams_.clear();
  return true;
}

/// The best of all beams, in order: so many that `width_` of them end with no end token.
std::optional<std::vector<BeamSearch::Continuation>> BeamSearch::continuations(
    std::span<const std::span<float>> scores) {
  const std::size_t most = std::max<std::size_t>(2, 1 + rules_.end_tokens) * width_;
  std::vector<Continuation> all;
  std::vector<Candidate> best;
  ScoreBlocks blocks;
  for (std::size_t i = 0; i < beams_.size(); ++i) {
    blocks.read(scores[i]);
    if (!blocks.usable()) return std::nullopt;
    const double total = log_of_sum(blocks);
    if (rules_.options.repetition_penalty != 1) {
      penalize(beams_[i], total, scores[i]);
      blocks.read(scores[i]);
    }
    blocks.largest(most, best);
    for (const auto& each : best)
      all.push_back({beams_[i].score + (static_cast<double>(each.score) - total), i, each.token});
  }
  std::ranges::stable_sort(all, std::greater(), &Continuation::score);
  all.resize(std::min(all.size(), most));
  return all;
}

/// Of log probabilities, other than without beams: no token gets likelier by a penalty above 1.
void BeamSearch::penalize(const Beam& beam, double total, std::span<float> scores) const {
  const auto penalize_one = [&](std::int32_t token) {
    float& score = scores[static_cast<std::size_t>(token)];
    if (std::isfinite(score))
      score = static_cast<float>(total + (static_cast<double>(score) - total) * rules_.options.repetition_penalty);
  };
  std::ranges::for_each(prompt_, penalize_one);
  for (const auto token : each_once(beam.tokens))
    if (!std::ranges::binary_search(prompt_, token)) penalize_one(token);
}

void BeamSearch::add_complete(std::vector<std::int32_t> tokens, double score, FinishReason reason) {
  score = with_length_penalty(score, tokens.size(), rules_.options.length_penalty);
  const auto place = std::ranges::upper_bound(complete_, score, std::greater(), &Complete::score);
  complete_.insert(place, {std::move(tokens), score, reason});
  if (complete_.size() > width_) complete_.pop_back();
}

bool BeamSearch::is_over() const {
  if (beams_.empty()) return true;
  if (complete_.size() < width_) return false;
  const auto& options = rules_.options;
  if (options.early_stopping == EarlyStopping::on) return true;
  // A penalty above 0 is for the longer texts.
  const bool longest = options.early_stopping == EarlyStopping::never && options.length_penalty > 0;
  const auto tokens = longest ? static_cast<std::size_t>(options.max_new_tokens) : beams_[0].tokens.size();
  return with_length_penalty(beams_[0].score, tokens, options.length_penalty) <= complete_.back().score;
}

void BeamSearch::end(FinishReason reason) {
  for (auto& beam : std::exchange(beams_, {}))
    if (!beam.tokens.empty()) add_complete(std::move(beam.tokens), beam.score, reason);
}

}  // namespace berth
