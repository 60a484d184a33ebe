#include "engine/llama/memory_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <utility>

#include "berth/error.h"
#include "engine/simulated/ggml_interface.h"

namespace berth::llama {
namespace {

struct LimitedDevice {
  MemoryLimit limit;
  std::size_t number;
  decltype(ggml_backend_device_i::get_memory) memory_of_device;
  decltype(ggml_backend_buffer_type_i::alloc_buffer) new_buffer;
};

/// Devices are told apart by their types of buffers, which are one for each.
struct LimitedDevices {
  std::unordered_map<ggml_backend_buffer_type_t, LimitedDevice> of_type;
  std::unordered_map<ggml_backend_buffer_t, ggml_backend_buffer_i> buffers;  // as ggml made them
};

LimitedDevices& limited() {
  static auto& it = *new LimitedDevices;  // buffers may be freed after this file's objects
  return it;
}

ggml_backend_buffer_type_t buffer_type_of(ggml_backend_dev_t device) { return device->iface.get_buffer_type(device); }

/// Some backends know their buffers by these functions.
class AsMade {
 public:
  explicit AsMade(ggml_backend_buffer_t buffer) : buffer_(buffer) {
    const auto found = limited().buffers.find(buffer);
    if (found == limited().buffers.end()) return;
    ours_ = std::exchange(buffer->iface, found->second);
    is_ours_ = true;
  }
  ~AsMade() {
    if (is_ours_) buffer_->iface = ours_;
  }
  AsMade(const AsMade&) = delete;
  AsMade& operator=(const AsMade&) = delete;

 private:
  ggml_backend_buffer_t buffer_;
  ggml_backend_buffer_i ours_ = {};
  bool is_ours_ = false;
};

bool copy_counted(ggml_backend_buffer_t buffer, const ggml_tensor* from, ggml_tensor* to) {
  const AsMade target(buffer);
  const AsMade source(from->view_src != nullptr ? from->view_src->buffer : from->buffer);
  return buffer->iface.cpy_tensor(buffer, from, to);
}

void free_counted(ggml_backend_buffer_t buffer) {
  auto& [devices, buffers] = limited();
  const auto as_made = buffers.find(buffer);
  buffer->iface = as_made->second;
  buffers.erase(as_made);
  const auto& [limit, number, of_device, alloc] = devices.at(buffer->buft);
  limit.count->give_back(limit.process, number, buffer->size);
  if (buffer->iface.free_buffer != nullptr) buffer->iface.free_buffer(buffer);
}

ggml_backend_buffer_t new_counted(ggml_backend_buffer_type_t type, std::size_t size) {
  auto& [devices, buffers] = limited();
  const auto& [limit, number, of_device, alloc] = devices.at(type);
  if (!limit.count->take(limit.process, number, size, limit.bytes)) {
    const auto taken = std::min(limit.bytes, limit.count->taken(number));
    std::fprintf(stderr, "a client asked for %zu bytes, and %llu of the %llu that this worker may give are free\n",
                 size, static_cast<unsigned long long>(limit.bytes - taken),
                 static_cast<unsigned long long>(limit.bytes));
    return nullptr;
  }
  const auto buffer = alloc(type, size);
  const auto held = buffer == nullptr ? 0 : buffer->size;
  // The device may have given more than it was asked for, or less.
  if (held > size && !limit.count->take(limit.process, number, held - size, limit.bytes)) {
    ggml_backend_buffer_free(buffer);
    limit.count->give_back(limit.process, number, size);
    return nullptr;
  }
  if (held < size) limit.count->give_back(limit.process, number, size - held);
  if (buffer == nullptr) return nullptr;
  buffers.emplace(buffer, buffer->iface);
  buffer->iface.free_buffer = free_counted;
  if (buffer->iface.cpy_tensor != nullptr) buffer->iface.cpy_tensor = copy_counted;
  return buffer;
}

void memory_left(ggml_backend_dev_t device, std::size_t* free, std::size_t* total) {
  const auto& [limit, number, of_device, alloc] = limited().of_type.at(buffer_type_of(device));
  of_device(device, free, total);
  *total = std::min<std::uint64_t>(*total, limit.bytes);
  *free = std::min<std::uint64_t>(*free, *total - std::min<std::uint64_t>(*total, limit.count->taken(number)));
}

}  // namespace

void limit_memory(ggml_backend_dev_t device, std::size_t number, const MemoryLimit& limit) {
  // The version stands first in each version of the registry.
  if (const auto version = device->reg->api_version; version != ggml_backend_api_version)
    throw EngineError(
        "llama.cpp", "",
        fmt::format("the memory of a worker can be limited for version {} of ggml's backends, and this ggml has {}",
                    ggml_backend_api_version, version));
  const auto type = buffer_type_of(device);
  const LimitedDevice added{limit, number, device->iface.get_memory, type->iface.alloc_buffer};
  if (!limited().of_type.emplace(type, added).second) return;  // the device was given twice
  device->iface.get_memory = memory_left;
  type->iface.alloc_buffer = new_counted;
}

std::uint64_t held_within_limits() {
  std::uint64_t bytes = 0;
  for (const auto& [buffer, as_made] : limited().buffers) bytes += buffer->size;
  return bytes;
}

}  // namespace berth::llama
