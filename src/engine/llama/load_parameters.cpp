#include "engine/llama/load_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "berth/error.h"
#include "plan/export/layer_split.h"
#include "plan/memory/placed_weights.h"

namespace berth::llama {
namespace {

/// A regular expression that only `name` matches.
std::string quoted_pattern(std::string_view name) {
  std::string pattern = "^";
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') pattern += '\\';
    pattern += c;
  }
  return pattern + "$";
}

/// The CPU for what is not among `devices`: the host, and disks that it maps.
ggml_backend_dev_t handle_of(const Device& device, const NamedDevices& devices) {
  const auto found = std::ranges::find(devices, device, &NamedDevices::value_type::first);
  return found == devices.end() ? ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) : found->second;
}

/// What takes so many places in the engine's list of devices.
std::string runs_text(const plan::EngineLayout& layout, std::size_t places) {
  std::size_t runs = 0;
  for (auto i = static_cast<std::size_t>(layout.host_layers); i < layout.layer_backend.size(); ++i)
    if (i == static_cast<std::size_t>(layout.host_layers) || layout.layer_backend[i] != layout.layer_backend[i - 1])
      ++runs;
  const bool output_apart = layout.layer_backend.empty() || layout.output_backend != layout.layer_backend.back();
  auto text = fmt::format("the layers lie in {} runs on devices", runs);
  if (output_apart) text += ", the output behind them is one more";
  if (const auto others = places - std::min(places, runs + (output_apart ? 1 : 0)); others > 0)
    text += fmt::format(", and {} more {} single tensors", others, others == 1 ? "device holds" : "devices hold");
  return text;
}

}  // namespace

Device owner(ggml_backend_buffer_type_t type, const NamedDevices& devices) {
  if (!ggml_backend_buft_is_host(type)) {
    for (const auto& [device, handle] : devices)
      if (ggml_backend_buft_get_device(type) == handle) return device;
  }
  return Device::cpu();
}

LoadParameters::LoadParameters(const plan::EngineLayout& layout, const Placement& placement,
                               const NamedDevices& devices) {
  list_devices(layout, devices);
  override_tensors(layout, placement, devices);
}

llama_model_params LoadParameters::params() const {
  auto params = llama_model_default_params();
  params.devices = const_cast<ggml_backend_dev_t*>(handles_.data());
  params.n_gpu_layers = gpu_layers_;
  params.tensor_split = split_.data();
  params.tensor_buft_overrides = overrides_.size() > 1 ? overrides_.data() : nullptr;
  return params;
}

void LoadParameters::list_devices(const plan::EngineLayout& layout, const NamedDevices& devices) {
  const auto split = plan::run_split(layout);
  if (split.devices.size() > llama_max_devices())
    throw EngineError(
        "llama.cpp", "",
        fmt::format("{}; the engine takes {} in all: give each device layers that follow each other, and the "
                    "output the device of the last of them",
                    runs_text(layout, split.devices.size()), llama_max_devices()));
  gpu_layers_ = split.n_gpu_layers;
  split_.assign(split.counts.begin(), split.counts.end());
  split_.resize(llama_max_devices());
  for (const auto& device : split.devices) handles_.push_back(handle_of(device, devices));
  handles_.push_back(nullptr);
}

void LoadParameters::override_tensors(const plan::EngineLayout& layout, const Placement& placement,
                                      const NamedDevices& devices) {
  std::vector<std::pair<std::string, Device>> elsewhere(placement.tensors.begin(), placement.tensors.end());
  // The engine keeps these on the host, whatever layers do.
  if (layout.backend_of(placement.input) != layout.host_memory())
    for (const auto role : plan::input_roles)
      if (auto name = std::string(role) + ".weight"; !placement.tensors.contains(name))
        elsewhere.emplace_back(std::move(name), placement.input);
  for (const auto& [name, device] : elsewhere) patterns_.push_back(quoted_pattern(name));
  std::size_t i = 0;
  for (const auto& [name, device] : elsewhere)
    overrides_.push_back({patterns_[i++].c_str(), ggml_backend_dev_buffer_type(handle_of(device, devices))});
  overrides_.push_back({nullptr, nullptr});
}

}  // namespace berth::llama
