/// A placement in the terms of llama.cpp's library.
#pragma once

#include <llama.h>

#include <string>
#include <utility>
#include <vector>

#include "berth/device.h"
#include "berth/placement.h"
#include "plan/memory/engine_layout.h"

namespace berth::llama {

/// The devices that the engine is given, in its order, by their names in a placement; the CPU is not among them.
using NamedDevices = std::vector<std::pair<Device, ggml_backend_dev_t>>;

/// The device of a buffer type; memory of the host counts as the CPU's, whoever made it.
Device owner(ggml_backend_buffer_type_t type, const NamedDevices& devices);

class LoadParameters {
 public:
  /// Throws EngineError where llama.cpp cannot be told the placement: more runs of layers than it takes devices.
  LoadParameters(const plan::EngineLayout& layout, const Placement& placement, const NamedDevices& devices);
  LoadParameters(const LoadParameters&) = delete;
  LoadParameters& operator=(const LoadParameters&) = delete;

  /// They point into this.
  llama_model_params params() const;

 private:
  void list_devices(const plan::EngineLayout& layout, const NamedDevices& devices);
  void override_tensors(const plan::EngineLayout& layout, const Placement& placement, const NamedDevices& devices);

  std::vector<ggml_backend_dev_t> handles_;
  std::vector<float> split_;
  int gpu_layers_ = 0;
  std::vector<std::string> patterns_;
  std::vector<llama_model_tensor_buft_override> overrides_;
};

}  // namespace berth::llama
