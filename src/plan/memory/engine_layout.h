/// A placement and a context as llama.cpp 0.3.36 sees them: its devices in order, and the sizes that it makes of what
/// is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "berth/context_spec.h"
#include "berth/memory.h"
#include "berth/model.h"
#include "berth/placement.h"
#include "plan/memory/graph_schedule.h"

namespace berth::plan {

/// Sizes of a context after the engine's rounding (llama_context::llama_context).
struct ContextSizes {
  std::uint64_t cells = 0;    ///< for each stream
  std::uint64_t streams = 1;  ///< caches beside each other, one for each sequence unless they share one
  std::uint64_t sequences = 1;
  std::uint64_t tokens = 1;   ///< computed at a time
  std::uint64_t ubatch = 1;   ///< tokens computed at a time, were the context long enough
  std::uint64_t outputs = 1;  ///< of those whose logits are computed
  ElementType type_k = f16;
  ElementType type_v = f16;
  FlashAttention flash_attention = FlashAttention::automatic;
  bool offload_cache = true;
  bool unified = false;
  bool swa_full = false;
  bool embeddings = false;
  bool runs = false;     ///< what is taken with the first batches counts too
  bool encodes = false;  ///< it does, and the model has an encoder beside its decoder

  /// Whether values are cached the other way round: where the engine is told not to use flash attention.
  bool transposes_values() const { return flash_attention == FlashAttention::off; }
  /// Cells of a layer that attends to `window` tokens; 0: to all.
  std::uint64_t cells_of(std::uint64_t window) const;
};

struct EngineLayout {
  std::vector<Device> devices;              ///< the host is the last of them, and may stand before that too
  std::vector<Backend> backends;            ///< facts of the same
  std::vector<std::int16_t> layer_backend;  ///< of each layer
  std::int16_t output_backend = 0;
  int host_layers = 0;                      ///< the first layers, which are on the host without it being listed
  int copies = 1;                           ///< batches that are in flight at the same time
  bool all_on_devices = false;              ///< no layer, nor the output, is on the host where it is not listed
  std::vector<std::string> repacked_types;  ///< of weights that the CPU lays out anew
  ContextSizes context;

  std::int16_t host() const { return static_cast<std::int16_t>(devices.size() - 1); }
  /// That in whose memory the host's tensors lie: the listed one, where there is one.
  std::int16_t host_memory() const { return backend_of(Device::cpu()); }
  /// That of `device`; the host where the engine was not given it.
  std::int16_t backend_of(const Device& device) const;
  std::int16_t cache_backend(std::size_t layer) const {
    return context.offload_cache && layer < layer_backend.size() ? layer_backend[layer] : host_memory();
  }
};

EngineLayout engine_layout(const ModelProfile& profile, const Placement& placement, const ContextSpec& context,
                           const MemoryOptions& options);

/// The context as the engine can keep it for this model. A decoder behind an encoder knows its distances for one stream
/// only, so that its sequences share all cells.
ContextSpec engine_context(const ModelProfile& profile, ContextSpec context);

/// What the engine makes of what is asked for, before it looks at devices: quantized values need flash attention.
FlashAttention engine_flash_attention(const ModelProfile& profile, const ContextSpec& context);

/// How elements of this name ("Q8_0", "f16") are stored; F16 where the name is not known.
ElementType element_type(std::string_view name);

}  // namespace berth::plan
