/// The part of NVML that is used here: its documented binary interface. The oldest version of a function that does is taken.
#pragma once

#include <cstdint>

#include "system/dynamic_library.h"

namespace berth::discovery::nvml {

using Result = int;
struct DeviceHandle;
using Device = DeviceHandle*;

inline constexpr Result success = 0;
inline constexpr Result invalid_argument = 2;
inline constexpr Result not_supported = 3;
inline constexpr Result no_permission = 4;
inline constexpr Result not_found = 6;
inline constexpr Result driver_not_loaded = 9;
inline constexpr Result library_not_found = 12;
inline constexpr Result function_not_found = 13;
inline constexpr Result gpu_is_lost = 15;
inline constexpr Result lib_rm_version_mismatch = 18;

struct Memory {
  std::uint64_t total, free, used;
};
static_assert(sizeof(Memory) == 24);

struct PciInfo {
  char bus_id_legacy[16];
  std::uint32_t domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
static_assert(sizeof(PciInfo) == 68);

struct FieldValue {
  std::uint32_t field, scope;
  std::int64_t timestamp, latency_us;
  std::uint32_t type;
  Result result;
  union {
    double real;
    std::uint32_t number;
    std::uint64_t long_number;
  } value;
};
static_assert(sizeof(FieldValue) == 40);
inline constexpr std::uint32_t field_nvlink_megabytes_per_s = 90;  // NVML_FI_DEV_NVLINK_SPEED_MBPS_COMMON

inline constexpr std::uint64_t throttled_by_power_cap = 0x4;
inline constexpr std::uint64_t throttled_by_hardware = 0x8;
inline constexpr std::uint64_t throttled_by_heat = 0x20 | 0x40;  // as software and as hardware see it
inline constexpr std::uint64_t throttled_by_power_brake = 0x80;

inline constexpr unsigned temperature_gpu = 0;
inline constexpr unsigned clock_sm = 1;
inline constexpr unsigned most_nvlinks = 36;
inline constexpr unsigned remote_is_gpu = 0;
inline constexpr unsigned remote_is_switch = 2;

inline constexpr unsigned topology_single_switch = 10;
inline constexpr unsigned topology_several_switches = 20;
inline constexpr unsigned topology_host_bridge = 30;
inline constexpr unsigned topology_node = 40;
inline constexpr unsigned topology_system = 50;

/// Throws LibraryError where the library or a function that is always needed is missing. What may be missing is a null
/// pointer.
class Library {
 public:
  explicit Library(const std::filesystem::path& folder) : library_({"libnvidia-ml.so.1"}, folder) {}

  const std::string& path() const { return library_.path(); }

 private:
  DynamicLibrary library_;

  using Text = Result(Device, char*, unsigned);
  using Number = Result(Device, unsigned*);
  using NumberAt = Result(Device, unsigned, unsigned*);

 public:
  Result (*init)() = library_.function<Result()>("nvmlInit_v2");
  Result (*shutdown)() = library_.function<Result()>("nvmlShutdown");
  Result (*count)(unsigned*) = library_.function<Result(unsigned*)>("nvmlDeviceGetCount_v2");
  Result (*handle)(unsigned, Device*) = library_.function<Result(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2");
  Text* uuid = library_.function<Text>("nvmlDeviceGetUUID");
  Text* name = library_.function<Text>("nvmlDeviceGetName");

  const char* (*error_string)(Result) = library_.find<const char*(Result)>("nvmlErrorString");
  Result (*driver_version)(char*, unsigned) = library_.find<Result(char*, unsigned)>("nvmlSystemGetDriverVersion");
  Result (*cuda_version)(int*) = library_.find<Result(int*)>("nvmlSystemGetCudaDriverVersion");
  Result (*pci_info)(Device, PciInfo*) = library_.find<Result(Device, PciInfo*)>("nvmlDeviceGetPciInfo_v3");
  Result (*memory)(Device, Memory*) = library_.find<Result(Device, Memory*)>("nvmlDeviceGetMemoryInfo");
  Result (*bar1)(Device, Memory*) = library_.find<Result(Device, Memory*)>("nvmlDeviceGetBAR1MemoryInfo");
  Result (*compute_capability)(Device, int*,
                               int*) = library_.find<Result(Device, int*, int*)>("nvmlDeviceGetCudaComputeCapability");
  Number* power = library_.find<Number>("nvmlDeviceGetPowerUsage");
  Number* power_limit = library_.find<Number>("nvmlDeviceGetEnforcedPowerLimit");
  NumberAt* temperature = library_.find<NumberAt>("nvmlDeviceGetTemperature");
  Result (*throttle_reasons)(Device, unsigned long long*) =
      library_.find<Result(Device, unsigned long long*)>("nvmlDeviceGetCurrentClocksThrottleReasons");
  Number* cores = library_.find<Number>("nvmlDeviceGetNumGpuCores");
  NumberAt* max_clock = library_.find<NumberAt>("nvmlDeviceGetMaxClockInfo");

  Number* pcie_generation = library_.find<Number>("nvmlDeviceGetMaxPcieLinkGeneration");
  Number* pcie_width = library_.find<Number>("nvmlDeviceGetCurrPcieLinkWidth");
  Result (*common_ancestor)(Device, Device, unsigned*) =
      library_.find<Result(Device, Device, unsigned*)>("nvmlDeviceGetTopologyCommonAncestor");
  NumberAt* nvlink_state = library_.find<NumberAt>("nvmlDeviceGetNvLinkState");
  NumberAt* nvlink_remote_type = library_.find<NumberAt>("nvmlDeviceGetNvLinkRemoteDeviceType");
  Result (*nvlink_remote)(Device, unsigned, PciInfo*) =
      library_.find<Result(Device, unsigned, PciInfo*)>("nvmlDeviceGetNvLinkRemotePciInfo_v2");
  Result (*field_values)(Device, int,
                         FieldValue*) = library_.find<Result(Device, int, FieldValue*)>("nvmlDeviceGetFieldValues");

  Result (*mig_mode)(Device, unsigned* current,
                     unsigned* pending) = library_.find<Result(Device, unsigned*, unsigned*)>("nvmlDeviceGetMigMode");
  Number* most_mig_devices = library_.find<Number>("nvmlDeviceGetMaxMigDeviceCount");
  Result (*mig_device)(Device, unsigned, Device*) =
      library_.find<Result(Device, unsigned, Device*)>("nvmlDeviceGetMigDeviceHandleByIndex");
  Number* gpu_instance = library_.find<Number>("nvmlDeviceGetGpuInstanceId");
  Number* compute_instance = library_.find<Number>("nvmlDeviceGetComputeInstanceId");
};

}  // namespace berth::discovery::nvml
