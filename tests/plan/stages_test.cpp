/// Cuts of layers into runs, against all the cuts that there are.
#include "plan/search/stages.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace berth::plan {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

/// Tries all: on each device a run of every length, from where the last one ended.
/// `items`: the last of `all`.
double least_seconds(const std::vector<StageItem>& items, std::size_t all, const std::vector<StageDevice>& devices,
                     std::size_t device, std::size_t placed) {
  if (device == devices.size()) return placed == items.size() ? 0 : never;
  double least = least_seconds(items, all, devices, device + 1, placed);
  std::uint64_t bytes = 0;
  double seconds = devices[device].entry_s;
  for (std::size_t end = placed; end < items.size(); ++end) {
    bytes += items[end].bytes;
    seconds += items[end].read_bytes * devices[device].s_per_byte + items[end].elsewhere_s;
    if (!devices[device].besides_s.empty()) seconds += devices[device].besides_s[all - items.size() + end];
    if (bytes > devices[device].room) break;
    least = std::min(least, seconds + least_seconds(items, all, devices, device + 1, end + 1));
  }
  return least;
}

TEST(Stages, AreTheQuickestThatThereAreAndNoneAreMissed) {
  std::mt19937 random(1);
  const auto below = [&](int end) { return std::uniform_int_distribution<int>(0, end - 1)(random); };
  int possible = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<StageItem> items(static_cast<std::size_t>(1 + below(7)));
    for (auto& item : items)
      item = {static_cast<std::uint64_t>(below(10)), 1.0 * below(10), below(3) == 0 ? 1.0 * below(5) : 0};
    std::vector<StageDevice> devices(static_cast<std::size_t>(below(5)));
    for (auto& device : devices) {
      device = {static_cast<std::uint64_t>(below(30)), 1.0 + below(5), 1.0 * below(4)};
      if (below(2) == 0)
        for (std::size_t i = 0; i < items.size(); ++i) device.besides_s.push_back(1.0 * below(3));
    }
    std::vector<double> start(items.size() + 1, never);
    start[0] = 0;
    for (auto& seconds : start)
      if (below(3) == 0) seconds = below(40);
    double least = never;
    for (std::size_t n = 0; n < start.size(); ++n) {
      const auto rest =
          least_seconds({items.begin() + static_cast<std::ptrdiff_t>(n), items.end()}, items.size(), devices, 0, 0);
      least = std::min(least, start[n] + rest);
    }
    const auto found = best_stages(items, devices, start);
    ASSERT_EQ(found.has_value(), least != never);
    if (!found) continue;
    ++possible;
    EXPECT_NEAR(found->seconds, least, 1e-9);
    std::size_t placed = found->start;
    for (const auto& run : found->runs) {
      EXPECT_EQ(run.first, placed);
      std::uint64_t bytes = 0;
      for (std::size_t i = 0; i < run.count; ++i) bytes += items[placed++].bytes;
      EXPECT_LE(bytes, devices[run.device].room);
    }
    EXPECT_EQ(placed, items.size());
  }
  EXPECT_GT(possible, 1000);
}

}  // namespace
}  // namespace berth::plan
