// An inventory of 4,096 devices, as of a cluster: loaded, saved, compared and simulated. What a user waits for is under
// 50 ms for loading, resolving and printing together. And discovery, again and again: it may leave nothing behind.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>

#include "berth/inventory.h"

namespace berth {
namespace {

constexpr auto machine = "cpu:2x512GiB;cores=96,cuda:4095x80GiB-1GiB@3.35TB/s;compute=9.0;types=fp16+bf16";

/// With what a probe would have found, and a link from each GPU to its NUMA node.
Inventory large_inventory() {
  auto inventory = simulate(machine);
  for (auto& info : inventory.devices) {
    if (info.device == Device::cpu()) continue;
    const int id = info.device.id().value();
    info.uuid = "GPU-" + std::to_string(id) + "-4f1c-11ee-be56-0242ac120002";
    info.pci_id = "0000:65:00." + std::to_string(id);
    info.driver = "580.65.06 (CUDA 13.0)";
    info.numa_node = id % 2;
    info.apis = {{"cuda", std::to_string(id)}, {"nvml", std::to_string(id)}};
    inventory.links.push_back({.from = info.device.str(),
                               .to = "numa:" + std::to_string(id % 2),
                               .bytes_per_s = 63e9,
                               .detail = "PCIe 5.0 x16"});
  }
  return inventory;
}

/// A file of this process that is removed at the end.
class File {
 public:
  File() : path_(std::filesystem::temp_directory_path() / ("berth-bench-" + std::to_string(::getpid()) + ".json")) {}
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void load(benchmark::State& state) {
  const File file;
  large_inventory().save(file.path());
  for (auto _ : state) benchmark::DoNotOptimize(Inventory::load(file.path()));
  state.counters["bytes"] = static_cast<double>(std::filesystem::file_size(file.path()));
}
BENCHMARK(load)->Name("Inventory::load, 4096 devices and links")->Unit(benchmark::kMillisecond);

void save(benchmark::State& state) {
  const File file;
  const auto inventory = large_inventory();
  for (auto _ : state) inventory.save(file.path());
}
BENCHMARK(save)->Name("Inventory::save, with the flush to the disk")->Unit(benchmark::kMillisecond)->UseRealTime();

void compare(benchmark::State& state) {
  const auto before = large_inventory();
  auto after = before;
  for (auto& info : after.devices) info.free_bytes /= 2;
  std::swap(after.devices[1].device, after.devices.back().device);  // the same hardware under other indices
  std::ranges::sort(after.devices, {}, &DeviceInfo::device);
  for (auto _ : state) benchmark::DoNotOptimize(diff(before, after));
}
BENCHMARK(compare)->Name("diff, every device changed")->Unit(benchmark::kMillisecond);

void simulated(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(simulate(machine));
}
BENCHMARK(simulated)->Name("simulate, 4096 devices")->Unit(benchmark::kMillisecond);

void find(benchmark::State& state) {
  const auto inventory = large_inventory();
  for (auto _ : state)
    for (const auto& info : inventory.devices) benchmark::DoNotOptimize(inventory.find(info.device));
}
BENCHMARK(find)->Name("Inventory::find, each of 4096 devices")->Unit(benchmark::kMillisecond);

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

void discoveries(benchmark::State& state) {
  DiscoverOptions options;
  options.child_processes = state.range(0) != 0;
  for (int i = 0; i < 10; ++i) discover(options);  // what is made once
  const auto files = open_files();
  const auto heap = mallinfo2().uordblks;
  for (auto _ : state) benchmark::DoNotOptimize(discover(options));
  state.counters["heap_growth_bytes"] = static_cast<double>(mallinfo2().uordblks) - static_cast<double>(heap);
  state.counters["more_open_files"] = static_cast<double>(open_files() - files);
}
BENCHMARK(discoveries)
    ->Name("discover, with a process for each driver")
    ->Arg(1)
    ->Iterations(1000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(discoveries)
    ->Name("discover, without drivers")
    ->Arg(0)
    ->Iterations(10000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace berth
