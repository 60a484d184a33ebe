#include "engine/llama/measure.h"

#include <ggml-alloc.h>
#include <ggml.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "berth/error.h"
#include "discover/host/usable.h"

namespace berth::llama {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Free {
  void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
  void operator()(ggml_backend_buffer_t buffer) const { ggml_backend_buffer_free(buffer); }
  void operator()(ggml_context* context) const { ggml_free(context); }
};
using Backend = std::unique_ptr<ggml_backend, Free>;
using Buffer = std::unique_ptr<ggml_backend_buffer, Free>;
using Context = std::unique_ptr<ggml_context, Free>;

/// The quickest of several runs: whatever else the machine does can only make one slower.
template <class F>
double seconds_of(F run, Seconds budget) {
  run();  // the first one pays for what is set up once
  double best = 1e9;
  const auto start = Clock::now();
  for (int runs = 0; runs < 2 || (runs < 50 && Clock::now() - start < budget); ++runs) {
    const auto from = Clock::now();
    run();
    best = std::min(best, Seconds(Clock::now() - from).count());
  }
  return best;
}

class Bench {
 public:
  Bench(ggml_backend_dev_t device, const DeviceInfo& info, Seconds budget)
      : info_(info), budget_(budget), backend_(ggml_backend_dev_init(device, nullptr)) {
    if (!backend_) fail("it cannot be started");
    const auto registry = ggml_backend_dev_backend_reg(device);
    const auto set_threads = reinterpret_cast<ggml_backend_set_n_threads_t>(
        ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_n_threads"));
    if (set_threads != nullptr) set_threads(backend_.get(), discovery::usable_cores());
  }

  /// Bytes of the matrix over the time of its product with a vector, which has to read all of it.
  double memory_bytes_per_s() const {
    constexpr std::int64_t width = 8192;
    // Larger than the caches, and a small part of what is free.
    const auto bytes = std::clamp<std::uint64_t>(info_.free_bytes / 8, 16 << 20, 512 << 20);
    const auto rows = static_cast<std::int64_t>(bytes) / (2 * width);
    return static_cast<double>(2 * width * rows) / product_seconds(width, rows, 1);
  }

  double flops() const {
    double rate = 0;
    for (std::int64_t n = 256; n <= 8192; n *= 2) {
      if (static_cast<std::uint64_t>(n * n * 10) > info_.free_bytes / 4) break;
      const auto seconds = product_seconds(n, n, n);
      rate = std::max(rate, 2.0 * static_cast<double>(n * n * n) / seconds);
      if (seconds > 0.02 || seconds * 8 > budget_.count()) break;
    }
    return rate;
  }

  Link link_from_cpu() const {
    constexpr std::size_t bytes = 64 << 20;
    const auto context = new_context();
    auto* tensor = ggml_new_tensor_1d(context.get(), GGML_TYPE_I8, bytes);
    const auto buffer = allocate(*context);
    const std::vector<char> data(bytes, 1);
    const auto copy = [&](std::size_t size) {
      ggml_backend_tensor_set(tensor, data.data(), 0, size);
      ggml_backend_synchronize(backend_.get());
    };
    Link link{.from = "cpu", .to = info_.device.str(), .kind = info_.integrated ? LinkKind::memory : LinkKind::pcie};
    link.bytes_per_s = static_cast<double>(bytes) / seconds_of([&] { copy(bytes); }, budget_);
    link.latency_us = 1e6 * seconds_of([&] { copy(4); }, budget_ / 10);
    link.measured = true;
    return link;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const { throw EngineError("llama.cpp", info_.device.str(), why); }

  Context new_context() const {
    Context context(ggml_init(
        {.mem_size = 16 * ggml_tensor_overhead() + ggml_graph_overhead(), .mem_buffer = nullptr, .no_alloc = true}));
    if (!context) fail("no memory for a graph");
    return context;
  }

  /// All tensors of a context, on the device and filled.
  Buffer allocate(ggml_context& context) const {
    Buffer buffer(ggml_backend_alloc_ctx_tensors(&context, backend_.get()));
    if (!buffer) fail("too little memory to measure it");
    ggml_backend_buffer_clear(buffer.get(), 0);  // memory that nobody wrote to is not really there
    return buffer;
  }

  /// Of a product of a [n, k] matrix in half precision with a [k, m] one.
  double product_seconds(std::int64_t k, std::int64_t n, std::int64_t m) const {
    const auto context = new_context();
    auto* a = ggml_new_tensor_2d(context.get(), GGML_TYPE_F16, k, n);
    auto* b = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, k, m);
    auto* graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, ggml_mul_mat(context.get(), a, b));
    const auto buffer = allocate(*context);
    bool failed = false;
    const auto seconds = seconds_of(
        [&] { failed |= ggml_backend_graph_compute(backend_.get(), graph) != GGML_STATUS_SUCCESS; }, budget_);
    if (failed) fail("a product of matrices failed");
    return seconds;
  }

  const DeviceInfo& info_;
  Seconds budget_;
  Backend backend_;
};

}  // namespace

Measurement measure_device(ggml_backend_dev_t device, const DeviceInfo& info, std::chrono::milliseconds budget) {
  const Bench bench(device, info, Seconds(budget) / 8);  // up to six sizes of matrix, one vector, one copy
  Measurement measurement{.speed = {.memory_bytes_per_s = bench.memory_bytes_per_s(), .flops = bench.flops()}};
  if (info.device.type() != DeviceType::cpu) measurement.link = bench.link_from_cpu();
  return measurement;
}

}  // namespace berth::llama
