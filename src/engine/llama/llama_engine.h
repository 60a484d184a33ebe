/// llama.cpp as an engine: GGUF models on every device that ggml knows.
#pragma once

#include <memory>

#include "berth/engine.h"

namespace berth::llama {

class LlamaEngine final : public Engine {
 public:
  std::string_view name() const override { return "llama.cpp"; }
  std::string version() const override;
  std::vector<DeviceInfo> devices() const override;
  bool uses_workers() const override;
  Measurement measure(const Device& device, const DeviceKey& key, std::chrono::milliseconds budget) const override;
  MemoryUse memory(const std::filesystem::path& model, const Placement& placement, const ContextSpec& context,
                   const OrderedMap<DeviceKey>& keys) const override;
  std::shared_ptr<const LoadedModel> load(const LoadRequest& request, const LoadContext& context) const override;
};

class LlamaModel;

/// Refuses a model for what it will be used for: check_generates(), check_encodes().
using CheckUse = void (*)(const ModelProfile& profile, const Device& device);

/// As LlamaEngine::load(), for any use of the model.
std::shared_ptr<const LlamaModel> load_model(const LoadRequest& request, const LoadContext& context,
                                             CheckUse check_use);

/// Those of LlamaEngine::devices() for which no driver of a GPU is entered, in a build with modules.
std::vector<DeviceInfo> devices_without_drivers();

}  // namespace berth::llama
