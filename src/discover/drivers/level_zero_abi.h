/// The part of Level Zero's C interface that is used here, as its specification (version 1.5 and later) has it.
#pragma once

#include <cstdint>

namespace berth::discovery::ze {

using Result = std::uint32_t;
inline constexpr Result success = 0;
inline constexpr Result insufficient_permissions = 0x70010000;
inline constexpr Result uninitialized = 0x78000001;  // of zeInit: the loader found no driver
inline constexpr Result unsupported_version = 0x78000002;

using Driver = struct DriverHandle*;
using Device = struct DeviceHandle*;
using Memory = struct MemoryHandle*;
using Frequency = struct FrequencyHandle*;

struct DriverProperties {
  std::uint32_t stype = 0x1;
  void* next = nullptr;
  unsigned char uuid[16] = {};
  std::uint32_t version = 0;
};

inline constexpr std::uint32_t type_gpu = 1;
inline constexpr std::uint32_t type_npu = 5;  // "VPU"
inline constexpr std::uint32_t flag_integrated = 1;

struct DeviceProperties {
  std::uint32_t stype = 0x3;
  void* next = nullptr;
  std::uint32_t type = 0;
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  std::uint32_t flags = 0;
  std::uint32_t subdevice_id = 0;
  std::uint32_t core_clock_rate = 0;
  std::uint64_t max_alloc_size = 0;
  std::uint32_t max_hardware_contexts = 0;
  std::uint32_t max_command_queue_priority = 0;
  std::uint32_t threads_per_eu = 0;
  std::uint32_t eu_simd_width = 0;
  std::uint32_t eus_per_subslice = 0;
  std::uint32_t subslices_per_slice = 0;
  std::uint32_t slices = 0;
  std::uint64_t timer_resolution = 0;
  std::uint32_t timestamp_valid_bits = 0;
  std::uint32_t kernel_timestamp_valid_bits = 0;
  unsigned char uuid[16] = {};
  char name[256] = {};
};

inline constexpr std::uint32_t module_fp16 = 1;
inline constexpr std::uint32_t module_dp4a = 8;

struct ModuleProperties {
  std::uint32_t stype = 0x5;
  void* next = nullptr;
  std::uint32_t spirv_version = 0;
  std::uint32_t flags = 0;
  std::uint32_t fp16_flags = 0;
  std::uint32_t fp32_flags = 0;
  std::uint32_t fp64_flags = 0;
  std::uint32_t max_arguments_size = 0;
  std::uint32_t printf_buffer_size = 0;
  unsigned char native_kernel_uuid[16] = {};
};

struct MemoryProperties {
  std::uint32_t stype = 0x7;
  void* next = nullptr;
  std::uint32_t flags = 0;
  std::uint32_t max_clock_rate = 0;
  std::uint32_t max_bus_width = 0;
  std::uint64_t total_size = 0;
  char name[256] = {};
};

struct PciProperties {
  std::uint32_t stype = 0x10008;
  void* next = nullptr;
  std::uint32_t domain = 0, bus = 0, device = 0, function = 0;
  std::int32_t generation = 0;
  std::int32_t width = 0;
  std::int64_t max_bandwidth = 0;
};

/// Of Sysman.
struct MemoryModule {
  std::uint32_t stype = 0xb;
  void* next = nullptr;
  std::uint32_t type = 0;
  std::uint8_t on_subdevice = 0;
  std::uint32_t subdevice_id = 0;
  std::uint32_t location = 0;
  std::uint64_t physical_size = 0;
  std::int32_t bus_width = 0;
  std::int32_t channels = 0;
};

struct MemoryState {
  std::uint32_t stype = 0x1e;
  const void* next = nullptr;
  std::uint32_t health = 0;
  std::uint64_t free = 0;
  std::uint64_t size = 0;
};

inline constexpr std::uint32_t throttled_by_power = 0b10011;  // average and burst power, power supply
inline constexpr std::uint32_t throttled_by_current = 0b100;
inline constexpr std::uint32_t throttled_by_heat = 0b1000;

struct FrequencyState {
  std::uint32_t stype = 0x1b;
  const void* next = nullptr;
  double voltage = 0, request = 0, tdp = 0, efficient = 0, actual = 0;
  std::uint32_t throttle_reasons = 0;
};

}  // namespace berth::discovery::ze
