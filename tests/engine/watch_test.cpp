#include "berth/watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace berth {
namespace {

constexpr std::uint64_t mib = 1 << 20;

Inventory machine(std::uint64_t free_bytes, bool with_gpu = false) {
  Inventory inventory;
  inventory.devices = {{.device = Device::cpu(), .pool = "ram", .total_bytes = 1000 * mib, .free_bytes = free_bytes}};
  inventory.pools = {{"ram", PoolKind::host, 1000 * mib, free_bytes, {}}};
  if (with_gpu) inventory.devices.push_back({.device = Device::gpu(0), .pool = "ram", .uuid = "GPU-1"});
  return inventory;
}

/// What is told of a machine that is first `start` and then each of `looks`, the last one again and again.
std::vector<InventoryChange> first_told(const Inventory& start, std::vector<Inventory> looks) {
  std::promise<std::vector<InventoryChange>> told;
  std::atomic<bool> done = false;
  std::size_t at = 0;
  const auto look = [&] { return looks[std::min(at++, looks.size() - 1)]; };
  const auto tell = [&](const Inventory&, const std::vector<InventoryChange>& changes) {
    if (!done.exchange(true)) told.set_value(changes);
  };
  const Watch watch(start, tell, {.interval = std::chrono::milliseconds(1), .min_change_bytes = 64 * mib, .look = look});
  return told.get_future().get();
}

TEST(Watch, TellsWhenMemoryChangesByMoreThanALittle) {
  const auto changes = first_told(machine(500 * mib), {machine(499 * mib), machine(470 * mib), machine(430 * mib)});
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes[0].field, "free_bytes");
  EXPECT_EQ(changes[0].before, Value(500 * mib)) << "small changes add up";
  EXPECT_EQ(changes[0].after, Value(430 * mib));
}

TEST(Watch, TellsOfDevicesThatComeAndGo) {
  const auto came = first_told(machine(500 * mib), {machine(500 * mib, true)});
  ASSERT_EQ(came.size(), 1U);
  EXPECT_EQ(came[0].what, "cuda:0");
  EXPECT_TRUE(came[0].before.is_null());
  const auto went = first_told(machine(500 * mib, true), {machine(500 * mib)});
  ASSERT_EQ(went.size(), 1U);
  EXPECT_TRUE(went[0].after.is_null());
}

TEST(Watch, EndsQuicklyWhateverTheIntervalIs) {
  std::atomic<int> looks = 0;
  {
    const Watch watch(machine(1), [](const auto&, const auto&) {},
                      {.interval = std::chrono::hours(24), .look = [&] { ++looks; return machine(1); }});
  }
  EXPECT_EQ(looks, 0);
}

TEST(Watch, AnExceptionEndsTheWatchingAndNotTheProgram) {
  std::promise<void> looked;
  std::atomic<int> looks = 0;
  const auto look = [&]() -> Inventory {
    if (++looks == 1) looked.set_value();
    throw std::runtime_error("no");
  };
  const Watch watch(machine(1), [](const auto&, const auto&) {}, {.interval = std::chrono::milliseconds(1), .look = look});
  looked.get_future().get();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(looks, 1);
}

}  // namespace
}  // namespace berth
