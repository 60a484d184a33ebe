/// The bytes that a model and its contexts hold, as llama.cpp's buffers tell.
#pragma once

#include <llama.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "berth/placement.h"

namespace berth::llama {

/// Safe to use from several threads, each with contexts of its own.
class HeldMemory {
 public:
  /// Of the weights alone, from any context of the model.
  void set_weights(const llama_context& context);
  /// Of the cache and the compute buffers of one session.
  void set_session(const void* session, const llama_context& context);
  void forget_session(const void* session);

  /// All of it, the host first; `device` and `key` are those of the model's accelerator.
  std::vector<DeviceUse> sum(const Device& device, const DeviceKey& key) const;

 private:
  struct Bytes {
    std::uint64_t weights = 0, cache = 0, compute = 0;
  };
  struct Held {
    Bytes host, device;
  };
  static Held held_by(const llama_context& context);

  mutable std::mutex mutex_;
  Held weights_;
  std::map<const void*, Held> sessions_;
};

}  // namespace berth::llama
