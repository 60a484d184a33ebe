#include <algorithm>
#include <cstring>
#include <memory>

#include "engine/simulated/device.h"
#include "engine/simulated/joined_steps.h"
#include "engine/simulated/weights_read.h"

namespace berth::simulated {
namespace {

/// One stream of work: a backend of the CPU, at the pace of the device.
struct Stream {
  SimulatedDevice& device;
  ggml_backend_t cpu;
};

Stream& stream_of(ggml_backend_t backend) { return *static_cast<Stream*>(backend->context); }

const char* backend_name(ggml_backend_t backend) { return stream_of(backend).device.spec().name.c_str(); }

void free_backend(ggml_backend_t backend) {
  const std::unique_ptr<Stream> stream(&stream_of(backend));
  stream->cpu->iface.free(stream->cpu);
  delete backend;
}

ggml_status graph_compute(ggml_backend_t backend, ggml_cgraph* graph) {
  auto& [device, cpu] = stream_of(backend);
  const auto start = Pace::Clock::now();
  const auto status = cpu->iface.graph_compute(cpu, graph);
  if (device.memory_pace().is_limited()) device.memory_pace().wait(start, weights_read(graph));
  return status;
}

void synchronize(ggml_backend_t /*backend*/) {}
void record_event(ggml_backend_t /*backend*/, ggml_backend_event_t /*event*/) {}
void wait_for_event(ggml_backend_t /*backend*/, ggml_backend_event_t /*event*/) {}

ggml_guid_t guid() {
  static ggml_guid id = {0xbe, 0x7d, 0x51, 0xa7, 0x0d, 0xe7, 0x1c, 0xe5, 0x9b, 0x21, 0x44, 0x8e, 0x60, 0x32, 0xf5, 0x18};
  return &id;
}

/// A function of the CPU's backend that its interface lacks.
template <class Function>
Function function_of_cpu(ggml_backend_t cpu, const char* name) {
  const auto reg = cpu->device->reg;
  return reinterpret_cast<Function>(reg->iface.get_proc_address(reg, name));
}

}  // namespace

ggml_backend_t new_backend(SimulatedDevice& device) {
  const auto cpu = device.cpu()->iface.init_backend(device.cpu(), nullptr);
  if (cpu == nullptr) return nullptr;
  constexpr ggml_backend_i interface{.get_name = backend_name,
                                     .free = free_backend,
                                     .set_tensor_async = nullptr,
                                     .get_tensor_async = nullptr,
                                     .set_tensor_2d_async = nullptr,
                                     .get_tensor_2d_async = nullptr,
                                     .cpy_tensor_async = nullptr,
                                     .synchronize = synchronize,
                                     .graph_plan_create = nullptr,
                                     .graph_plan_free = nullptr,
                                     .graph_plan_update = nullptr,
                                     .graph_plan_compute = nullptr,
                                     .graph_compute = graph_compute,
                                     .event_record = record_event,
                                     .event_wait = wait_for_event,
                                     .graph_optimize = nullptr};
  auto mine = interface;
  if (device.traits().joins_steps) mine.graph_optimize = keep_for_joined_steps;
  return new ggml_backend{guid(), mine, device.handle(), new Stream{device, cpu}};
}

void set_n_threads(ggml_backend_t backend, int n_threads) {
  const auto cpu = stream_of(backend).cpu;
  if (const auto set = function_of_cpu<ggml_backend_set_n_threads_t>(cpu, "ggml_backend_set_n_threads"))
    set(cpu, n_threads);
}

void set_abort_callback(ggml_backend_t backend, ggml_abort_callback callback, void* user_data) {
  const auto cpu = stream_of(backend).cpu;
  if (const auto set = function_of_cpu<ggml_backend_set_abort_callback_t>(cpu, "ggml_backend_set_abort_callback"))
    set(cpu, callback, user_data);
}

}  // namespace berth::simulated
