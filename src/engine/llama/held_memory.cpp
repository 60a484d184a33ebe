#include "engine/llama/held_memory.h"

#include <ggml-backend.h>

#include "engine/llama/llama_internals.h"

namespace berth::llama {
namespace {

/// Memory of the host that a GPU's backend pins is the host's.
bool is_of_host(ggml_backend_buffer_type_t buffer_type) {
  if (ggml_backend_buft_is_host(buffer_type)) return true;
  const auto device = ggml_backend_buft_get_device(buffer_type);
  return device == nullptr || ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU;
}

/// The scores of the last tokens, which stand in no breakdown: llama.cpp makes room for one row of each sequence.
std::uint64_t output_bytes(const llama_context& context) {
  const auto rows = static_cast<std::uint64_t>(llama_n_seq_max(&context));
  const auto* vocab = llama_model_get_vocab(llama_get_model(&context));
  return rows * static_cast<std::uint64_t>(llama_vocab_n_tokens(vocab)) * sizeof(float);
}

}  // namespace

HeldMemory::Held HeldMemory::held_by(const llama_context& context) {
  Held held;
  for (const auto& [buffer_type, bytes] : llama_get_memory_breakdown(&context)) {
    auto& place = is_of_host(buffer_type) ? held.host : held.device;
    place.weights += bytes.model;
    place.cache += bytes.context;
    place.compute += bytes.compute;
  }
  held.host.compute += output_bytes(context);
  return held;
}

void HeldMemory::set_weights(const llama_context& context) {
  const auto held = held_by(context);
  const std::lock_guard lock(mutex_);
  weights_ = {.host = {.weights = held.host.weights}, .device = {.weights = held.device.weights}};
}

void HeldMemory::set_session(const void* session, const llama_context& context) {
  auto held = held_by(context);
  held.host.weights = held.device.weights = 0;  // sessions share them
  const std::lock_guard lock(mutex_);
  sessions_[session] = held;
}

void HeldMemory::forget_session(const void* session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

std::vector<DeviceUse> HeldMemory::sum(const Device& device, const DeviceKey& key) const {
  const std::lock_guard lock(mutex_);
  DeviceUse host{.device = Device::cpu(), .pool = "ram"};
  DeviceUse accelerator{.device = device, .key = key, .pool = key.pool};
  const auto add = [](DeviceUse& use, const Bytes& bytes) {
    use.weights += bytes.weights;
    use.cache += bytes.cache;
    use.compute += bytes.compute;
  };
  const auto add_all = [&](const Held& held) {
    add(host, held.host);
    add(accelerator, held.device);
  };
  add_all(weights_);
  for (const auto& [session, held] : sessions_) add_all(held);
  std::vector<DeviceUse> uses{host};
  if (device.type() != DeviceType::cpu) uses.push_back(accelerator);
  return uses;
}

}  // namespace berth::llama
