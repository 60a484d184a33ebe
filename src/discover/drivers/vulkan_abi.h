/// The part of Vulkan's C interface that is used here, as its specification (version 1.2) has it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace berth::discovery::vk {

using Result = std::int32_t;
inline constexpr Result success = 0;
inline constexpr Result incomplete = 5;
inline constexpr Result error_incompatible_driver = -9;  // of vkCreateInstance: no driver at all

inline constexpr std::uint32_t driver_mesa_dozen = 23;  // VkDriverId

using Instance = struct InstanceHandle*;
using Gpu = struct GpuHandle*;

constexpr std::uint32_t version(std::uint32_t major, std::uint32_t minor) { return major << 22 | minor << 12; }

struct ApplicationInfo {
  std::uint32_t stype = 0;
  const void* next = nullptr;
  const char* application = nullptr;
  std::uint32_t application_version = 0;
  const char* engine = nullptr;
  std::uint32_t engine_version = 0;
  std::uint32_t api_version = version(1, 2);
};

struct InstanceCreateInfo {
  std::uint32_t stype = 1;
  const void* next = nullptr;
  std::uint32_t flags = 0;
  const ApplicationInfo* application = nullptr;
  std::uint32_t layer_count = 0;
  const char* const* layers = nullptr;
  std::uint32_t extension_count = 0;
  const char* const* extensions = nullptr;
};

enum class GpuType : std::uint32_t { other, integrated, discrete, virtual_gpu, cpu };

struct Properties {
  std::uint32_t api_version = 0;
  std::uint32_t driver_version = 0;
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  std::uint32_t type = 0;
  char name[256] = {};
  unsigned char pipeline_cache_uuid[16] = {};
  alignas(8) std::byte limits[528] = {};  // VkPhysicalDeviceLimits and VkPhysicalDeviceSparseProperties
};

struct Properties2 {
  std::uint32_t stype = 1000059001;
  void* next = nullptr;
  Properties properties;
};

struct IdProperties {
  std::uint32_t stype = 1000071004;
  void* next = nullptr;
  unsigned char device_uuid[16] = {};
  unsigned char driver_uuid[16] = {};
  unsigned char luid[8] = {};
  std::uint32_t node_mask = 0;
  std::uint32_t luid_valid = 0;
};

struct DriverProperties {
  std::uint32_t stype = 1000196000;
  void* next = nullptr;
  std::uint32_t id = 0;
  char name[256] = {};
  char info[256] = {};
  std::uint8_t conformance[4] = {};
};

struct PciProperties {
  std::uint32_t stype = 1000212000;
  void* next = nullptr;
  std::uint32_t domain = 0, bus = 0, device = 0, function = 0;
};

struct Features2 {
  std::uint32_t stype = 1000059000;
  void* next = nullptr;
  std::uint32_t features[55] = {};
};

struct Storage16Bit {
  std::uint32_t stype = 1000083000;
  void* next = nullptr;
  std::uint32_t storage_buffer = 0;
  std::uint32_t uniform_and_storage_buffer = 0;
  std::uint32_t push_constant = 0;
  std::uint32_t input_output = 0;
};

struct Float16Int8 {
  std::uint32_t stype = 1000082000;
  void* next = nullptr;
  std::uint32_t float16 = 0;
  std::uint32_t int8 = 0;
};

struct MemoryType {
  std::uint32_t flags = 0, heap = 0;
};
inline constexpr std::uint32_t heap_device_local = 1;
struct MemoryHeap {
  std::uint64_t size = 0;
  std::uint32_t flags = 0;
};

struct MemoryProperties2 {
  std::uint32_t stype = 1000059006;
  void* next = nullptr;
  std::uint32_t type_count = 0;
  MemoryType types[32] = {};
  std::uint32_t heap_count = 0;
  MemoryHeap heaps[16] = {};
};

struct MemoryBudget {
  std::uint32_t stype = 1000237000;
  void* next = nullptr;
  std::uint64_t budget[16] = {};
  std::uint64_t usage[16] = {};
};

struct ExtensionProperties {
  char name[256] = {};
  std::uint32_t version = 0;
};

}  // namespace berth::discovery::vk
