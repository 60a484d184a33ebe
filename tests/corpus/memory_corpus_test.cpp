// The bytes that llama.cpp allocates, over recorded configurations of many models. One failing row is printed and the
// others go on; what is asserted are shares of all rows.
#include "corpus/memory_corpus.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>

#include "test_model.h"

namespace berth {
namespace {

using namespace memory_corpus;

/// Relative errors of one quantity over all devices of all rows.
struct Errors {
  std::vector<double> all;

  void add(std::uint64_t predicted, std::uint64_t truth) {
    if (predicted == truth) {
      all.push_back(0);
    } else {
      all.push_back(truth == 0 ? 1 : static_cast<double>(predicted) / static_cast<double>(truth) - 1);
    }
  }
  double share(auto&& test) const {
    return all.empty() ? 0 : static_cast<double>(std::ranges::count_if(all, test)) / static_cast<double>(all.size());
  }
  double quantile(double part) const {
    auto sorted = all;
    std::ranges::sort(sorted);
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
  }
  double least() const { return *std::ranges::min_element(all); }
};

struct Corpus {
  const char* name;
  std::filesystem::path folder;
  std::filesystem::path models;
};

// `make test` asks all of them as released. A graph takes fifty times as long with sanitizers.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t row_step = 4;
#else
constexpr std::size_t row_step = 1;
#endif

class MemoryCorpus : public testing::TestWithParam<Corpus> {};

TEST_P(MemoryCorpus, IsPredicted) {
  const test::TemporaryFolder scratch;
  Errors compute;
  Errors sums;
  int wrong = 0;
  for (const auto& name : model_names(GetParam().folder)) {
    const auto [profile, rows] = read_rows(GetParam().folder, GetParam().models, name, scratch.path());
    for (std::size_t i = 0; i < rows.size(); i += row_step) {
      const auto question = question_of(rows[i], profile);
      const auto use = memory_use(profile, question.placement, question.context, question.options);
      EXPECT_EQ(use.estimate, "") << name;
      auto truth = truth_of(rows[i]);
      std::map<Device, DeviceUse> predicted;
      for (const auto& buffer : use.buffers) {
        auto& mine = predicted[buffer.device];
        if (buffer.kind == BufferKind::weights) mine.weights = buffer.bytes;
        if (buffer.kind == BufferKind::cache) mine.cache = buffer.bytes;
        if (buffer.kind == BufferKind::compute) mine.compute = buffer.bytes;
      }
      for (const auto& [device, mine] : predicted) {
        const auto& real = truth[device];
        const auto far = [](std::uint64_t a, std::uint64_t b) {
          return std::abs(static_cast<double>(a) - static_cast<double>(b)) > 0.001 * static_cast<double>(b);
        };
        if (far(mine.weights, real.weights) || far(mine.cache, real.cache)) {
          ++wrong;
          std::cout << name << " row " << i << " " << device << ": weights " << mine.weights << " for " << real.weights
                    << ", cache " << mine.cache << " for " << real.cache << '\n';
        }
        compute.add(mine.compute, real.compute);
        sums.add(mine.total(), real.total());
        if (mine.compute != real.compute)
          std::cout << name << " row " << i << " " << device << ": compute " << mine.compute << " for " << real.compute
                    << '\n';
      }
    }
  }
  EXPECT_EQ(wrong, 0) << "weights and cache are exact";
  EXPECT_LE(compute.share([](double error) { return error < -0.01; }), 0.01);
  EXPECT_GE(compute.least(), -0.05);
  EXPECT_LE(sums.quantile(0.5), 0.10);
  EXPECT_LE(sums.quantile(0.9), 0.25);
}

/// Invented models of many architectures, of which llama.cpp was asked: see the folder's README.
const std::filesystem::path architectures = BERTH_TEST_DATA_DIR "/architectures";

INSTANTIATE_TEST_SUITE_P(Recorded, MemoryCorpus,
                         testing::Values(Corpus{"workers", folder("gguf_memory"), folder("gguf_memory") / "models"},
                                         Corpus{"cuda", folder("gguf_memory_cuda"), folder("gguf_memory") / "models"},
                                         Corpus{"architectures", architectures, architectures / "models"}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace berth
