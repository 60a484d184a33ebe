// Reading a tokenizer, and making tokens of one long text and of its lines. bench/hf_tokenizers.py names tokenizer and text,
// does the same with the package `tokenizers` and compares the ids; without it (BERTH_BENCH_TOKENIZER unset) there are none.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "berth/tokenizer.h"
#include "berth/value.h"

namespace berth {
namespace {

const char* tokenizer_path() { return std::getenv("BERTH_BENCH_TOKENIZER"); }

const Tokenizer& tokenizer() {
  static const auto tokenizer = Tokenizer::load(tokenizer_path());
  return tokenizer;
}

const std::string& text() {
  static const std::string text = [] {
    std::ifstream file(std::getenv("BERTH_BENCH_TEXT"));
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }();
  return text;
}

void load(benchmark::State& state) {
  if (tokenizer_path() == nullptr) return state.SkipWithError("run it by bench/hf_tokenizers.py");
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::load(tokenizer_path()));
}

void encode_text(benchmark::State& state) {
  if (tokenizer_path() == nullptr) return state.SkipWithError("run it by bench/hf_tokenizers.py");
  Encoding encoding;
  for (auto _ : state) encoding = tokenizer().encode(text());
  Value::Array ids;
  for (const auto id : encoding.ids) ids.emplace_back(id);
  if (const char* path = std::getenv("BERTH_BENCH_IDS")) std::ofstream(path) << Value(std::move(ids)).to_json();
}

void encode_lines(benchmark::State& state) {
  if (tokenizer_path() == nullptr) return state.SkipWithError("run it by bench/hf_tokenizers.py");
  for (auto _ : state) {
    std::istringstream lines(text());
    for (std::string line; std::getline(lines, line);) benchmark::DoNotOptimize(tokenizer().encode(line));
  }
}

BENCHMARK(load)->Unit(benchmark::kMillisecond);
BENCHMARK(encode_text)->Name("the whole text")->Unit(benchmark::kMillisecond);
BENCHMARK(encode_lines)->Name("line by line")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace berth
