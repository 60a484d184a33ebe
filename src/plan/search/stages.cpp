#include "plan/search/stages.h"

#include <algorithm>
#include <deque>
#include <limits>

namespace berth::plan {
namespace {

constexpr double unreached = std::numeric_limits<double>::infinity();

/// Sums over the first n items.
struct Sums {
  std::vector<std::uint64_t> bytes = {0};
  std::vector<double> read_bytes = {0};
  std::vector<double> elsewhere_s = {0};

  explicit Sums(const std::vector<StageItem>& items) {
    for (const auto& item : items) {
      bytes.push_back(bytes.back() + item.bytes);
      read_bytes.push_back(read_bytes.back() + item.read_bytes);
      elsewhere_s.push_back(elsewhere_s.back() + item.elsewhere_s);
    }
  }
};

}  // namespace

std::optional<Stages> best_stages(const std::vector<StageItem>& items, const std::vector<StageDevice>& devices,
                                  const std::vector<double>& start_s) {
  const Sums sums(items);
  const auto n = items.size();
  // best[i]: seconds with the first i items placed. from[d][i]: where the run of device d that ends at i starts.
  auto best = start_s;
  std::vector<std::vector<std::uint32_t>> from(devices.size(), std::vector<std::uint32_t>(n + 1));
  for (std::size_t d = 0; d < devices.size(); ++d) {
    const auto& device = devices[d];
    std::vector<double> besides_s = {0};
    for (std::size_t i = 0; i < n; ++i)
      besides_s.push_back(besides_s.back() + (device.besides_s.empty() ? 0 : device.besides_s[i]));
    // Seconds of the first i items, were they all on the device.
    const auto seconds_of_first = [&](std::size_t i) {
      return sums.read_bytes[i] * device.s_per_byte + sums.elsewhere_s[i] + besides_s[i];
    };
    // Seconds of a run from j to i: best[j] + entry + seconds_of_first(i) - seconds_of_first(j). The j that can be are a
    // window that moves on with i; the deque holds those that can still become the least.
    const auto key = [&](std::size_t j) { return best[j] - seconds_of_first(j); };
    std::deque<std::size_t> window;
    auto after = best;
    for (std::size_t i = 0; i <= n; ++i) {
      from[d][i] = static_cast<std::uint32_t>(i);  // the device is not used
      while (!window.empty() && sums.bytes[i] - sums.bytes[window.front()] > device.room) window.pop_front();
      if (!window.empty()) {
        const auto j = window.front();
        const double seconds = key(j) + device.entry_s + seconds_of_first(i);
        if (seconds < after[i]) {
          after[i] = seconds;
          from[d][i] = static_cast<std::uint32_t>(j);
        }
      }
      if (best[i] == unreached) continue;
      while (!window.empty() && key(window.back()) >= key(i)) window.pop_back();
      window.push_back(i);
    }
    best = std::move(after);
  }
  if (best[n] == unreached) return std::nullopt;
  Stages stages{n, {}, best[n]};
  for (std::size_t d = devices.size(); d-- > 0;) {
    const std::size_t first = from[d][stages.start];
    if (first == stages.start) continue;
    stages.runs.push_back({d, first, stages.start - first});
    stages.start = first;
  }
  std::ranges::reverse(stages.runs);
  return stages;
}

}  // namespace berth::plan
