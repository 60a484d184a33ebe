#include "engine/encoder/lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "berth/error.h"

namespace berth::encoder {
namespace {

template <class Function>
Function function_of(ggml_backend_t backend, const char* name) {
  const auto registry = ggml_backend_dev_backend_reg(ggml_backend_get_device(backend));
  return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(registry, name));
}

bool stop_requested(void* data) { return static_cast<const std::stop_token*>(data)->stop_requested(); }

}  // namespace

Lane::Lane(const std::vector<ggml_backend_dev_t>& devices) : bytes_(devices.size()) {
  for (const auto device : devices) {
    backends_.emplace_back(ggml_backend_dev_init(device, nullptr));
    if (!backends_.back()) throw EngineError("encoder", ggml_backend_dev_name(device), "it cannot be started");
  }
}

void Lane::make_scheduler(std::size_t size) {
  if (size <= scheduler_size_) return;
  scheduler_.reset();
  scheduler_size_ = std::bit_ceil(size);
  std::vector<ggml_backend_t> backends;
  for (const auto& each : backends_) backends.push_back(each.get());
  scheduler_.reset(ggml_backend_sched_new(backends.data(), nullptr, static_cast<int>(backends.size()), scheduler_size_,
                                          false, false));
}

ggml_backend_t Lane::backend_of(const ggml_tensor& weight) const {
  const auto device = ggml_backend_buft_get_device(ggml_backend_buffer_get_type(weight.buffer));
  for (const auto& backend : backends_)
    if (ggml_backend_get_device(backend.get()) == device) return backend.get();
  return backends_.back().get();  // a mapped file has no device in ggml, and is the CPU's
}

void Lane::set_threads(int threads) const {
  for (const auto& backend : backends_)
    if (const auto set = function_of<ggml_backend_set_n_threads_t>(backend.get(), "ggml_backend_set_n_threads"))
      set(backend.get(), threads);
}

void Lane::set_abort(bool (*callback)(void*), void* data) const {
  constexpr auto name = "ggml_backend_set_abort_callback";
  for (const auto& backend : backends_)
    if (const auto set = function_of<ggml_backend_set_abort_callback_t>(backend.get(), name))
      set(backend.get(), callback, data);
}

void Lane::compute(const Graph& graph, std::size_t leaves, int threads, const std::stop_token& stop) {
  auto* operations = graph.finished();
  make_scheduler(static_cast<std::size_t>(ggml_graph_n_nodes(operations)) + leaves);
  ggml_backend_sched_reset(scheduler_.get());
  for (const auto& [operation, weight] : graph.pinned())
    ggml_backend_sched_set_tensor_backend(scheduler_.get(), operation, backend_of(*weight));
  if (!ggml_backend_sched_alloc_graph(scheduler_.get(), operations))
    throw EngineError("encoder", "",
                      "too little memory to compute; encode shorter sequences, or put fewer layers on a device");
  for (std::size_t i = 0; i < backends_.size(); ++i)
    bytes_[i] = ggml_backend_sched_get_buffer_size(scheduler_.get(), backends_[i].get());
  graph.set_inputs();
  set_threads(threads);
  auto token = stop;
  set_abort(stop_requested, &token);
  const auto status = ggml_backend_sched_graph_compute(scheduler_.get(), operations);
  set_abort(nullptr, nullptr);
  if (stop.stop_requested()) throw Cancelled("Encoding was cancelled");
  if (status != GGML_STATUS_SUCCESS)
    throw EngineError("encoder", "", fmt::format("the computation failed: {}", ggml_status_to_string(status)));
}

std::vector<std::uint64_t> Lane::measure(const Graph& graph, std::size_t leaves) {
  auto* operations = graph.finished();
  make_scheduler(static_cast<std::size_t>(ggml_graph_n_nodes(operations)) + leaves);
  std::vector<std::size_t> sizes(backends_.size());
  if (backends_.size() == 1) {
    ggml_backend_sched_reserve_size(scheduler_.get(), operations, sizes.data());
    return {sizes.begin(), sizes.end()};
  }
  // That function forgets which operations are pinned, so that devices have the buffers for a moment.
  ggml_backend_sched_reset(scheduler_.get());
  for (const auto& [operation, weight] : graph.pinned())
    ggml_backend_sched_set_tensor_backend(scheduler_.get(), operation, backend_of(*weight));
  if (!ggml_backend_sched_reserve(scheduler_.get(), operations))
    throw EngineError("encoder", "", "too little memory to compute; put fewer layers on a device");
  for (std::size_t i = 0; i < backends_.size(); ++i)
    sizes[i] = ggml_backend_sched_get_buffer_size(scheduler_.get(), backends_[i].get());
  return {sizes.begin(), sizes.end()};
}

std::unique_ptr<LanePool::Use> LanePool::take() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<Lane>(devices_));
    return std::make_unique<Use>(*this, all_.back().get());
  }
  auto* lane = free_.back();
  free_.pop_back();
  return std::make_unique<Use>(*this, lane);
}

std::unique_ptr<LanePool::Use> LanePool::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return has_free(); }))
    throw Cancelled("Waiting for other calls of the encoder was cancelled");
  return take();
}

std::unique_ptr<LanePool::Use> LanePool::try_take() {
  const std::lock_guard lock(mutex_);
  return has_free() ? take() : nullptr;
}

void LanePool::put_back(Lane* lane) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(lane);
  }
  changed_.notify_one();
}

std::size_t LanePool::in_use() const {
  const std::lock_guard lock(mutex_);
  return all_.size() - free_.size();
}

std::uint64_t LanePool::bytes_on(std::size_t device) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& lane : all_) sum += lane->bytes_on(device);
  return sum;
}

}  // namespace berth::encoder
