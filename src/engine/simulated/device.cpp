#include "engine/simulated/device.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace berth::simulated {
namespace {

/// No bridge has this domain, so that no hardware has the address.
std::string made_up_address(const Device& device) {
  const auto id = static_cast<unsigned>(device.id().value_or(0));
  char text[32];
  std::snprintf(text, sizeof text, "be%02x:%02x:%02x.0", static_cast<unsigned>(device.type()), id & 0xFFU,
                (id >> 8U) & 0x1FU);
  return text;
}

const char* name(ggml_backend_dev_t device) { return device_of(device).spec().name.c_str(); }
const char* description(ggml_backend_dev_t device) { return device_of(device).spec().description.c_str(); }

void memory(ggml_backend_dev_t device, std::size_t* free, std::size_t* total) {
  *free = device_of(device).memory().free_bytes();
  *total = device_of(device).memory().total_bytes();
}

enum ggml_backend_dev_type type(ggml_backend_dev_t device) {
  return device_of(device).spec().integrated ? GGML_BACKEND_DEVICE_TYPE_IGPU : GGML_BACKEND_DEVICE_TYPE_GPU;
}

void props(ggml_backend_dev_t device, ggml_backend_dev_props* props) {
  const auto& self = device_of(device);
  *props = {};
  props->name = name(device);
  props->description = description(device);
  memory(device, &props->memory_free, &props->memory_total);
  props->type = type(device);
  props->device_id = self.id().c_str();
  props->caps.async = self.traits().pipelines;
  props->caps.events = self.traits().pipelines;
  props->caps.host_buffer = self.traits().pins_host_memory;
  props->caps.mmap_support = !self.spec().integrated;
}

ggml_backend_t init_backend(ggml_backend_dev_t device, const char* /*params*/) { return new_backend(device_of(device)); }
ggml_backend_buffer_type_t buffer_type(ggml_backend_dev_t device) { return device_of(device).buffer_type(); }
ggml_backend_buffer_type_t host_buffer_type(ggml_backend_dev_t device) { return device_of(device).host_buffer_type(); }

/// As the flash attention of ggml-cuda has them (ggml_cuda_get_best_fattn_kernel).
bool has_head_size(const ggml_tensor& attention) {
  const auto key = attention.src[1]->ne[0];
  const auto value = attention.src[2]->ne[0];
  constexpr std::int64_t usual[] = {40, 64, 72, 80, 96, 112, 128, 256};
  if (std::ranges::find(usual, key) != std::end(usual)) return value == key;
  const auto kv_heads = std::max<std::int64_t>(attention.src[1]->ne[2], 1);
  const auto ratio = attention.src[0]->ne[2] / kv_heads;
  if (ratio < 2 || attention.src[1]->ne[1] % 256 != 0) return false;
  return (key == 192 && value == 128 && ratio % 8 == 0) || (key == 320 && value == 256 && ratio % 32 == 0) ||
         ((key == 512 || key == 576) && value == 512);
}

/// ggml_cuda_fattn_kv_type_supported.
bool is_cache_type(ggml_type type) {
  constexpr ggml_type known[] = {GGML_TYPE_F32,  GGML_TYPE_F16,  GGML_TYPE_BF16, GGML_TYPE_Q4_0,
                                 GGML_TYPE_Q4_1, GGML_TYPE_Q5_0, GGML_TYPE_Q5_1, GGML_TYPE_Q8_0};
  return std::ranges::find(known, type) != std::end(known);
}

/// As ggml-cuda supports it.
bool supports_attention(const ggml_tensor& attention) {
  const auto* mask = attention.src[3];
  return has_head_size(attention) && is_cache_type(attention.src[1]->type) && is_cache_type(attention.src[2]->type) &&
         (mask == nullptr || mask->ne[2] == 1);
}

/// ggml_cuda_lightning_indexer_supported.
bool supports_indexer(const ggml_tensor& indexer) {
  const auto* query = indexer.src[0];
  return query->ne[0] == 128 && (query->ne[1] == 64 || query->ne[1] == 32) && is_cache_type(indexer.src[1]->type);
}

bool supports_op(ggml_backend_dev_t device, const ggml_tensor* op) {
  const auto& self = device_of(device);
  if (self.traits().limits_attention && op->op == GGML_OP_FLASH_ATTN_EXT && !supports_attention(*op)) return false;
  if (self.traits().limits_attention && op->op == GGML_OP_LIGHTNING_INDEXER && !supports_indexer(*op)) return false;
  return self.cpu()->iface.supports_op(self.cpu(), op);
}

bool supports_buffer_type(ggml_backend_dev_t device, ggml_backend_buffer_type_t type) {
  return type == device_of(device).buffer_type();
}

std::int64_t rows_of(const ggml_tensor& op) {
  switch (op.op) {
    case GGML_OP_GET_ROWS:
      return 0;
    case GGML_OP_MUL_MAT:
      return op.ne[1];
    case GGML_OP_MUL_MAT_ID:
    case GGML_OP_ROPE:
    case GGML_OP_ROPE_BACK:
      return op.ne[2];
    default:
      return op.ne[1] * op.ne[2] * op.ne[3];
  }
}

bool offload_op(ggml_backend_dev_t device, const ggml_tensor* op) {
  const auto rows = device_of(device).traits().offload_rows;
  return rows > 0 && rows_of(*op) >= rows;
}

// All is done when a call returns, so that an event has always happened.
ggml_backend_event_t new_event(ggml_backend_dev_t device) { return new ggml_backend_event{device, nullptr}; }
void free_event(ggml_backend_dev_t /*device*/, ggml_backend_event_t event) { delete event; }
void synchronize_event(ggml_backend_dev_t /*device*/, ggml_backend_event_t /*event*/) {}

}  // namespace

Traits traits_of(DeviceType type) {
  switch (type) {
    case DeviceType::cuda:
      return {.alignment = 128,
              .row_elements = 512,
              .offload_rows = 32,
              .converts_cache = true,
              .pipelines = true,
              .pins_host_memory = true,
              .limits_attention = true,
              .joins_steps = true};
    case DeviceType::xpu:
      return {.alignment = 128, .row_elements = 512, .offload_rows = 32, .pins_host_memory = true};
    case DeviceType::vulkan:
      return {.alignment = 128, .offload_rows = 32, .pipelines = true, .pins_host_memory = true};
    case DeviceType::rpc:
      return {.pipelines = true};
    default:
      return {};
  }
}

ggml_backend_device_i device_interface() {
  return {.get_name = name,
          .get_description = description,
          .get_memory = memory,
          .get_type = type,
          .get_props = props,
          .init_backend = init_backend,
          .get_buffer_type = buffer_type,
          .get_host_buffer_type = host_buffer_type,
          .buffer_from_host_ptr = nullptr,
          .supports_op = supports_op,
          .supports_buft = supports_buffer_type,
          .offload_op = offload_op,
          .event_new = new_event,
          .event_free = free_event,
          .event_synchronize = synchronize_event};
}

SimulatedDevice::SimulatedDevice(DeviceSpec spec, std::shared_ptr<Memory> memory, ggml_backend_dev_t cpu,
                                 ggml_backend_reg_t reg)
    : spec_(std::move(spec)),
      traits_(traits_of(spec_.device.type())),
      id_(made_up_address(spec_.device)),
      host_name_(spec_.name + "_Host"),
      memory_(std::move(memory)),
      memory_pace_(spec_.memory_bytes_per_s, spec_.latency_s),
      link_pace_(spec_.link_bytes_per_s, spec_.latency_s),
      cpu_(cpu),
      handle_{device_interface(), reg, this},
      buffer_type_{buffer_type_interface(), &handle_, this},
      host_buffer_type_{host_buffer_type_interface(), &handle_, this} {}

}  // namespace berth::simulated
