/// How a planner finds the longest context that fits.
#include <algorithm>
#include <utility>

#include "plan/context_steps.h"
#include "plan/planner.h"
#include "plan/search/least_that.h"

namespace berth::plan {
namespace {

constexpr int most_guesses = 6;

/// The lengths between a least and a most one.
class Lengths {
 public:
  Lengths(int least, int most, int step) : least_(least), most_(most), step_(step) {}

  int count() const { return steps_between(least_, most_, step_) + 1; }
  int operator[](int step) const { return std::min(least_ + step * step_, most_); }

 private:
  int least_;
  int most_;
  int step_;
};

}  // namespace

/// Steps above `context.n_ctx`, between `fits` and `too_long`: the most that could fit with compute buffers as `known`.
int Planner::guessed_context(ContextSpec context, int fits, int too_long, const FixedBytes& known) const {
  const PlacementSearch search(machine_, request_, memory_.whole);
  const int least = context.n_ctx;
  const auto first_too_long =
      least_that(static_cast<std::uint64_t>(fits), static_cast<std::uint64_t>(too_long), [&](std::uint64_t steps) {
        context.n_ctx = least + static_cast<int>(steps) * context_step(context);
        return !search.could_fit(parts_of(profile_, request_, context, memory_.stored), known);
      });
  return std::clamp(static_cast<int>(first_too_long) - 1, fits + 1, too_long - 1);
}

std::optional<Planner::Longest> Planner::longest_context(ContextSpec context, int least) {
  const Lengths lengths(least, context.n_ctx, context_step(context));
  context.n_ctx = least;
  auto found = find(context);
  if (!found) return std::nullopt;
  const auto shortest = context;
  const PlacementSearch search(machine_, request_, memory_.whole);
  int fits = 0;  // of the lengths
  int too_long = lengths.count();
  // As long as what was found fits where it is.
  const auto stretch = [&] {
    for (int unknown = too_long; unknown - fits > 1;) {
      const int middle = fits + (unknown - fits) / 2;
      context.n_ctx = lengths[middle];
      auto use = memory_.whole(found->placement, context);
      if (!search.shortfalls(use).empty()) {
        unknown = middle;
        continue;
      }
      fits = middle;
      found->use = std::move(use);
    }
  };
  stretch();
  auto known = fixed_bytes(found->use);
  const auto fits_at = [&](int step) {
    context.n_ctx = lengths[step];
    const auto longer = find(context, known);
    if (longer) {
      found = longer;
      fits = step;
      stretch();
    } else {
      too_long = step;
    }
    known = fixed_bytes(longer ? found->use : memory_.whole(found->placement, context));
    return longer.has_value();
  };
  for (bool is_sure = false; !is_sure;) {
    int round = 0;
    while (too_long - fits > 1) {
      (void)fits_at(round < most_guesses ? guessed_context(shortest, fits, too_long, known)
                                         : fits + (too_long - fits) / 2);
      ++round;
    }
    // What a short search did not find, a long one may.
    const auto short_share = std::exchange(share_, part_of_a_probe * share_);
    too_long = lengths.count();
    is_sure = fits + 1 == too_long || !fits_at(fits + 1);
    share_ = short_share;
  }
  return Longest{lengths[fits], *std::move(found)};
}

}  // namespace berth::plan
