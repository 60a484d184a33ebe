#include "plan/compute_bytes.h"

#include <algorithm>

#include "plan/cache_bytes.h"
#include "plan/model_graph.h"

namespace berth::plan {
namespace {

constexpr std::size_t most_graph_layers = 1024;  // llama.cpp takes 512
constexpr std::uint64_t most_sequences = 65'536;

struct Reservation {
  std::vector<std::uint64_t> bytes;
  bool known = true;
  bool flash_fits = true;  ///< flash attention would run on the device of each layer
};

Batch batch_of(const ContextSizes& context, std::uint64_t tokens, std::uint64_t outputs, bool flash, bool transposed) {
  Batch batch;
  batch.sequences = std::max<std::uint64_t>(context.sequences, 1);
  batch.tokens = (tokens + batch.sequences - 1) / batch.sequences * batch.sequences;
  batch.outputs = outputs;
  batch.flash_attention = flash;
  batch.transposed_values = transposed;
  return batch;
}

/// Whether flash attention would run on the device of each layer; where it would not, the engine goes without it.
bool flash_fits(const ModelGraph& model, const Schedule& plan, const EngineLayout& layout) {
  if (std::ranges::none_of(layout.backends, [](const auto& backend) { return static_cast<bool>(backend.supports); }))
    return true;
  constexpr std::int16_t anywhere = -1;
  std::vector<std::int16_t> wanted(model.graph.size(), anywhere);
  for (const auto& [tensor, layer] : model.attending)
    if (tensor != no_tensor) wanted[static_cast<std::size_t>(tensor)] = layout.layer_backend[layer];
  return std::ranges::all_of(plan.steps, [&](const auto& step) {
    const auto backend = wanted[static_cast<std::size_t>(step.tensor)];
    return step.holds || backend == anywhere || backend == step.backend;
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
  result.flash_fits = flash_fits(model, plan, layout);
  return result;
}

}  // namespace

ComputeBytes compute_bytes(const ModelProfile& profile, const PlacedWeights& weights, const EngineLayout& layout,
                           FlashAttention flash_attention) {
  ComputeBytes result;
  result.bytes.assign(layout.backends.size(), 0);
  if (profile.layers.empty() || profile.layers.size() > most_graph_layers ||
      layout.context.sequences > most_sequences) {
    result.estimate = "the counts of layers or of sequences make no sense, so compute buffers are not known";
    return result;
  }
  const bool transposed = flash_attention == FlashAttention::off;
  bool flash = flash_attention != FlashAttention::off && profile.architecture != "grok";
  const auto& context = layout.context;
  const auto reserved = [&](std::uint64_t tokens, std::uint64_t outputs) {
    return reserve(profile, weights, layout, batch_of(context, tokens, outputs, flash, transposed));
  };
  // A token for each sequence, and a batch of a prompt; the engine keeps the larger buffers.
  auto few = reserved(context.sequences, context.sequences);
  if (flash_attention == FlashAttention::automatic && flash && !few.flash_fits) {
    flash = false;
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
    auto encoder = batch_of(context, context.tokens, context.tokens, flash, transposed);
    encoder.sequences = 1;
    encoder.tokens = encoder.outputs = context.tokens;
    encoder.encoder = true;
    keep_larger(reserve(profile, weights, layout, encoder));
    auto decoder = batch_of(context, context.sequences, context.sequences, flash, transposed);
    decoder.encoded = static_cast<std::uint32_t>(std::min<std::uint64_t>(context.tokens, UINT32_MAX));
    keep_larger(reserve(profile, weights, layout, decoder));
  }
  if (const auto tokens = context.runs ? tokens_left_to_the_host(layout) : 0)  // not reserved either
    keep_larger(reserved(tokens, std::min(tokens, context.outputs)));
  const bool known = few.known && many.known;
  const bool named = profile.format != "safetensors" && profile.format != "onnx";  // tensors as in GGUF
  if (!known || !named) {
    // Unknown steps keep more at the same time than those of plain decoders: twice as much was never too little in
    // those that are known.
    for (auto& bytes : result.bytes) bytes = times(bytes, 2);
    result.estimate =
        named ? "the architecture '" + profile.architecture + "' is not known, so compute buffers are a generous guess"
              : "the model is no GGUF file, so compute buffers are a generous guess";
  }
  return result;
}

}  // namespace berth::plan
