#include "engine/llama/measure.h"

#include <ggml-alloc.h>
#include <ggml.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "berth/error.h"
#include "discover/host/usable.h"
#include "engine/llama/usual_layers.h"
#include "model/ggml_type.h"

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
      : device_(device), info_(info), budget_(budget), backend_(ggml_backend_dev_init(device, nullptr)) {
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
    return static_cast<double>(2 * width * rows) / product_seconds(GGML_TYPE_F16, width, rows, 1, budget_);
  }

  /// Of the types that people's models have. Those that the device cannot multiply with are left out.
  std::vector<TypeSpeed> types() const {
    std::vector<TypeSpeed> speeds;
    for (const auto type : {GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q4_K,
                            GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_IQ4_XS, GGML_TYPE_MXFP4})
      if (can_multiply(type)) speeds.push_back(type_speed(type));
    return speeds;
  }

  double flops() const {
    double rate = 0;
    for (std::int64_t n = 256; n <= 8192; n *= 2) {
      if (static_cast<std::uint64_t>(n * n * 10) > info_.free_bytes / 4) break;
      const auto seconds = product_seconds(GGML_TYPE_F16, n, n, n, budget_);
      rate = std::max(rate, 2.0 * static_cast<double>(n * n * n) / seconds);
      if (seconds > 0.02 || seconds * 8 > budget_.count()) break;
    }
    return rate;
  }

  /// Of what one operation of a layer takes, that which reading weights at `bytes_per_s` does not explain: its start, the states
  /// that it writes, and that small matrices are slower to read. 0 where the device lacks an operation.
  double operation_s(double bytes_per_s) const {
    constexpr double least = 1e-8;  // not even that much was seen beside the weights
    const auto in_memory = static_cast<double>(info_.free_bytes / 8) / usual_layer_bytes();
    const int count = static_cast<int>(std::clamp(in_memory, 2.0, 64.0));
    const auto of_weights = new_context(usual_layers_overhead(count));
    const auto context = new_context(usual_layers_overhead(count));
    const auto layers = usual_layers(of_weights.get(), context.get(), count);
    for (int i = 0; i < ggml_graph_n_nodes(layers.graph); ++i)
      if (!ggml_backend_dev_supports_op(device_, ggml_graph_node(layers.graph, i))) return 0;
    const auto filled = allocate(*of_weights);
    const auto buffer = allocate(*context);
    const auto beyond = graph_seconds(layers.graph, budget_) - layers.weight_bytes / bytes_per_s;
    return std::max(beyond / layers.operations, least);
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

  /// Long rows tell how fast bytes are read, and as many bytes in short ones what a row takes.
  TypeSpeed type_speed(ggml_type type) const {
    constexpr std::int64_t long_row = 8192;
    constexpr std::int64_t short_row = 512;
    const auto in_time = static_cast<std::uint64_t>(budget_.count() / parts_of_a_type * 2e9);
    const auto bytes = std::clamp<std::uint64_t>(std::min(info_.free_bytes / 8, in_time), 16 << 20, 128 << 20);
    const auto rows = static_cast<std::int64_t>(bytes / ggml_row_size(type, long_row)) / 64 * 64;  // repacked in groups
    const auto seconds = [&](std::int64_t width) {
      return product_seconds(type, width, rows * long_row / width, 1, budget_ / parts_of_a_type);
    };
    const auto of_bytes = seconds(long_row);
    const auto beyond = seconds(short_row) - of_bytes;
    return {
        .type = std::string(model::ggml_type(static_cast<std::uint32_t>(type))->name),
        .memory_bytes_per_s = static_cast<double>(ggml_row_size(type, long_row)) * static_cast<double>(rows) / of_bytes,
        .flops = type_flops(type),
        .row_s = std::max(beyond, 0.0) / static_cast<double>(rows * long_row / short_row)};
  }

  double type_flops(ggml_type type) const {
    const std::int64_t n = budget_ / parts_of_a_type < Seconds(0.02) ? 256 : 1024;
    return static_cast<double>(2 * n * n * n) / product_seconds(type, n, n, n, budget_ / parts_of_a_type);
  }

  bool can_multiply(ggml_type type) const {
    const auto context = new_context();
    auto* a = ggml_new_tensor_2d(context.get(), type, 1024, 64);
    auto* b = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, 1024, 1);
    return ggml_backend_dev_supports_op(device_, ggml_mul_mat(context.get(), a, b));
  }

  /// Memory in which the device lays out such weights anew for its products, as the engine does; none where it does not.
  ggml_backend_buffer_type_t repacking_type(ggml_tensor* weights, const ggml_tensor* product) const {
    const auto extra_types = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device_), "ggml_backend_dev_get_extra_bufts"));
    auto* types = extra_types == nullptr ? nullptr : extra_types(device_);
    for (; types != nullptr && *types != nullptr; ++types) {
      const Buffer empty(ggml_backend_buft_alloc_buffer(*types, 0));
      weights->buffer = empty.get();
      const bool takes_it = empty && ggml_backend_dev_supports_op(device_, product);
      weights->buffer = nullptr;
      if (takes_it) return *types;
    }
    return nullptr;
  }

  /// Memory for the weights of `product`, filled with numbers of a usual size.
  Buffer allocate_weights(ggml_tensor* weights, const ggml_tensor* product) const {
    constexpr char usual = 0x3c;
    auto* const repacking = repacking_type(weights, product);
    auto* const type = repacking != nullptr ? repacking : ggml_backend_get_default_buffer_type(backend_.get());
    Buffer buffer(ggml_backend_buft_alloc_buffer(type, ggml_backend_buft_get_alloc_size(type, weights)));
    if (!buffer || ggml_backend_tensor_alloc(buffer.get(), weights, ggml_backend_buffer_get_base(buffer.get())) !=
                       GGML_STATUS_SUCCESS)
      fail("too little memory to measure it");
    if (repacking == nullptr)
      ggml_backend_buffer_clear(buffer.get(), usual);
    else
      ggml_backend_tensor_set(weights, std::vector<char>(ggml_nbytes(weights), usual).data(), 0, ggml_nbytes(weights));
    return buffer;
  }

  Context new_context(std::size_t overhead = 16 * ggml_tensor_overhead() + ggml_graph_overhead()) const {
    Context context(ggml_init({.mem_size = overhead, .mem_buffer = nullptr, .no_alloc = true}));
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

  /// Of a product of a [n, k] matrix of weights with a [k, m] one.
  double product_seconds(ggml_type type, std::int64_t k, std::int64_t n, std::int64_t m, Seconds budget) const {
    const auto of_weights = new_context();
    const auto context = new_context();
    auto* weights = ggml_new_tensor_2d(of_weights.get(), type, k, n);
    auto* states = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, k, m);
    auto* product = ggml_mul_mat(context.get(), weights, states);
    auto* graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, product);
    const auto filled = allocate_weights(weights, product);
    const auto buffer = allocate(*context);
    return graph_seconds(graph, budget);
  }

  double graph_seconds(ggml_cgraph* graph, Seconds budget) const {
    bool failed = false;
    const auto seconds =
        seconds_of([&] { failed |= ggml_backend_graph_compute(backend_.get(), graph) != GGML_STATUS_SUCCESS; }, budget);
    if (failed) fail("a product of matrices failed");
    return seconds;
  }

  static constexpr double parts_of_a_type = 4;

  ggml_backend_dev_t device_;
  const DeviceInfo& info_;
  Seconds budget_;
  Backend backend_;
};

}  // namespace

Measurement measure_device(ggml_backend_dev_t device, const DeviceInfo& info, std::chrono::milliseconds budget) {
  const Bench bench(device, info,
                    Seconds(budget) / 14);  // up to six sizes of matrix, one vector, layers, one copy, nine types
  Measurement measurement{.speed = {.memory_bytes_per_s = bench.memory_bytes_per_s(), .flops = bench.flops()}};
  measurement.speed.types = bench.types();
  measurement.speed.operation_s = bench.operation_s(measurement.speed.memory_bytes_per_s);
  if (info.device.type() != DeviceType::cpu) measurement.link = bench.link_from_cpu();
  return measurement;
}

}  // namespace berth::llama
