#include "engine/llama/llama_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <string>

#include "berth/error.h"
#include "engine/llama/context_params.h"
#include "engine/llama/handles.h"
#include "engine/llama/llama_internals.h"
#include "engine/llama/load_parameters.h"
#include "engine/llama/log_capture.h"
#include "plan/memory/engine_layout.h"

namespace berth::llama {
namespace {

[[noreturn]] void refuse(std::string problem) { throw EngineError("llama.cpp", "", std::move(problem)); }

llama_context_params params_for(const ContextSpec& context, const MemoryOptions& options) {
  auto params = context_params(context);
  params.n_ctx = static_cast<std::uint32_t>(context.n_ctx);
  params.n_seq_max = static_cast<std::uint32_t>(context.n_seq);
  params.n_outputs_max = static_cast<std::uint32_t>(std::max(options.n_outputs_max, 0));
  params.swa_full = options.swa_full;
  params.embeddings = options.embeddings;
  return params;
}

}  // namespace

MemoryUse exact_memory(const std::filesystem::path& path, const ModelProfile& profile, const Placement& placement,
                       const ContextSpec& context, const MemoryOptions& options, const NamedDevices& devices) {
  LogCapture log;
  auto asked = options;
  for (const auto& [device, unused] : devices)
    if (std::ranges::find(asked.devices, device) == asked.devices.end()) asked.devices.push_back(device);
  const auto layout = plan::engine_layout(profile, placement, context, asked);
  const LoadParameters load(layout, placement, devices);
  auto params = load.params();
  params.load_mode = LLAMA_LOAD_MODE_NONE;
  params.use_extra_bufts = !options.repacked_types.empty();
  params.no_alloc = true;
  const ModelHandle model(llama_model_load_from_file(path.c_str(), params));
  if (!model) refuse(log.errors("llama.cpp cannot read the model"));
  const auto kept = plan::engine_context(profile, context);
  const ContextHandle handle(llama_init_from_model(model.get(), params_for(kept, options)));
  if (!handle) refuse(log.errors("llama.cpp refuses the context"));
  // What the context counts of compute buffers without allocating them is not always what it would allocate: its
  // scheduler forgets where the graph wanted parts of itself. A second reservation does not.
  const auto& sizes = layout.context;
  const auto sequences = static_cast<std::uint32_t>(sizes.sequences);
  const auto reserve = [&](std::uint64_t tokens, std::uint64_t outputs) {
    if (llama_graph_reserve(handle.get(), static_cast<std::uint32_t>(tokens), sequences,
                            static_cast<std::uint32_t>(outputs)) == nullptr)
      refuse(log.errors("llama.cpp cannot allocate the compute buffers"));
  };
  reserve(sizes.tokens, sizes.outputs);
  reserve(sizes.sequences, sizes.sequences);
  reserve(sizes.tokens, sizes.outputs);
  std::map<Device, std::array<std::uint64_t, 3>> sums;
  for (const auto& [type, bytes] : llama_get_memory_breakdown(handle.get())) {
    auto& sum = sums[owner(type, devices)];
    sum[0] += bytes.model;
    sum[1] += bytes.context;
  }
  auto* scheduler = handle->get_sched();
  for (int i = 0; i < ggml_backend_sched_get_n_backends(scheduler); ++i) {
    auto* backend = ggml_backend_sched_get_backend(scheduler, i);
    const auto type = ggml_backend_sched_get_buffer_type(scheduler, backend);
    sums[owner(type, devices)][2] += ggml_backend_sched_get_buffer_size(scheduler, backend);
  }
  const auto computed = memory_use(profile, placement, context, asked);
  if (layout.context.runs && computed.estimate.empty())  // the engine tells nothing of it before it has run
    for (const auto& buffer : computed.buffers)
      if (buffer.kind == BufferKind::compute) sums[buffer.device][2] = std::max(sums[buffer.device][2], buffer.bytes);
  MemoryUse use;
  const auto add = [&](const Device& device) {
    const auto& sum = sums[device];
    use.buffers.push_back({device, BufferKind::weights, sum[0]});
    use.buffers.push_back({device, BufferKind::cache, sum[1]});
    use.buffers.push_back({device, BufferKind::compute, sum[2]});
  };
  for (const auto& [device, unused] : devices) add(device);
  add(Device::cpu());
  use.buffers.push_back(computed.buffers.back());  // the output, which is in no breakdown
  return use;
}

}  // namespace berth::llama
