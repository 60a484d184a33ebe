/// Devices of workers on other machines.
#pragma once

#include <ggml-backend.h>

#include <memory>
#include <string>

#include "berth/device.h"
#include "berth/device_key.h"

namespace berth::llama {

/// The device `key` of its worker, which is greeted first: ggml ends the process where a worker cannot be reached or speaks
/// another protocol. `wanted` is what the device is called in messages. Throws EngineError.
ggml_backend_dev_t worker_device(const Device& wanted, const DeviceKey& key);

/// As long as it is held, this process is connected to the worker at `endpoint`: ggml shares that connection, and a worker
/// has one client at a time, so that it cannot be greeted again.
std::shared_ptr<const void> hold_worker(const std::string& endpoint);

}  // namespace berth::llama
