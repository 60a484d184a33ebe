/// How fast ggml computes on a device, and copies to it.
#pragma once

#include <ggml-backend.h>

#include <chrono>

#include "berth/engine.h"

namespace berth::llama {

/// Throws EngineError where the device has too little memory or fails.
Measurement measure_device(ggml_backend_dev_t device, const DeviceInfo& info, std::chrono::milliseconds budget);

}  // namespace berth::llama
