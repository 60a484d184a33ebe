#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "engine/simulated/device.h"

namespace berth::simulated {
namespace {

struct Free {
  void operator()(void* bytes) const { std::free(bytes); }
};
using Bytes = std::unique_ptr<void, Free>;

SimulatedDevice& owner_of(ggml_backend_buffer_type_t type) { return *static_cast<SimulatedDevice*>(type->context); }
SimulatedDevice& owner_of(ggml_backend_buffer_t buffer) { return owner_of(buffer->buft); }

void log_error(const std::string& message) {
  ggml_log_callback log = nullptr;
  void* user_data = nullptr;
  ggml_log_get(&log, &user_data);
  if (log != nullptr) log(GGML_LOG_LEVEL_ERROR, message.c_str(), user_data);
}

std::string mib(std::uint64_t bytes) {
  char text[48];
  std::snprintf(text, sizeof text, "%.2f MiB", static_cast<double>(bytes) / 1048576.0);
  return text;
}

/// A copy to or from the CPU takes its time.
void copy(SimulatedDevice& device, void* to, const void* from, std::size_t bytes) {
  const auto start = Pace::Clock::now();
  std::memcpy(to, from, bytes);
  device.link_pace().wait(start, bytes);
}

void* at(const ggml_tensor* tensor, std::size_t offset) { return static_cast<char*>(tensor->data) + offset; }

void free_buffer(ggml_backend_buffer_t buffer) {
  std::free(buffer->context);
  owner_of(buffer).memory().give_back(buffer->size);
}

void* base(ggml_backend_buffer_t buffer) { return buffer->context; }

void memset_tensor(ggml_backend_buffer_t /*buffer*/, ggml_tensor* tensor, std::uint8_t value, std::size_t offset,
                   std::size_t size) {
  std::memset(at(tensor, offset), value, size);
}
void set_tensor(ggml_backend_buffer_t buffer, ggml_tensor* tensor, const void* data, std::size_t offset,
                std::size_t size) {
  copy(owner_of(buffer), at(tensor, offset), data, size);
}
void get_tensor(ggml_backend_buffer_t buffer, const ggml_tensor* tensor, void* data, std::size_t offset,
                std::size_t size) {
  copy(owner_of(buffer), data, at(tensor, offset), size);
}
void clear(ggml_backend_buffer_t buffer, std::uint8_t value) { std::memset(buffer->context, value, buffer->size); }

bool is_simulated_buffer(const ggml_backend_buffer* buffer) { return buffer->iface.set_tensor == set_tensor; }

bool is_of_host(const ggml_backend_buffer& buffer) {
  const auto type = buffer.buft;
  return type->iface.is_host != nullptr && type->iface.is_host(type);
}

bool cpy_tensor(ggml_backend_buffer_t buffer, const ggml_tensor* from, ggml_tensor* to) {
  const auto* source = from->view_src != nullptr ? from->view_src->buffer : from->buffer;
  if (source == nullptr || !(is_simulated_buffer(source) || is_of_host(*source))) return false;
  auto& device = owner_of(buffer);
  if (is_simulated_buffer(source) && &owner_of(source->buft) == &device) {
    std::memcpy(to->data, from->data, ggml_nbytes(from));
    return true;
  }
  // From another device the bytes go by way of the CPU.
  if (is_simulated_buffer(source)) owner_of(source->buft).link_pace().wait(Pace::Clock::now(), ggml_nbytes(from));
  copy(device, to->data, from->data, ggml_nbytes(from));
  return true;
}

const char* buffer_name(ggml_backend_buffer_type_t type) { return owner_of(type).spec().name.c_str(); }

ggml_backend_buffer_t alloc_buffer(ggml_backend_buffer_type_t type, std::size_t size) {
  auto& device = owner_of(type);
  if (!device.memory().take(size)) {
    log_error(device.spec().description + ": allocating " + mib(size) + " failed: out of memory (" +
              mib(device.memory().free_bytes()) + " of " + mib(device.memory().total_bytes()) + " are free)\n");
    return nullptr;
  }
  const auto alignment = std::max<std::size_t>(device.traits().alignment, 64);
  Bytes bytes(size > SIZE_MAX - alignment ? nullptr
                                          : std::aligned_alloc(alignment, (size + alignment) / alignment * alignment));
  if (!bytes) {
    device.memory().give_back(size);
    log_error(device.spec().description + ": this machine itself has no " + mib(size) + " of memory left\n");
    return nullptr;
  }
  constexpr ggml_backend_buffer_i interface{.free_buffer = free_buffer,
                                            .get_base = base,
                                            .init_tensor = nullptr,
                                            .memset_tensor = memset_tensor,
                                            .set_tensor = set_tensor,
                                            .get_tensor = get_tensor,
                                            .set_tensor_2d = nullptr,
                                            .get_tensor_2d = nullptr,
                                            .cpy_tensor = cpy_tensor,
                                            .clear = clear,
                                            .reset = nullptr};
  return ggml_backend_buffer_init(type, interface, bytes.release(), size);
}

std::size_t alignment(ggml_backend_buffer_type_t type) { return owner_of(type).traits().alignment; }

/// Whether values are a part of the keys, as in latent attention.
bool are_keys(const ggml_tensor& values, const ggml_tensor& keys) {
  return values.view_src != nullptr &&
         (values.view_src == &keys || (values.view_src == keys.view_src && values.view_offs == keys.view_offs));
}

/// Keys and values that are not in F16 are converted behind the result of flash attention
/// (ggml_cuda_flash_attn_ext_get_f16_extra_data).
std::size_t converted_cache_bytes(const ggml_tensor& attention) {
  std::size_t sum = 0;
  const auto& keys = *attention.src[1];
  for (const auto* cached : {attention.src[1], attention.src[2]})
    if (cached->type != GGML_TYPE_F16 && (cached == &keys || !are_keys(*cached, keys)))
      sum += static_cast<std::size_t>(ggml_nelements(cached)) * sizeof(ggml_fp16_t);
  return sum;
}

std::size_t alloc_size(ggml_backend_buffer_type_t type, const ggml_tensor* tensor) {
  const auto& traits = owner_of(type).traits();
  auto size = ggml_nbytes(tensor);
  if (traits.converts_cache && tensor->op == GGML_OP_FLASH_ATTN_EXT) size += converted_cache_bytes(*tensor);
  const auto rest = tensor->ne[0] % traits.row_elements;
  if (ggml_is_quantized(tensor->type) && rest != 0) size += ggml_row_size(tensor->type, traits.row_elements - rest);
  return size;
}

const char* host_buffer_name(ggml_backend_buffer_type_t type) { return owner_of(type).host_name().c_str(); }

ggml_backend_buffer_type_t cpu_type(ggml_backend_buffer_type_t type) {
  const auto cpu = owner_of(type).cpu();
  return cpu->iface.get_buffer_type(cpu);
}

/// Memory of the CPU by another name.
ggml_backend_buffer_t alloc_host_buffer(ggml_backend_buffer_type_t type, std::size_t size) {
  const auto of_cpu = cpu_type(type);
  auto* buffer = of_cpu->iface.alloc_buffer(of_cpu, size);
  if (buffer != nullptr) buffer->buft = type;
  return buffer;
}

std::size_t host_alignment(ggml_backend_buffer_type_t type) {
  const auto of_cpu = cpu_type(type);
  return of_cpu->iface.get_alignment(of_cpu);
}

bool is_host(ggml_backend_buffer_type_t /*type*/) { return true; }

}  // namespace

ggml_backend_buffer_type_i buffer_type_interface() {
  return {.get_name = buffer_name,
          .alloc_buffer = alloc_buffer,
          .get_alignment = alignment,
          .get_max_size = nullptr,
          .get_alloc_size = alloc_size,
          .is_host = nullptr};
}

ggml_backend_buffer_type_i host_buffer_type_interface() {
  return {.get_name = host_buffer_name,
          .alloc_buffer = alloc_host_buffer,
          .get_alignment = host_alignment,
          .get_max_size = nullptr,
          .get_alloc_size = nullptr,
          .is_host = is_host};
}

}  // namespace berth::simulated
