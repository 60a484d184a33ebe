#include "plan/memory/compute_bytes.h"

#include <algorithm>
#include <array>

#include "plan/memory/cache_bytes.h"
#include "plan/memory/model_graph.h"

namespace berth::plan {
namespace {

constexpr std::size_t most_graph_layers = 1024;  // llama.cpp takes 512
constexpr std::uint64_t most_sequences = 65'536;

struct Reservation {
  std::vector<std::uint64_t> bytes;
  bool known = true;
  std::vector<Fused> unfit = {};  ///< steps that would not run on the device of each layer
};

Batch batch_of(const ContextSizes& context, std::uint64_t tokens, std::uint64_t outputs,
               const std::vector<Fused>& apart) {
  Batch batch;
  batch.sequences = std::max<std::uint64_t>(context.sequences, 1);
  batch.tokens = (tokens + batch.sequences - 1) / batch.sequences * batch.sequences;
  batch.outputs = outputs;
  batch.apart = apart;
  batch.flash_attention = batch.fuses(Fused::flash);
  return batch;
}

constexpr std::array all_fused{Fused::flash, Fused::hyper_pre, Fused::hyper_combination, Fused::hyper_post};

/// Whether such steps would run on the device of each layer; where they would not, the engine takes them apart. Weights
/// or a cache elsewhere draw them there, and some devices do not support them.
bool fits(Fused kind, const ModelGraph& model, const Schedule& plan, const EngineLayout& layout) {
  if (std::ranges::find(model.fused_steps, kind, &ModelGraph::FusedStep::kind) == model.fused_steps.end()) return true;
  std::vector<const Device*> wanted(model.graph.size(), nullptr);
  const auto device = [&](std::int16_t backend) { return &layout.devices[static_cast<std::size_t>(backend)]; };
  for (const auto& [tensor, layer, step] : model.fused_steps)
    if (tensor != no_tensor && step == kind)
      wanted[static_cast<std::size_t>(tensor)] = device(layout.layer_backend[layer]);
  return std::ranges::all_of(plan.steps, [&](const auto& step) {
    const auto* there = wanted[static_cast<std::size_t>(step.tensor)];
    return step.holds || there == nullptr || *there == *device(step.backend);
  });
}

/// The most tokens of a batch whose products with the host's weights no device takes over; 0: none differs from what is
/// reserved. The host then needs memory for what the devices do in a larger batch.
std::uint64_t tokens_left_to_the_host(const EngineLayout& layout) {
  if (layout.all_on_devices) return 0;
  std::uint64_t rows = 0;
  for (const auto& backend : layout.backends) rows = std::max(rows, backend.offload_rows);
  if (rows <= 1 || rows > layout.context.tokens) return 0;
  const auto sequences = std::max<std::uint64_t>(layout.context.sequences, 1);
  return (rows - 1) / sequences * sequences;
}

Reservation reserve(const ModelProfile& profile, const PlacedWeights& weights, const EngineLayout& layout,
                    const Batch& batch) {
  ModelGraph model(profile, weights, layout, batch);
  Reservation result;
  result.known = build_model(model);
  const auto plan = schedule(model.graph, layout.backends, layout.copies);
  result.bytes = buffer_bytes(model.graph, plan, layout.backends);
  for (const auto kind : all_fused)
    if (!fits(kind, model, plan, layout)) result.unfit.push_back(kind);
  return result;
}

/// Unknown steps keep more at the same time than those of plain decoders: twice as much and a bit was never too little in those
/// that are known. A device whose layers have none of the usual weights computes as well.
void widen(std::vector<std::uint64_t>& bytes, const EngineLayout& layout) {
  constexpr std::uint64_t a_bit = 1 << 20;
  const auto most = std::ranges::max(bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto backend = static_cast<std::int16_t>(i);
    const bool has_layers = std::ranges::find(layout.layer_backend, backend) != layout.layer_backend.end();
    if (bytes[i] == 0 && has_layers) bytes[i] = most;
    if (bytes[i] > 0) bytes[i] = plus(times(bytes[i], 2), a_bit);
  }
}

}  // namespace

ComputeBytes compute_bytes(const ModelProfile& profile, const PlacedWeights& weights, const EngineLayout& layout) {
  ComputeBytes result;
  result.bytes.assign(layout.backends.size(), 0);
  if (profile.layers.empty() || profile.layers.size() > most_graph_layers ||
      layout.context.sequences > most_sequences) {
    result.estimate = "the counts of layers or of sequences make no sense, so compute buffers are not known";
    return result;
  }
  const auto& context = layout.context;
  std::vector<Fused> apart;
  if (context.flash_attention == FlashAttention::off) apart.push_back(Fused::flash);
  const auto reserved = [&](std::uint64_t tokens, std::uint64_t outputs) {
    return reserve(profile, weights, layout, batch_of(context, tokens, outputs, apart));
  };
  // A token for each sequence, and a batch of a prompt; the engine keeps the larger buffers.
  auto few = reserved(context.sequences, context.sequences);
  for (const auto kind : all_fused) {
    if (kind == Fused::flash && context.flash_attention != FlashAttention::automatic) continue;
    if (std::ranges::find(few.unfit, kind) == few.unfit.end()) continue;
    apart.push_back(kind);
    few = reserved(context.sequences, context.sequences);
  }
  const auto many = reserved(context.tokens, context.outputs);
  const auto keep_larger = [&](const Reservation& reservation) {
    for (std::size_t i = 0; i < result.bytes.size(); ++i)
      result.bytes[i] = std::max(result.bytes[i], reservation.bytes[i]);
  };
  keep_larger(few);
  keep_larger(many);
  if (context.encodes) {  // not reserved: buffers grow with the longest prompt, and with the decoder that looks at it
    auto encoder = batch_of(context, context.tokens, context.tokens, apart);
    encoder.sequences = 1;
    encoder.tokens = encoder.outputs = context.tokens;
    encoder.encoder = true;
    keep_larger(reserve(profile, weights, layout, encoder));
    auto decoder = batch_of(context, context.sequences, context.sequences, apart);
    decoder.encoded = static_cast<std::uint32_t>(std::min<std::uint64_t>(context.tokens, UINT32_MAX));
    keep_larger(reserve(profile, weights, layout, decoder));
  }
  if (const auto tokens = context.runs ? tokens_left_to_the_host(layout) : 0)  // not reserved either
    keep_larger(reserved(tokens, std::min(tokens, context.outputs)));
  const bool known = few.known && many.known;
  const bool named = profile.format != "safetensors" && profile.format != "onnx";  // tensors as in GGUF
  if (!known || !named) {
    // Some compute the scores of all tokens, whatever is asked for.
    if (!known) keep_larger(reserved(context.tokens, context.tokens));
    widen(result.bytes, layout);
    result.estimate =
        named ? "the architecture '" + profile.architecture +
                    "' is not known, so compute buffers are a generous guess and its cache is that of a plain decoder"
              : "the model is no GGUF file, so compute buffers are a generous guess";
  }
  return result;
}

}  // namespace berth::plan
