/// The bytes that a model and its contexts hold, as llama.cpp's buffers tell.
#pragma once

#include <llama.h>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "berth/ordered_map.h"
#include "berth/placement.h"
#include "engine/llama/load_parameters.h"

namespace berth::llama {

/// Safe to use from several threads, each with contexts of its own.
class HeldMemory {
 public:
  HeldMemory(NamedDevices devices, OrderedMap<DeviceKey> keys) : devices_(std::move(devices)), keys_(std::move(keys)) {}

  /// Of the cache and the compute buffers of one session, which encoded at most `encoded` tokens at a time and may have
  /// samplers in its graph.
  void set_session(const void* session, const llama_context& context, std::uint64_t encoded, bool samples);
  void forget_session(const void* session);

  /// All of it with these weights, the host first, then the model's devices in the engine's order.
  std::vector<DeviceUse> sum(const std::vector<PlacedTensor>& weights) const;

 private:
  struct Bytes {
    std::uint64_t cache = 0, compute = 0;
  };
  using Held = std::map<Device, Bytes>;
  Held held_by(const llama_context& context, std::uint64_t encoded, bool samples) const;

  const NamedDevices devices_;
  const OrderedMap<DeviceKey> keys_;

  mutable std::mutex mutex_;
  std::map<const void*, Held> sessions_;
};

}  // namespace berth::llama
