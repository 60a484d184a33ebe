#include "plan/memory/engine_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <stdexcept>
#include <utility>

#include "model/encoder_decoder.h"
#include "model/ggml_type.h"
#include "plan/device_budgets.h"
#include "plan/memory/cuda_attention.h"

namespace berth::plan {
namespace {

constexpr std::uint64_t cell_padding = 256;
constexpr std::size_t most_devices = std::numeric_limits<std::int16_t>::max();  // as `layer_backend` has them

std::uint64_t padded(std::uint64_t count) {
  return times((plus(count, cell_padding - 1)) / cell_padding, cell_padding);
}

/// What is known of the devices of each type, from the backends of ggml 0.25.
Backend backend_facts(const Device& device) {
  switch (device.type()) {
    case DeviceType::cuda:
      return {.alignment = 128,
              .row_elements = 512,
              .offload_rows = 32,
              .joins_steps = true,
              .converts_cache = true,
              .supports = cuda_supports};
    case DeviceType::xpu:
      return {.alignment = 128, .row_elements = 512, .offload_rows = 32};
    case DeviceType::vulkan:
      return {.alignment = 128, .offload_rows = 32};
    case DeviceType::cpu:
      return {.is_host = true};
    default:
      return {};  // a worker computes as its own CPU does
  }
}

bool pipelines(const Device& device) {
  return device.type() == DeviceType::cuda || device.type() == DeviceType::rpc || device.type() == DeviceType::vulkan;
}

bool on_host(const Device& device) { return !is_accelerator(device); }

void add_device(std::vector<Device>& devices, const Device& device) {
  if (!on_host(device) && std::ranges::find(devices, device) == devices.end()) devices.push_back(device);
}

/// How many of the first layers the engine puts on the host because they are not among those for devices.
int leading_host_layers(const Placement& placement) {
  int layers = 0;
  for (const auto& run : placement.layers) {
    if (run.device.type() != DeviceType::cpu) break;
    layers = std::max(layers, run.first + run.count);
  }
  return layers;
}

/// Devices of the other layers and of the output in their order, each once for each of its runs. Disks are the host.
std::vector<Device> runs_behind(const Placement& placement, int host_layers) {
  std::vector<Device> runs;
  const auto add = [&](const Device& device) {
    const auto& real = on_host(device) ? Device::cpu() : device;
    if (runs.empty() || runs.back() != real) runs.push_back(real);
  };
  for (const auto& run : placement.layers)
    if (run.count > 0 && run.first >= host_layers) add(run.device);
  if (!runs.empty() || !on_host(placement.output)) add(placement.output);
  return runs;
}

/// Whether layers are on `devices` in their order, with one run on each that has any.
bool in_order(const std::vector<Device>& runs, const std::vector<Device>& devices) {
  auto next = devices.begin();
  for (const auto& device : runs) {
    next = std::find(next, devices.end(), device);
    if (next == devices.end()) return false;
    ++next;
  }
  return true;
}

std::vector<Device> engine_devices(const Placement& placement, const MemoryOptions& options,
                                   const std::vector<Device>& runs) {
  std::vector<Device> devices;
  for (const auto& device : options.devices) add_device(devices, device);
  for (const auto& run : placement.layers) add_device(devices, run.device);
  add_device(devices, placement.output);
  add_device(devices, placement.input);
  for (const auto& [name, device] : placement.tensors) add_device(devices, device);
  if (!in_order(runs, devices)) {  // then the order is that of the runs, and the host may be one of them
    std::vector<Device> by_run;
    for (const auto* part : {&runs, &std::as_const(devices)})
      for (const auto& device : *part)
        if (std::ranges::find(by_run, device) == by_run.end()) by_run.push_back(device);
    devices = std::move(by_run);
  }
  devices.push_back(Device::cpu());
  return devices;
}

std::uint64_t at_least_one(int count) { return static_cast<std::uint64_t>(std::max(count, 1)); }

ContextSizes context_sizes(const ModelProfile& profile, const ContextSpec& asked, const MemoryOptions& options) {
  const auto spec = engine_context(profile, asked);
  ContextSizes sizes;
  const bool caches = std::ranges::any_of(profile.layers, &LayerProfile::has_cache);
  const bool recurs = std::ranges::any_of(profile.layers, &LayerProfile::recurrent);
  auto n_ctx = spec.n_ctx > 0 ? static_cast<std::uint64_t>(spec.n_ctx) : profile.context_length.value_or(0);
  sizes.sequences = at_least_one(spec.n_seq);
  // Without a cache, as in encoders, a batch is not bounded by the context.
  auto batch = at_least_one(spec.n_batch);
  if (caches || recurs) batch = std::min(batch, std::max<std::uint64_t>(n_ctx, 1));
  n_ctx = padded(n_ctx);
  sizes.cells = spec.unified ? n_ctx : padded(n_ctx / sizes.sequences);
  if (!spec.unified) n_ctx = times(sizes.cells, sizes.sequences);
  sizes.streams = spec.unified ? 1 : sizes.sequences;
  sizes.unified = spec.unified;
  if (profile.architecture == "deepseek4") {  // it has a stream for each sequence even so
    sizes.streams = sizes.sequences;
    sizes.unified = false;
  }
  const auto ubatch = std::min(batch, at_least_one(spec.n_ubatch));
  const bool two_stacks = model::is_encoder_decoder(profile);
  const bool encodes = two_stacks || profile.architecture == "t5encoder";
  const auto outputs =
      options.n_outputs_max <= 0 || encodes ? batch : static_cast<std::uint64_t>(options.n_outputs_max);
  sizes.tokens = std::max<std::uint64_t>(std::min(n_ctx, ubatch), 1);
  sizes.outputs = std::min(sizes.tokens, outputs);
  sizes.type_k = element_type(spec.type_k);
  sizes.type_v = element_type(spec.type_v);
  sizes.flash_attention = engine_flash_attention(profile, spec);
  sizes.offload_cache = spec.offload_cache;
  sizes.swa_full = options.swa_full;
  sizes.embeddings = options.embeddings;
  sizes.runs = options.runs;
  sizes.encodes = options.runs && two_stacks;
  sizes.ubatch = ubatch;
  return sizes;
}

}  // namespace

std::uint64_t ContextSizes::cells_of(std::uint64_t window) const {
  if (window == 0 || swa_full) return cells;
  return padded(std::min(cells, plus(times(window, unified ? sequences : 1), ubatch)));
}

std::int16_t EngineLayout::backend_of(const Device& device) const {
  const auto found = std::ranges::find(devices, on_host(device) ? Device::cpu() : device);
  return found == devices.end() ? host() : static_cast<std::int16_t>(found - devices.begin());
}

ContextSpec engine_context(const ModelProfile& profile, ContextSpec context) {
  context.unified = context.unified || model::is_encoder_decoder(profile);
  return context;
}

FlashAttention engine_flash_attention(const ModelProfile& profile, const ContextSpec& context) {
  if (profile.architecture == "grok") return FlashAttention::off;
  const bool required = element_type(context.type_v).quantized();
  return context.flash_attention == FlashAttention::automatic && required ? FlashAttention::on
                                                                          : context.flash_attention;
}

ElementType element_type(std::string_view name) {
  const auto* type = model::ggml_type(name);
  if (type == nullptr) return f16;
  return {type->block_elements, type->block_bytes, type->name == "BF16", type->name == "IQ4_NL"};
}

EngineLayout engine_layout(const ModelProfile& profile, const Placement& placement, const ContextSpec& context,
                           const MemoryOptions& options) {
  EngineLayout layout;
  layout.host_layers = leading_host_layers(placement);
  const auto runs = runs_behind(placement, layout.host_layers);
  if (const auto most = runs.size() + options.devices.size() + placement.tensors.size(); most > most_devices) {
    std::set<Device> different(runs.begin(), runs.end());
    different.insert(options.devices.begin(), options.devices.end());
    for (const auto& [name, device] : placement.tensors) different.insert(device);
    if (different.size() >= most_devices)
      throw std::invalid_argument(
          fmt::format("A placement over {} devices, where fewer than {} are counted", different.size(), most_devices));
  }
  layout.devices = engine_devices(placement, options, runs);
  for (const auto& device : layout.devices) layout.backends.push_back(backend_facts(device));
  layout.output_backend = layout.backend_of(placement.output);
  layout.layer_backend.assign(profile.layers.size(), layout.host_memory());
  for (const auto& run : placement.layers) {
    const auto backend = layout.backend_of(run.device);
    for (int i = std::max(run.first, 0); i - run.first < run.count; ++i) {
      if (static_cast<std::size_t>(i) >= layout.layer_backend.size()) break;
      layout.layer_backend[static_cast<std::size_t>(i)] = backend;
    }
  }
  // Where a GPU gives memory of the host to be read by it, that is taken first.
  if (std::ranges::all_of(layout.devices,
                          [](const auto& device) { return on_host(device) || device.type() == DeviceType::rpc; }))
    layout.repacked_types = options.repacked_types;
  layout.context = context_sizes(profile, context, options);
  layout.all_on_devices = layout.output_backend != layout.host() && layout.host_layers == 0;
  const bool several = std::max(layout.devices.size() - 1, runs.size()) > 1 &&
                       std::all_of(layout.devices.begin(), layout.devices.end() - 1,
                                   [](const auto& device) { return on_host(device) || pipelines(device); });
  const bool overrides = !placement.tensors.empty() || !on_host(placement.input);
  if (several && layout.all_on_devices && context.offload_cache && !overrides) layout.copies = 4;
  return layout;
}

}  // namespace berth::plan
