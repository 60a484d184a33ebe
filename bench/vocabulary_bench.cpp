// The vocabulary as programs use it: one device string, and a device map of 80 entries (a model of that many layers).
// bench/haystack_vocabulary.py times the same with Haystack.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "berth/device.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}

// Not inlined: there GCC would take the pair of malloc and delete for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace berth {
namespace {

constexpr std::array<std::string_view, 4> texts = {"cpu", "cuda:0", "cuda:15", "xpu:1"};

Value map_of_80() {
  Value::Object map;
  for (int i = 0; i < 80; ++i) map.set("model.layers." + std::to_string(i), "cuda:" + std::to_string(i / 10));
  return map;
}

void from_str(benchmark::State& state) {
  std::size_t i = 0;
  const std::size_t before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(Device::from_str(texts[i++ % texts.size()]));
  const auto counted = static_cast<benchmark::IterationCount>(allocations - before);
  state.counters["allocations"] = static_cast<double>(counted) / static_cast<double>(state.iterations());
  // Google Benchmark itself allocates a few times for each run, never for each iteration.
  if (counted >= state.iterations() / 2 + 100) state.SkipWithError("Device::from_str allocates");
}
BENCHMARK(from_str)->Name("Device::from_str");

void map_from_dict_to_dict(benchmark::State& state) {
  const Value dict = map_of_80();
  for (auto _ : state) benchmark::DoNotOptimize(DeviceMap::from_dict(dict).to_dict());
}
BENCHMARK(map_from_dict_to_dict)->Name("DeviceMap::from_dict + to_dict, 80 entries");

void map_from_json_to_json(benchmark::State& state) {
  const std::string json = map_of_80().to_json();
  for (auto _ : state) benchmark::DoNotOptimize(DeviceMap::from_dict(Value::from_json(json)).str());
}
BENCHMARK(map_from_json_to_json)->Name("the same from and to JSON text");

}  // namespace
}  // namespace berth
