// What it takes to choose a token from the scores of a vocabulary of 151,936 (that of Qwen), without any model.
// bench/README.md says how much of the time between two tokens this is.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "engine/sampler.h"
#include "engine/text_stream.h"

namespace berth {
namespace {

constexpr std::size_t n_vocab = 151936;

/// Scores as a model gives them: most far below the few that come into question.
std::vector<float> random_scores() {
  std::mt19937 random(1);
  std::normal_distribution<float> distribution(0, 3);
  std::vector<float> scores(n_vocab);
  for (auto& score : scores) score = distribution(random);
  return scores;
}

void choose(benchmark::State& state, const GenerationOptions& options) {
  auto scores = random_scores();
  std::vector<std::int32_t> prompt(512);
  for (std::size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<std::int32_t>(i * 7919 % n_vocab);
  Sampler sampler(options, 1, prompt, n_vocab);
  for (auto _ : state) benchmark::DoNotOptimize(sampler.next(scores));
}
BENCHMARK_CAPTURE(choose, greedy, GenerationOptions{});
BENCHMARK_CAPTURE(choose, greedy_penalty_over_512, GenerationOptions{.repetition_penalty = 1.1});
BENCHMARK_CAPTURE(choose, top_k_50, GenerationOptions{.do_sample = true});
BENCHMARK_CAPTURE(choose, top_k_50_top_p_min_p_penalty,
                  GenerationOptions{
                      .do_sample = true, .temperature = 0.8, .top_p = 0.95, .min_p = 0.05, .repetition_penalty = 1.1});
BENCHMARK_CAPTURE(choose, min_p_alone, GenerationOptions{.do_sample = true, .top_k = 0, .min_p = 0.05});
BENCHMARK_CAPTURE(choose, top_p_alone, GenerationOptions{.do_sample = true, .top_k = 0, .top_p = 0.9});
BENCHMARK_CAPTURE(choose, whole_vocabulary, GenerationOptions{.do_sample = true, .top_k = 0});

void make_text(benchmark::State& state, const std::vector<std::string>& stop_words) {
  TextStream text(stop_words);
  for (auto _ : state) benchmark::DoNotOptimize(text.push(" token"));
}
BENCHMARK_CAPTURE(make_text, plain, std::vector<std::string>{});
BENCHMARK_CAPTURE(make_text, four_stop_words, std::vector<std::string>{"\nUser:", "</s>", "tomorrow", "###"});

}  // namespace
}  // namespace berth
