/// The part of the CUDA driver API that is used here: its documented binary interface, which only grows.
#pragma once

#include <cstddef>

#include "system/dynamic_library.h"

namespace berth::discovery::cuda {

using Result = int;
using Device = int;

struct Uuid {
  unsigned char bytes[16];
};
static_assert(sizeof(Uuid) == 16);

inline constexpr Result success = 0;
inline constexpr Result stub_library = 34;
inline constexpr Result no_device = 100;
inline constexpr Result system_not_ready = 802;
inline constexpr Result system_driver_mismatch = 803;
inline constexpr Result compat_not_supported_on_device = 804;
inline constexpr Result unknown = 999;

inline constexpr int attribute_integrated = 18;
inline constexpr int attribute_pci_bus = 33;
inline constexpr int attribute_pci_device = 34;
inline constexpr int attribute_pci_domain = 50;
inline constexpr int attribute_compute_capability_major = 75;
inline constexpr int attribute_compute_capability_minor = 76;

/// Throws LibraryError where the library or a function that is always needed is missing.
class Library {
 public:
  explicit Library(const std::filesystem::path& folder) : library_({"libcuda.so.1"}, folder) {}

  const std::string& path() const { return library_.path(); }

 private:
  DynamicLibrary library_;

  template <class Signature>
  Signature* old_or_new(const char* name, const char* new_name) const {
    auto* newer = library_.find<Signature>(new_name);
    return newer != nullptr ? newer : library_.find<Signature>(name);
  }

 public:
  Result (*init)(unsigned flags) = library_.function<Result(unsigned)>("cuInit");
  Result (*driver_version)(int* version) = library_.function<Result(int*)>("cuDriverGetVersion");
  Result (*device_count)(int* count) = library_.function<Result(int*)>("cuDeviceGetCount");
  Result (*device)(Device* device, int ordinal) = library_.function<Result(Device*, int)>("cuDeviceGet");
  Result (*device_name)(char* name, int size,
                        Device) = library_.function<Result(char*, int, Device)>("cuDeviceGetName");
  Result (*device_total_memory)(std::size_t* bytes,
                                Device) = library_.function<Result(std::size_t*, Device)>("cuDeviceTotalMem_v2");
  Result (*device_attribute)(int* value, int attribute,
                             Device) = library_.function<Result(int*, int, Device)>("cuDeviceGetAttribute");
  /// Optional: since CUDA 9.2. The second version tells MIG instances apart.
  Result (*device_uuid)(Uuid* uuid, Device) = old_or_new<Result(Uuid*, Device)>("cuDeviceGetUuid",
                                                                                "cuDeviceGetUuid_v2");
  /// Optional.
  Result (*error_name)(Result, const char** name) = library_.find<Result(Result, const char**)>("cuGetErrorName");
};

}  // namespace berth::discovery::cuda
