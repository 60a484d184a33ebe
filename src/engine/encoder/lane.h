/// One way to compute graphs: backends of its own, so that several lanes compute side by side.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "engine/encoder/graph.h"

namespace berth::encoder {

/// To be used by one thread at a time; bytes_on() by any.
class Lane {
 public:
  /// `devices` are those that hold weights, each once, the CPU last. Throws EngineError.
  explicit Lane(const std::vector<ggml_backend_dev_t>& devices);

  /// `leaves` is how many tensors of the graph are no operations at most. On the CPU it takes `threads` threads. Throws
  /// EngineError and Cancelled.
  void compute(const Graph& graph, std::size_t leaves, int threads, const std::stop_token& stop);

  /// What the buffers would hold after compute(), for each device of the constructor's list. Throws EngineError where
  /// several devices have too little memory for them.
  std::vector<std::uint64_t> measure(const Graph& graph, std::size_t leaves);

  /// What the buffers for intermediate results hold on a device of the constructor's list.
  std::uint64_t bytes_on(std::size_t device) const { return bytes_[device]; }

 private:
  void make_scheduler(std::size_t size);
  ggml_backend_t backend_of(const ggml_tensor& weight) const;
  void set_threads(int threads) const;
  void set_abort(bool (*callback)(void*), void* data) const;

  std::vector<BackendHandle> backends_;
  SchedulerHandle scheduler_;
  std::size_t scheduler_size_ = 0;
  std::vector<std::atomic<std::uint64_t>> bytes_;
};

/// The lanes of a model, made when they are first needed.
class LanePool {
 public:
  /// `most` is how many there may be.
  LanePool(std::vector<ggml_backend_dev_t> devices, std::size_t most) : devices_(std::move(devices)), most_(most) {}

  /// A lane in use; it goes back when this goes.
  class Use {
   public:
    Use(LanePool& pool, Lane* lane) : pool_(&pool), lane_(lane) {}
    ~Use() { pool_->put_back(lane_); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Lane& lane() const { return *lane_; }

   private:
    LanePool* pool_;
    Lane* lane_;
  };

  /// Waits for a free one. Throws Cancelled where `stop` comes first.
  std::unique_ptr<Use> wait(const std::stop_token& stop);
  /// One that is free now, or nullptr.
  std::unique_ptr<Use> try_take();

  std::size_t most() const { return most_; }
  std::size_t in_use() const;
  std::uint64_t bytes_on(std::size_t device) const;

 private:
  bool has_free() const { return !free_.empty() || all_.size() < most_; }
  std::unique_ptr<Use> take();
  void put_back(Lane* lane);

  std::vector<ggml_backend_dev_t> devices_;
  std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Lane>> all_;
  std::vector<Lane*> free_;
};

}  // namespace berth::encoder
