#include "engine/computing.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace berth {
namespace {

using Duration = Computing::Clock::duration;

struct Sample {
  std::size_t tokens;
  Duration time;
};

struct Calls {
  std::mutex mutex;
  std::uint64_t number = 0;
  std::vector<std::size_t> running;  // tokens of each
  std::optional<Sample> one;         // the last call of a single token
  std::optional<Sample> several;
};

Calls& calls() {
  static auto& it = *new Calls;  // threads may outlive this file's objects
  return it;
}

thread_local Sample left_to_next{};

/// A batch takes no longer than its parts one after the other.
std::optional<Duration> usual_time(const Calls& all, std::size_t tokens) {
  std::optional<Duration> shortest;
  for (const auto& sample : {all.one, all.several}) {
    if (!sample) continue;
    const auto parts = (tokens + sample->tokens - 1) / sample->tokens;
    const auto time = sample->time * static_cast<Duration::rep>(parts);
    shortest = shortest ? std::min(*shortest, time) : time;
  }
  return shortest;
}

}  // namespace

Computing::Computing(std::size_t tokens, bool waits)
    : tokens_(std::max<std::size_t>(tokens + left_to_next.tokens, 1)), waits_(waits) {
  const std::lock_guard lock(calls().mutex);
  ++calls().number;
  calls().running.push_back(tokens_);
}

Computing::~Computing() {
  left_to_next = waits_ ? Sample{} : Sample{tokens_, Clock::now() - started_ + left_to_next.time};
  const std::lock_guard lock(calls().mutex);
  ++calls().number;
  calls().running.erase(std::ranges::find(calls().running, tokens_));
}

void Computing::finish() {
  const Sample sample{tokens_, Clock::now() - started_ + left_to_next.time};
  const std::lock_guard lock(calls().mutex);
  (tokens_ == 1 ? calls().one : calls().several) = sample;
}

Computing::Now Computing::now() {
  const std::lock_guard lock(calls().mutex);
  Now now{.number = calls().number};
  for (const auto tokens : calls().running) {  // each may wait for the others
    const auto time = usual_time(calls(), tokens);
    if (!time) return {.number = now.number};
    now.usual = now.usual.value_or(Duration::zero()) + *time;
  }
  return now;
}

}  // namespace berth
