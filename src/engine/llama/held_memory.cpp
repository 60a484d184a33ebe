#include "engine/llama/held_memory.h"

#include <ggml-backend.h>

#include <algorithm>

#include "engine/llama/llama_internals.h"

namespace berth::llama {
namespace {

/// The scores of the last tokens, which stand in no breakdown: llama.cpp makes room for one row of each sequence. Where
/// tokens are encoded, each of them has a row, with its embedding beside the scores; a decoder behind has a copy of those.
/// Samplers in the graph may give back scores, probabilities and tokens of the whole vocabulary, and the token that they chose.
std::uint64_t output_bytes(const llama_context& context, std::uint64_t encoded, bool samples) {
  const auto* model = llama_get_model(&context);
  const auto words = static_cast<std::uint64_t>(llama_vocab_n_tokens(llama_model_get_vocab(model)));
  const auto scores = samples ? 4 * words + 1 : words;
  const bool has_encoder = llama_model_has_encoder(model);
  const auto width = has_encoder || encoded > 0 ? static_cast<std::uint64_t>(llama_model_n_embd_out(model)) : 0;
  const auto rows = std::max<std::uint64_t>(llama_n_seq_max(&context), encoded);
  return (rows * (scores + width) + (has_encoder ? encoded * width : 0)) * sizeof(float);
}

}  // namespace

HeldMemory::Held HeldMemory::held_by(const llama_context& context, std::uint64_t encoded, bool samples) const {
  Held held;
  for (const auto& [buffer_type, bytes] : llama_get_memory_breakdown(&context)) {
    auto& place = held[owner(buffer_type, devices_)];
    place.cache += bytes.context;
    place.compute += bytes.compute;
  }
  held[Device::cpu()].compute += output_bytes(context, encoded, samples);
  return held;
}

void HeldMemory::set_session(const void* session, const llama_context& context, std::uint64_t encoded, bool samples) {
  auto held = held_by(context, encoded, samples);
  const std::lock_guard lock(mutex_);
  sessions_[session] = std::move(held);
}

void HeldMemory::forget_session(const void* session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

std::vector<DeviceUse> HeldMemory::sum(const std::vector<PlacedTensor>& weights) const {
  std::vector<DeviceUse> uses = {{.device = Device::cpu(), .pool = "ram"}};
  for (const auto& [device, handle] : devices_) {
    const auto* key = keys_.find(device.str());
    uses.push_back({.device = device});
    if (key != nullptr) uses.back().key = *key;
    uses.back().pool = uses.back().key.pool;
  }
  const auto use_of = [&](const Device& device) { return std::ranges::find(uses, device, &DeviceUse::device); };
  for (const auto& tensor : weights) use_of(tensor.device)->weights += tensor.bytes;
  const std::lock_guard lock(mutex_);
  for (const auto& [session, held] : sessions_)
    for (const auto& [device, bytes] : held) {
      use_of(device)->cache += bytes.cache;
      use_of(device)->compute += bytes.compute;
    }
  return uses;
}

}  // namespace berth::llama
