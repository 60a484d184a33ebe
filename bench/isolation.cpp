/// What an engine in a process of its own costs, against the same engine in this one, in alternating rounds.
///
///     isolation model.gguf 10
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "berth/berth.h"

namespace {

using namespace berth;
using steady_clock = std::chrono::steady_clock;

struct Figures {
  std::vector<double> tokens_per_s;
  std::vector<double> load_ms;
  std::vector<double> first_token_ms;  // from before the load
};

double ms_since(steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - start).count();
}

void measure_once(const std::string& path, Isolation isolation, Figures& figures) {
  LoadRequest request{.model = path, .context = ContextSpec{.n_ctx = 512}};
  request.isolation = isolation;
  const auto start = steady_clock::now();
  const auto model = engine("llama.cpp").load(request);
  figures.load_ms.push_back(ms_since(start));
  bool first = true;
  GenerationContext call;
  call.on_chunk = [&](const StreamingChunk&) {
    if (std::exchange(first, false)) figures.first_token_ms.push_back(ms_since(start));
  };
  const auto session = model->new_session();
  session->generate({.prompts = {"Once upon a time"}, .options = {.max_new_tokens = 8}}, call);
  const auto begin = steady_clock::now();
  const auto result = session->generate({.prompts = {"Once upon a time"}, .options = {.max_new_tokens = 129}}, call);
  figures.tokens_per_s.push_back(1000 * static_cast<double>(result.completions[0].generated_tokens) / ms_since(begin));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::string told(const std::vector<double>& values) {
  return fmt::format("{:7.1f} ({:.1f} to {:.1f})", median(values), std::ranges::min(values), std::ranges::max(values));
}

int run(const std::string& path, int rounds) {
  Figures here;
  Figures apart;
  for (int i = 0; i < rounds; ++i) {
    measure_once(path, Isolation::none, here);
    measure_once(path, Isolation::process, apart);
  }
  fmt::print("median of {} rounds (least to most)\n{:<34}{:<28}{}\n", rounds, "", "this process", "its own process");
  const auto row = [&](const char* name, auto member) {
    fmt::print("{:<34}{:<28}{}\n", name, told(here.*member), told(apart.*member));
  };
  row("tokens/s", &Figures::tokens_per_s);
  row("load, ms", &Figures::load_ms);
  row("start of load to first token, ms", &Figures::first_token_ms);
  fmt::print("{:.3f} of the speed, {:.1f} ms more to the first token\n",
             median(apart.tokens_per_s) / median(here.tokens_per_s),
             median(apart.first_token_ms) - median(here.first_token_ms));
  return 0;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 2) {
    fmt::print(stderr, "isolation MODEL [ROUNDS]\n");
    return 2;
  }
  return run(arguments[1], count > 2 ? std::max(std::atoi(arguments[2]), 1) : 10);
} catch (const std::exception& problem) {
  fmt::print(stderr, "{}\n", problem.what());
  return 1;
}
