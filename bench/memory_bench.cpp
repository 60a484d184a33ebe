/// The signed error of memory_of() by architecture, over the recorded buffers of llama.cpp: weights, cache, compute buffers
/// and the sum of a device. `memory_bench [--markdown]`; BERTH_CORPUS_DIR names the recordings.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <string_view>
#include <vector>

#include "berth/memory.h"
#include "corpus/memory_corpus.h"
#include "test_model.h"

namespace {

using namespace berth;

/// Of one kind of buffer, relative to what the engine has.
struct SignedErrors {
  std::vector<double> all;

  void add(std::uint64_t predicted, std::uint64_t truth) {
    const auto a = static_cast<double>(predicted);
    const auto b = static_cast<double>(truth);
    if (predicted != 0 || truth != 0) all.push_back(truth == 0 ? 1 : a / b - 1);
  }
  std::string text() const {
    if (all.empty()) return "-";
    const auto [least, most] = std::ranges::minmax(all);
    if (least == 0 && most == 0) return "exact";
    const auto exact = std::ranges::count(all, 0.0);
    return fmt::format("{:+.3f} to {:+.3f} %, {} of {} exact", 100 * least, 100 * most, exact, all.size());
  }
};

struct Line {
  std::size_t rows = 0;
  SignedErrors weights, cache, compute, sums;
};

void add_recording(std::map<std::string, Line>& lines, const std::filesystem::path& recording,
                   const std::filesystem::path& models, const std::filesystem::path& scratch) {
  for (const auto& name : memory_corpus::model_names(recording)) {
    const auto [profile, rows] = memory_corpus::read_rows(recording, models, name, scratch);
    auto& line = lines[profile.architecture];
    for (const auto& row : rows) {
      ++line.rows;
      const auto question = memory_corpus::question_of(row, profile);
      const auto use = memory_use(profile, question.placement, question.context, question.options);
      auto truth = memory_corpus::truth_of(row);
      for (const auto& mine : use.by_device()) {
        auto real = truth[mine.device];
        auto compute = mine.compute;
        for (const auto& buffer : use.buffers)  // is in no breakdown of the engine
          if (buffer.kind == BufferKind::output && buffer.device == mine.device) compute -= buffer.bytes;
        line.weights.add(mine.weights, real.weights);
        line.cache.add(mine.cache, real.cache);
        line.compute.add(compute, real.compute);
        line.sums.add(mine.weights + mine.cache + compute, real.weights + real.cache + real.compute);
      }
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const bool markdown = count > 1 && std::string_view(arguments[1]) == "--markdown";
  const test::TemporaryFolder scratch;
  const auto own = std::filesystem::path(BERTH_TEST_DATA_DIR) / "architectures";
  const auto workers = memory_corpus::folder("gguf_memory");
  std::map<std::string, Line> lines;
  for (const auto& [recording, models] : {std::pair{workers, workers / "models"},
                                          {memory_corpus::folder("gguf_memory_cuda"), workers / "models"},
                                          {own, own / "models"}})
    add_recording(lines, recording, models, scratch.path());
  std::cout << (markdown ? "| architecture | rows | weights | cache | compute | sum of a device |\n"
                           "| --- | ---: | --- | --- | --- | --- |\n"
                         : "architecture: rows; weights; cache; compute; sum of a device\n");
  for (const auto& [architecture, line] : lines)
    std::cout << fmt::format(fmt::runtime(markdown ? "| {} | {} | {} | {} | {} | {} |\n" : "{}: {}; {}; {}; {}; {}\n"),
                             architecture, line.rows, line.weights.text(), line.cache.text(), line.compute.text(),
                             line.sums.text());
}
