#include "berth/memory.h"

#include <algorithm>

#include "model/encoder_decoder.h"
#include "model/layers.h"
#include "plan/memory/cache_bytes.h"
#include "plan/memory/compute_bytes.h"
#include "plan/memory/engine_layout.h"
#include "plan/memory/memory_fields.h"
#include "plan/memory/placed_weights.h"
#include "plan/memory/stored_bytes.h"

namespace berth {
namespace {

using namespace plan;

/// Of deepseek4 and qwen4exp an embedding has room for all residual streams.
std::uint64_t residual_streams(const ModelProfile& profile) {
  if (profile.architecture != "deepseek4" && profile.architecture != "qwen4exp") return 1;
  return model::architecture_count(profile, "hyper_connection.count").value_or(1);
}

/// Logits of each sequence, and what else is given back, in the memory of the host. An encoder has a row for each token,
/// and its embeddings are kept for the decoder. Beside samplers in the graph there is room for what they may give back.
std::uint64_t output_bytes(const ModelProfile& profile, const EngineLayout& layout, bool taps_scores) {
  const auto& context = layout.context;
  auto vocabulary = profile.vocabulary_size.value_or(0);
  const bool has_encoder = model::is_encoder_decoder(profile);
  if (taps_scores && layout.devices.size() == 1 && !has_encoder) vocabulary = plus(times(vocabulary, 4), 1);
  const bool embeds = context.embeddings || has_encoder;
  const auto width = embeds ? times(profile.embedding_length.value_or(0), residual_streams(profile)) : 0;
  const auto encoded = context.encodes ? context.tokens : 0;
  const auto rows = times(plus(vocabulary, width), std::max(context.sequences, encoded));
  return times(plus(rows, times(width, encoded)), f32.bytes);
}

}  // namespace

std::string_view to_string(BufferKind kind) {
  return structs::NamesOf<BufferKind>::all.at(static_cast<std::size_t>(kind));
}

Value BufferUse::to_dict() const { return structs::write(*this); }
BufferUse BufferUse::from_dict(const Value& dict) { return structs::read<BufferUse>(dict, {}); }
Value MemoryUse::to_dict() const { return structs::write(*this); }
MemoryUse MemoryUse::from_dict(const Value& dict) { return structs::read<MemoryUse>(dict, {}); }

std::vector<DeviceUse> MemoryUse::by_device() const {
  std::vector<DeviceUse> uses;
  for (const auto& buffer : buffers) {
    auto use = std::ranges::find(uses, buffer.device, &DeviceUse::device);
    if (use == uses.end()) use = uses.insert(uses.end(), DeviceUse{.device = buffer.device});
    auto& sum = buffer.kind == BufferKind::weights ? use->weights
                : buffer.kind == BufferKind::cache ? use->cache
                                                   : use->compute;
    sum = plus(sum, buffer.bytes);
  }
  return uses;
}

MemoryOptions generation_options(const ContextSpec& context) {
  return {.n_outputs_max = context.n_seq, .runs = true, .taps_scores = true};
}

MemoryUse memory_use(const ModelProfile& profile, const Placement& placement, const ContextSpec& context,
                     const MemoryOptions& options) {
  const auto layout = engine_layout(profile, placement, context, options);
  const PlacedWeights weights(profile, placement, layout);
  const auto weight_bytes = weights.bytes(layout);
  const auto caches = cache_bytes(profile, layout);
  const auto compute = compute_bytes(profile, weights, layout);
  MemoryUse use;
  use.estimate = compute.estimate;
  for (std::size_t i = 0; i < layout.devices.size(); ++i) {
    const auto listed = static_cast<std::size_t>(layout.host_memory());
    const bool is_host = layout.devices[i] == Device::cpu();
    if (is_host && i == listed && i + 1 < layout.devices.size()) continue;  // told at the end
    const auto from = is_host ? listed : i;
    use.buffers.push_back({layout.devices[i], BufferKind::weights, weight_bytes[from]});
    use.buffers.push_back({layout.devices[i], BufferKind::cache, caches[from]});
    use.buffers.push_back({layout.devices[i], BufferKind::compute, compute.bytes[from]});
  }
  use.buffers.push_back({Device::cpu(), BufferKind::output, output_bytes(profile, layout, options.taps_scores)});
  return use;
}

std::vector<DeviceUse> plan::stored_bytes(const ModelProfile& profile, const Placement& placement,
                                          const ContextSpec& context) {
  const auto layout = engine_layout(profile, placement, context, {});
  const auto weights = PlacedWeights(profile, placement, layout).bytes(layout);
  const auto caches = cache_bytes(profile, layout);
  std::vector<DeviceUse> uses;
  for (std::size_t i = 0; i < layout.devices.size(); ++i)
    uses.push_back({.device = layout.devices[i], .weights = weights[i], .cache = caches[i]});
  return uses;
}

void plan::set_disk_apart(std::vector<DeviceUse>& uses, const ModelProfile& profile, const Placement& placement) {
  const auto is_on_disk = [&](const TensorInfo& tensor) {
    if (const auto* apart = placement.tensors.find(tensor.name)) return apart->type() == DeviceType::disk;
    if (!tensor.layer) return (is_input(tensor) ? placement.input : placement.output).type() == DeviceType::disk;
    return std::ranges::any_of(placement.layers, [&](const LayerRun& run) {
      return run.device.type() == DeviceType::disk && static_cast<int>(*tensor.layer) >= run.first &&
             static_cast<int>(*tensor.layer) < run.first + run.count;
    });
  };
  std::uint64_t bytes = 0;
  for (const auto& tensor : profile.tensors)
    if (is_on_disk(tensor)) bytes = plus(bytes, tensor.bytes);
  const auto cpu = std::ranges::find(uses, Device::cpu(), &DeviceUse::device);
  if (bytes == 0 || cpu == uses.end()) return;
  bytes = std::min(bytes, cpu->weights);
  cpu->weights -= bytes;
  uses.push_back({.device = Device::disk(), .weights = bytes});
}

std::vector<DeviceUse> plan::generation_use(const ModelProfile& profile, const Placement& placement,
                                            const ContextSpec& context) {
  auto uses = memory_of(profile, placement, context, generation_options(context));
  set_disk_apart(uses, profile, placement);
  return uses;
}

std::uint64_t plan::driver_bytes(DeviceType type) {
  // Seen on an H200 with CUDA 13.0: 526.8 MiB for the context, and 80 MiB for kernels and their workspace. Other devices
  // were not measured.
  constexpr std::uint64_t cuda_context_bytes = 607ULL << 20;
  return type == DeviceType::cuda ? cuda_context_bytes : 0;
}

std::vector<DeviceUse> plan::on_machine(std::vector<DeviceUse> uses, const Inventory& inventory) {
  for (auto& use : uses) {
    const auto info = std::ranges::find(inventory.devices, use.device, &DeviceInfo::device);
    if (info == inventory.devices.end()) continue;
    use.key = info->key();
    use.pool = info->pool;
    use.overhead = driver_bytes(info->device.type());
  }
  return uses;
}

std::vector<DeviceUse> memory_of(const ModelProfile& profile, const Placement& placement, const ContextSpec& context,
                                 const MemoryOptions& options, const Inventory* inventory) {
  auto uses = memory_use(profile, placement, context, options).by_device();
  return inventory == nullptr ? uses : on_machine(std::move(uses), *inventory);
}

}  // namespace berth
