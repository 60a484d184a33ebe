/// How much memory a model takes on each device, computed from its header: nothing is loaded.
///
///     const auto profile = read_model("model.gguf");
///     const auto placement = Placement{.layers = {{0, 32, Device::gpu()}}, .output = Device::gpu()};
///     for (const auto& use : memory_of(profile, placement, {.n_ctx = 8192}))
///       std::cout << use.device << ' ' << use.total() << '\n';
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "berth/context_spec.h"
#include "berth/device.h"
#include "berth/inventory.h"
#include "berth/model.h"
#include "berth/placement.h"
#include "berth/value.h"

namespace berth {

/// What the engine may be told beside the context. Names and defaults are those of llama.cpp.
struct MemoryOptions {
  int n_outputs_max = 0;    ///< tokens of a batch whose logits are computed, at most; 0: all of them
  bool swa_full = false;    ///< layers with a window keep the whole context
  bool embeddings = false;  ///< the embedding of each output is given back too
  /// Counts what the engine takes with its first batches too, not with the context: the encoder's buffers for the longest
  /// prompt that is computed at a time, and those of a batch of few tokens, whose products with the CPU's weights no
  /// device takes over.
  bool runs = false;
  /// Types of weights that the CPU lays out anew for its products (x86-64 with AVX-512). Empty: no repacking.
  std::vector<std::string> repacked_types = {"Q2_K", "Q4_0", "Q4_K", "IQ4_NL", "MXFP4"};
  /// All devices that the engine is given, in its order, whether or not the placement uses them; the CPU does not
  /// count. Empty: those of the placement, in its order.
  std::vector<Device> devices = {};
  /// The largest scores are found in the graph where all of it is computed on the CPU, except for models with an encoder: the
  /// engine then has room for four numbers for each score instead of one.
  bool taps_scores = false;

  bool operator==(const MemoryOptions&) const = default;
};

/// Those of Berth's own sessions, which ask for the logits of one token of each sequence and run. llama-server's differ in
/// `taps_scores`.
MemoryOptions generation_options(const ContextSpec& context);

enum class BufferKind {
  weights,
  cache,    ///< keys and values, recurrent states
  compute,  ///< intermediate results
  output    ///< logits and embeddings, always in the memory of the host
};
std::string_view to_string(BufferKind kind);  ///< "weights", "cache", "compute", "output"

/// One kind of buffer on one device.
struct BufferUse {
  Device device = Device::cpu();
  BufferKind kind = BufferKind::weights;
  std::uint64_t bytes = 0;

  Value to_dict() const;
  static BufferUse from_dict(const Value& dict);

  bool operator==(const BufferUse&) const = default;
};

/// What a model takes, and how sure that is.
struct MemoryUse {
  std::vector<BufferUse> buffers;  ///< device by device: those of the placement in their order, then the CPU
  /// Why the compute buffers are not a close bound but a generous one: an architecture that is not known. Empty: they
  /// are close.
  std::string estimate = {};

  /// The sum of each device; the output counts as compute.
  std::vector<DeviceUse> by_device() const;

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static MemoryUse from_dict(const Value& dict);

  bool operator==(const MemoryUse&) const = default;
};

/// The buffers that llama.cpp allocates for `profile` with this placement and context. Weights and cache are exact;
/// compute buffers are those of the engine's own graphs and scheduler, computed here.
///
/// Pure and safe to call from several threads. Placements that the engine cannot carry out are computed as well as
/// can be; an absurd profile gives absurd numbers, but no error.
MemoryUse memory_use(const ModelProfile& profile, const Placement& placement, const ContextSpec& context,
                     const MemoryOptions& options = {});

/// memory_use() by device. With `inventory`, each device's `key`, `pool` and what its driver takes for a program that
/// uses it (`overhead`) are filled in.
std::vector<DeviceUse> memory_of(const ModelProfile& profile, const Placement& placement, const ContextSpec& context,
                                 const MemoryOptions& options = {}, const Inventory* inventory = nullptr);

}  // namespace berth
