// What a pipeline costs by itself: runs of components that do next to nothing, and reading and writing the file of many.
// bench/haystack_pipeline.py writes the files and does the same with Haystack; without it (BERTH_BENCH_PIPELINES unset)
// there is nothing to load.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "berth/pipeline.h"
#include "pipeline/components.h"

namespace berth {
namespace {

using test::Add;
using test::Joiner;
using test::Sum;
using test::Threshold;

void run(benchmark::State& state, Pipeline pipeline, const Value::Object& data, int component_runs) {
  for (auto _ : state) benchmark::DoNotOptimize(pipeline.run(data));
  state.counters["component_runs"] = component_runs;
}

void chain(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  Pipeline pipeline;
  for (int i = 0; i < count; ++i) {
    pipeline.add_component("c" + std::to_string(i), std::make_shared<Add>());
    if (i > 0) pipeline.connect("c" + std::to_string(i - 1) + ".result", "c" + std::to_string(i) + ".value");
  }
  run(state, std::move(pipeline), {{"c0", Value::Object{{"value", 1}}}}, count);
}
BENCHMARK(chain)->Name("run a chain of")->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

/// One to many, and all of them to one.
void fan(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  Pipeline pipeline;
  pipeline.add_component("first", std::make_shared<Add>());
  pipeline.add_component("sum", std::make_shared<Sum>());
  for (int i = 0; i < count; ++i) {
    const auto name = "c" + std::to_string(i);
    pipeline.add_component(name, std::make_shared<Add>());
    pipeline.connect("first.result", name + ".value");
    pipeline.connect(name + ".result", "sum.values");
  }
  run(state, std::move(pipeline), {{"first", Value::Object{{"value", 1}}}}, count + 2);
}
BENCHMARK(fan)->Name("run a fan of")->Arg(10)->Arg(100)->Arg(1000);

/// Three components, each as often as the argument says.
void loop(benchmark::State& state) {
  const auto rounds = static_cast<int>(state.range(0));
  Pipeline pipeline;
  pipeline.add_component("joiner", std::make_shared<Joiner>());
  pipeline.add_component("add", std::make_shared<Add>());
  pipeline.add_component("threshold", std::make_shared<Threshold>(test::ThresholdParameters{rounds}));
  pipeline.connect("joiner", "add.value");
  pipeline.connect("add", "threshold");
  pipeline.connect("threshold.below", "joiner");
  run(state, std::move(pipeline), {{"joiner", Value::Object{{"values", 0}}}}, 3 * rounds);
}
BENCHMARK(loop)->Name("run a loop of")->Arg(90);

std::string file(benchmark::State& state) {
  const char* folder = std::getenv("BERTH_BENCH_PIPELINES");
  std::ifstream file(std::string(folder == nullptr ? "" : folder) + "/" + std::to_string(state.range(0)) + ".yaml");
  std::stringstream text;
  text << file.rdbuf();
  if (text.str().empty()) state.SkipWithError("run it by bench/haystack_pipeline.py");
  return text.str();
}

void load(benchmark::State& state) {
  test::register_test_components();
  const auto text = file(state);
  for (auto _ : state) benchmark::DoNotOptimize(Pipeline::loads(text));
}
BENCHMARK(load)->Name("load a file of")->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void dump(benchmark::State& state) {
  test::register_test_components();
  const auto pipeline = Pipeline::loads(file(state));
  for (auto _ : state) benchmark::DoNotOptimize(pipeline.dumps());
}
BENCHMARK(dump)->Name("dump a file of")->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace berth
