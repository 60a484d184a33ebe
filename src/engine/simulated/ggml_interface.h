/// What a backend of ggml has to provide, which ggml's installed headers lack: the structs of ggml-backend-impl.h of ggml
/// 0.25, API version 2.
#pragma once

#include <ggml-backend.h>

#include <cstddef>
#include <cstdint>

inline constexpr int ggml_backend_api_version = 2;

extern "C" {

struct ggml_backend_buffer_type_i {
  const char* (*get_name)(ggml_backend_buffer_type_t type);
  ggml_backend_buffer_t (*alloc_buffer)(ggml_backend_buffer_type_t type, std::size_t size);
  std::size_t (*get_alignment)(ggml_backend_buffer_type_t type);
  std::size_t (*get_max_size)(ggml_backend_buffer_type_t type);
  std::size_t (*get_alloc_size)(ggml_backend_buffer_type_t type, const ggml_tensor* tensor);
  bool (*is_host)(ggml_backend_buffer_type_t type);
};

struct ggml_backend_buffer_type {
  ggml_backend_buffer_type_i iface;
  ggml_backend_dev_t device;
  void* context;
};

struct ggml_backend_buffer_i {
  void (*free_buffer)(ggml_backend_buffer_t buffer);
  void* (*get_base)(ggml_backend_buffer_t buffer);
  ggml_status (*init_tensor)(ggml_backend_buffer_t buffer, ggml_tensor* tensor);
  void (*memset_tensor)(ggml_backend_buffer_t buffer, ggml_tensor* tensor, std::uint8_t value, std::size_t offset,
                        std::size_t size);
  void (*set_tensor)(ggml_backend_buffer_t buffer, ggml_tensor* tensor, const void* data, std::size_t offset,
                     std::size_t size);
  void (*get_tensor)(ggml_backend_buffer_t buffer, const ggml_tensor* tensor, void* data, std::size_t offset,
                     std::size_t size);
  void (*set_tensor_2d)(ggml_backend_buffer_t buffer, ggml_tensor* tensor, const void* data, std::size_t offset,
                        std::size_t size, std::size_t count, std::size_t stride_tensor, std::size_t stride_data);
  void (*get_tensor_2d)(ggml_backend_buffer_t buffer, const ggml_tensor* tensor, void* data, std::size_t offset,
                        std::size_t size, std::size_t count, std::size_t stride_tensor, std::size_t stride_data);
  bool (*cpy_tensor)(ggml_backend_buffer_t buffer, const ggml_tensor* from, ggml_tensor* to);
  void (*clear)(ggml_backend_buffer_t buffer, std::uint8_t value);
  void (*reset)(ggml_backend_buffer_t buffer);
};

struct ggml_backend_buffer {
  ggml_backend_buffer_i iface;
  ggml_backend_buffer_type_t buft;
  void* context;
  std::size_t size;
  ggml_backend_buffer_usage usage;
};

ggml_backend_buffer_t ggml_backend_buffer_init(ggml_backend_buffer_type_t type, ggml_backend_buffer_i iface,
                                               void* context, std::size_t size);

struct ggml_backend_graph_optimize_params {
  void (*add_alloc_dep)(void* user_data, ggml_tensor* tensor, ggml_tensor* until);
  void* user_data;
};

struct ggml_backend_i {
  const char* (*get_name)(ggml_backend_t backend);
  void (*free)(ggml_backend_t backend);
  void (*set_tensor_async)(ggml_backend_t backend, ggml_tensor* tensor, const void* data, std::size_t offset,
                           std::size_t size);
  void (*get_tensor_async)(ggml_backend_t backend, const ggml_tensor* tensor, void* data, std::size_t offset,
                           std::size_t size);
  void (*set_tensor_2d_async)(ggml_backend_t backend, ggml_tensor* tensor, const void* data, std::size_t offset,
                              std::size_t size, std::size_t count, std::size_t stride_tensor, std::size_t stride_data);
  void (*get_tensor_2d_async)(ggml_backend_t backend, const ggml_tensor* tensor, void* data, std::size_t offset,
                              std::size_t size, std::size_t count, std::size_t stride_tensor, std::size_t stride_data);
  bool (*cpy_tensor_async)(ggml_backend_t from_backend, ggml_backend_t to_backend, const ggml_tensor* from,
                           ggml_tensor* to);
  void (*synchronize)(ggml_backend_t backend);
  ggml_backend_graph_plan_t (*graph_plan_create)(ggml_backend_t backend, const ggml_cgraph* graph);
  void (*graph_plan_free)(ggml_backend_t backend, ggml_backend_graph_plan_t plan);
  void (*graph_plan_update)(ggml_backend_t backend, ggml_backend_graph_plan_t plan, const ggml_cgraph* graph);
  ggml_status (*graph_plan_compute)(ggml_backend_t backend, ggml_backend_graph_plan_t plan);
  ggml_status (*graph_compute)(ggml_backend_t backend, ggml_cgraph* graph);
  void (*event_record)(ggml_backend_t backend, ggml_backend_event_t event);
  void (*event_wait)(ggml_backend_t backend, ggml_backend_event_t event);
  void (*graph_optimize)(ggml_backend_t backend, ggml_cgraph* graph, ggml_backend_graph_optimize_params* params);
};

struct ggml_backend {
  ggml_guid_t guid;
  ggml_backend_i iface;
  ggml_backend_dev_t device;
  void* context;
};

struct ggml_backend_event {
  ggml_backend_dev_t device;
  void* context;
};

struct ggml_backend_device_i {
  const char* (*get_name)(ggml_backend_dev_t device);
  const char* (*get_description)(ggml_backend_dev_t device);
  void (*get_memory)(ggml_backend_dev_t device, std::size_t* free, std::size_t* total);
  enum ggml_backend_dev_type (*get_type)(ggml_backend_dev_t device);
  void (*get_props)(ggml_backend_dev_t device, ggml_backend_dev_props* props);
  ggml_backend_t (*init_backend)(ggml_backend_dev_t device, const char* params);
  ggml_backend_buffer_type_t (*get_buffer_type)(ggml_backend_dev_t device);
  ggml_backend_buffer_type_t (*get_host_buffer_type)(ggml_backend_dev_t device);
  ggml_backend_buffer_t (*buffer_from_host_ptr)(ggml_backend_dev_t device, void* data, std::size_t size,
                                                std::size_t max_tensor_size);
  bool (*supports_op)(ggml_backend_dev_t device, const ggml_tensor* op);
  bool (*supports_buft)(ggml_backend_dev_t device, ggml_backend_buffer_type_t type);
  bool (*offload_op)(ggml_backend_dev_t device, const ggml_tensor* op);
  ggml_backend_event_t (*event_new)(ggml_backend_dev_t device);
  void (*event_free)(ggml_backend_dev_t device, ggml_backend_event_t event);
  void (*event_synchronize)(ggml_backend_dev_t device, ggml_backend_event_t event);
};

struct ggml_backend_device {
  ggml_backend_device_i iface;
  ggml_backend_reg_t reg;
  void* context;
};

struct ggml_backend_reg_i {
  const char* (*get_name)(ggml_backend_reg_t reg);
  std::size_t (*get_device_count)(ggml_backend_reg_t reg);
  ggml_backend_dev_t (*get_device)(ggml_backend_reg_t reg, std::size_t index);
  void* (*get_proc_address)(ggml_backend_reg_t reg, const char* name);
};

struct ggml_backend_reg {
  int api_version;
  ggml_backend_reg_i iface;
  void* context;
};

}  // extern "C"
