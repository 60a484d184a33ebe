#include "berth/watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
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
  const Watch watch(start, tell,
                    {.interval = std::chrono::milliseconds(1), .min_change_bytes = 64 * mib, .look = look});
  return told.get_future().get();
}

/// What is told of a machine that looks like each of `looks` in turn, all at once.
std::vector<InventoryChange> all_told(const Inventory& start, const std::vector<Inventory>& looks) {
  std::vector<InventoryChange> told;
  std::promise<void> over;
  std::size_t at = 0;
  const auto look = [&] {
    if (at < looks.size()) return looks[at++];
    over.set_value();
    throw std::runtime_error("no more looks");
  };
  const auto tell = [&](const Inventory&, const std::vector<InventoryChange>& changes) {
    told.insert(told.end(), changes.begin(), changes.end());
  };
  const Watch watch(start, tell,
                    {.interval = std::chrono::milliseconds(1), .min_change_bytes = 64 * mib, .look = look});
  over.get_future().get();
  return told;
}

/// All that is known of a CPU and a GPU, as it is at each look: nothing of it is ever twice the same.
Inventory busy_machine(int look) {
  auto inventory = machine(500 * mib + static_cast<std::uint64_t>(look), true);
  auto& cpu = inventory.devices[0].cpu.emplace();
  cpu.numa_nodes = {
      {.total_bytes = 1000 * mib, .free_bytes = 500 * mib - static_cast<std::uint64_t>(look) * 100 * mib}};
  cpu.swap_total_bytes = 1000 * mib;
  cpu.swap_free_bytes = static_cast<std::uint64_t>(look) * 100 * mib;
  cpu.huge_pages_free = static_cast<std::uint64_t>(look);
  auto& gpu = inventory.devices[1].gpu.emplace();
  gpu.power_w = 100 + look;
  gpu.temperature_c = 40 + look;
  inventory.devices[1].speed = {.memory_bytes_per_s = 1e9 + look};
  inventory.links = {{.from = "cpu", .to = "cuda:0", .bytes_per_s = 1e9 + look, .latency_us = 5 + look}};
  return inventory;
}

TEST(Watch, TellsNothingOfWhatChangesAllTheTime) {
  EXPECT_EQ(all_told(busy_machine(0), {busy_machine(1), busy_machine(2), busy_machine(3)}),
            std::vector<InventoryChange>());
}

TEST(Watch, TellsOfThrottlingAlsoAfterAProbeWasLate) {
  auto throttled = busy_machine(2);
  throttled.devices[1].gpu->throttled_by = {"heat"};
  auto late = busy_machine(1);
  late.devices[1].gpu.reset();
  for (const auto& looks : {std::vector{throttled}, {late, throttled}}) {
    const auto told = all_told(busy_machine(0), looks);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].str(), "cuda:0 gpu.throttled_by: null -> [\"heat\"]");
  }
}

TEST(Watch, TellsOfMemoryThatChangesSlowlyWhateverElseIsTold) {
  std::vector<Inventory> looks;
  for (std::uint64_t look = 1; look <= 10; ++look) {
    auto now = machine((500 - 10 * look) * mib, true);
    now.devices[1].gpu.emplace();
    if (look % 2 == 1) now.devices[1].gpu->throttled_by = {"power"};
    looks.push_back(now);
  }
  std::vector<InventoryChange> memory;
  for (const auto& change : all_told(machine(500 * mib, true), looks))
    if (change.field == "free_bytes") memory.push_back(change);
  ASSERT_EQ(memory.size(), 2U);
  EXPECT_EQ(memory[0], (InventoryChange{"cpu", "free_bytes", 500 * mib, 430 * mib}));
  EXPECT_EQ(memory[1], (InventoryChange{"pool ram", "free_bytes", 500 * mib, 430 * mib}));
}

TEST(Watch, KeepsFreeMemoryWithTheDeviceAfterItsIndexChanged) {
  const auto two = [](int of_a, int of_b, std::uint64_t free_of_a) {
    auto now = machine(500 * mib);
    for (const auto& [index, uuid, free] : {std::tuple(of_a, "A", free_of_a), {of_b, "B", 300 * mib}}) {
      const auto device = Device::gpu(index);
      now.devices.push_back(
          {.device = device, .pool = device.str(), .total_bytes = 900 * mib, .free_bytes = free, .uuid = uuid});
      now.pools.push_back({device.str(), PoolKind::device, 900 * mib, free, {}});
    }
    return now;
  };
  const auto told = all_told(two(0, 1, 800 * mib), {two(1, 0, 760 * mib), two(1, 0, 720 * mib)});
  std::vector<InventoryChange> memory;
  for (const auto& change : told)
    if (change.field == "free_bytes") memory.push_back(change);
  ASSERT_EQ(memory.size(), 2U);
  EXPECT_EQ(memory[0], (InventoryChange{"cuda:1", "free_bytes", 800 * mib, 720 * mib}));
  EXPECT_EQ(memory[1], (InventoryChange{"pool cuda:1", "free_bytes", 800 * mib, 720 * mib}));
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
    const Watch watch(machine(1), [](const auto&, const auto&) {}, {.interval = std::chrono::hours(24), .look = [&] {
                                                                      ++looks;
                                                                      return machine(1);
                                                                    }});
  }
  EXPECT_EQ(looks, 0);
}

template <class Exception>
void expect_to_end_at(const Exception& exception) {
  std::promise<void> looked;
  std::atomic<int> looks = 0;
  const auto look = [&]() -> Inventory {
    if (++looks == 1) looked.set_value();
    throw exception;
  };
  const Watch watch(machine(1), [](const auto&, const auto&) {},
                    {.interval = std::chrono::milliseconds(1), .look = look});
  looked.get_future().get();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(looks, 1);
}

TEST(Watch, AnExceptionOfAnyTypeEndsTheWatchingAndNotTheProgram) {
  expect_to_end_at(std::runtime_error("no"));
  expect_to_end_at(7);
}

TEST(Watch, CanEndInItsOwnCallback) {
  const auto ended = std::make_shared<std::promise<void>>();  // the thread outlives the test by a moment
  std::unique_ptr<Watch> watch;
  std::promise<void> made;
  auto is_made = made.get_future();
  const auto tell = [&, ended](const auto&, const auto&) {
    is_made.wait();
    watch.reset();
    ended->set_value();  // a second call would throw
  };
  bool with_gpu = false;
  watch = std::make_unique<Watch>(machine(1), tell, WatchOptions{.interval = std::chrono::milliseconds(1), .look = [&] {
                                                                   return machine(1, with_gpu = !with_gpu);
                                                                 }});
  made.set_value();
  ended->get_future().get();
  EXPECT_EQ(watch, nullptr);
}

TEST(Watch, RefusesAnIntervalThatIsNotAboveZero) {
  for (const int milliseconds : {0, -1})
    EXPECT_THROW(
        Watch(machine(1), [](const auto&, const auto&) {}, {.interval = std::chrono::milliseconds(milliseconds)}),
        std::invalid_argument);
}

}  // namespace
}  // namespace berth
