#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/sysfs.h"
#include "discover/probes.h"

namespace berth::discovery {
namespace {

// The C interface of OpenCL 1.0, and of the extensions that tell which piece of hardware a device is.
using Result = std::int32_t;
using Platform = struct PlatformHandle*;
using Device = struct DeviceHandle*;
using Name = std::uint32_t;

constexpr Result success = 0;
constexpr Result device_not_found = -1;
constexpr Result platform_not_found_khr = -1001;

constexpr std::uint64_t all_devices = 0xFFFFFFFF;
constexpr std::uint64_t type_cpu = 2, type_gpu = 4;

constexpr Name platform_version = 0x0901, platform_name = 0x0902;
constexpr Name device_type = 0x1000, device_vendor_id = 0x1001, device_global_mem_size = 0x101F, device_name = 0x102B,
               device_vendor = 0x102C, device_driver_version = 0x102D, device_host_unified_memory = 0x1035,
               device_uuid_khr = 0x106A, device_pci_bus_info_khr = 0x410F, device_topology_amd = 0x4037,
               device_board_name_amd = 0x4038, device_pci_bus_id_nv = 0x4008, device_pci_slot_id_nv = 0x4009,
               device_pci_domain_id_nv = 0x400A;

struct PciBusInfo {
  std::uint32_t domain, bus, device, function;
};
struct TopologyAmd {
  std::uint32_t type;  // 1: PCIe
  std::array<unsigned char, 17> unused;
  unsigned char bus, device, function;
};
static_assert(sizeof(TopologyAmd) == 24);

struct Loader {
  DynamicLibrary library;

  Result (*platforms)(std::uint32_t, Platform*, std::uint32_t*) =
      library.function<Result(std::uint32_t, Platform*, std::uint32_t*)>("clGetPlatformIDs");
  Result (*platform_info)(Platform, Name, std::size_t, void*, std::size_t*) =
      library.function<Result(Platform, Name, std::size_t, void*, std::size_t*)>("clGetPlatformInfo");
  Result (*devices)(Platform, std::uint64_t, std::uint32_t, Device*, std::uint32_t*) =
      library.function<Result(Platform, std::uint64_t, std::uint32_t, Device*, std::uint32_t*)>("clGetDeviceIDs");
  Result (*device_info)(Device, Name, std::size_t, void*, std::size_t*) =
      library.function<Result(Device, Name, std::size_t, void*, std::size_t*)>("clGetDeviceInfo");

  explicit Loader(const std::filesystem::path& folder) : library({"libOpenCL.so.1"}, folder) {}
};

struct OpenClError : std::runtime_error {
  OpenClError(const char* function, Result result_of)
      : std::runtime_error(fmt::format("{} failed with error {}", function, result_of)), result(result_of) {}

  Result result;
};

template <class Item, class Ask>
std::vector<Item> list(const char* function, Ask&& ask) {
  std::uint32_t count = 0;
  if (const Result result = ask(0, nullptr, &count); result != success) throw OpenClError(function, result);
  if (count > most_devices)
    throw std::runtime_error(fmt::format("{} says that there are {}, which cannot be", function, count));
  std::vector<Item> items(count);
  if (count == 0) return items;
  if (const Result result = ask(count, items.data(), nullptr); result != success) throw OpenClError(function, result);
  return items;
}

/// Of any question whose answer is a text. A longer one than fits is an error of the driver's, and empty here.
template <class Function, class Handle>
std::string text(Function function, Handle handle, Name name) {
  std::array<char, 1024> buffer{};
  if (function(handle, name, buffer.size() - 1, buffer.data(), nullptr) != success) return {};
  return driver_text({buffer.data(), buffer.size()});
}

class DeviceReader {
 public:
  DeviceReader(const Loader& loader, Device device) : loader_(loader), device_(device) {}

  std::string text(Name name) const { return discovery::text(loader_.device_info, device_, name); }

  /// Whether it answered, with as many bytes as are due.
  template <class Value>
  bool ask(Name name, Value& value) const {
    std::size_t size = 0;
    return loader_.device_info(device_, name, sizeof value, &value, &size) == success && size == sizeof value;
  }

  /// "" where no extension tells.
  std::string pci() const {
    if (PciBusInfo info{}; ask(device_pci_bus_info_khr, info))
      return pci_id(info.domain & 0xFFFF, info.bus & 0xFF, info.device & 0x1F, info.function & 7);
    if (TopologyAmd topology{}; ask(device_topology_amd, topology) && topology.type == 1)
      return pci_id(0, topology.bus, topology.device & 0x1F, topology.function & 7);
    std::uint32_t bus = 0;
    std::uint32_t slot = 0;
    std::uint32_t domain = 0;
    if (!ask(device_pci_bus_id_nv, bus) || !ask(device_pci_slot_id_nv, slot)) return {};
    ask(device_pci_domain_id_nv, domain);
    return pci_id(domain & 0xFFFF, bus & 0xFF, slot >> 3 & 0x1F, slot & 7);
  }

 private:
  const Loader& loader_;
  Device device_;
};

DeviceInfo read(const Loader& loader, Device device, const std::string& platform) {
  const DeviceReader reader(loader, device);
  DeviceInfo info;
  std::uint64_t type = 0;
  if (!reader.ask(device_type, type)) throw OpenClError("clGetDeviceInfo", -33);  // CL_INVALID_DEVICE
  std::uint32_t vendor = 0;
  std::uint32_t unified = 0;
  reader.ask(device_vendor_id, vendor);
  reader.ask(device_host_unified_memory, unified);
  reader.ask(device_global_mem_size, info.total_bytes);
  if (info.total_bytes > most_bytes) info.total_bytes = 0;
  info.free_is_known = false;
  info.name = reader.text(device_board_name_amd);
  if (info.name.empty()) info.name = reader.text(device_name);
  info.vendor = vendor_name(vendor);
  if (info.vendor.empty()) info.vendor = reader.text(device_vendor);
  if ((type & type_cpu) != 0) {
    info.cpu.emplace();  // nothing of it but that it is the CPU
    info.pool = "ram";
    return info;
  }
  info.driver = fmt::format("{} {}", platform, reader.text(device_driver_version));
  info.integrated = unified != 0;
  info.pci_id = reader.pci();
  if (unsigned char uuid[16]; reader.ask(device_uuid_khr, uuid)) info.uuid = uuid_text(uuid);
  if (vendor == pci_vendor_nvidia && !info.uuid.empty()) info.uuid = "GPU-" + info.uuid;
  if ((type & type_gpu) != 0) info.gpu.emplace();
  return info;
}

void read_platform(const Loader& loader, Platform platform, std::size_t number, Findings& findings) {
  const auto name = text(loader.platform_info, platform, platform_name);
  const auto version = text(loader.platform_info, platform, platform_version);
  auto& known = findings.report.library_version;
  known += fmt::format("{}{}: {}", known.empty() ? "" : ", ", name, version);
  std::vector<Device> devices;
  try {
    devices = list<Device>("clGetDeviceIDs", [&](std::uint32_t room, Device* items, std::uint32_t* count) {
      return loader.devices(platform, all_devices, room, items, count);
    });
  } catch (const OpenClError& problem) {
    if (problem.result != device_not_found) throw;
  }
  if (devices.empty()) findings.report.notes.push_back(fmt::format("The platform {} has no device", name));
  for (std::size_t i = 0; i < devices.size(); ++i) {
    try {
      auto info = read(loader, devices[i], name);
      info.apis = {{"opencl", fmt::format("{}.{}", number, i)}};
      findings.sightings.push_back(std::move(info));
    } catch (const OpenClError& problem) {
      findings.report.notes.push_back(fmt::format("{} for device {} of the platform {}", problem.what(), i, name));
    }
  }
}

}  // namespace

/// Its devices have no name of their own in Berth: what it sees is said of the devices of other probes.
Findings probe_opencl(const Machine& machine) {
  Findings findings;
  auto& report = findings.report;
  report.probe = "opencl";
  try {
    const Loader loader(machine.library_dir);
    report.library = loader.library.path();
    const auto platforms =
        list<Platform>("clGetPlatformIDs", [&](std::uint32_t room, Platform* items, std::uint32_t* count) {
          return loader.platforms(room, items, count);
        });
    for (std::size_t number = 0; number < platforms.size(); ++number) {
      try {
        read_platform(loader, platforms[number], number, findings);
      } catch (const std::runtime_error& problem) {
        report.notes.push_back(fmt::format("Platform {}: {}", number, problem.what()));
      }
    }
    if (findings.sightings.empty()) {
      report.outcome = report.notes.empty() ? ProbeOutcome::no_driver : ProbeOutcome::nothing;
      report.message = report.notes.empty() ? "OpenCL has no platform: install that of the GPU, or pocl-opencl-icd."
                                            : "No platform of OpenCL answers with a device.";
    } else {
      report.outcome = ProbeOutcome::found;
    }
  } catch (const LibraryError& problem) {
    report_library(report, problem, "The OpenCL loader (libOpenCL.so.1) is not installed: package ocl-icd-libopencl1.");
  } catch (const OpenClError& problem) {
    const bool none = problem.result == platform_not_found_khr;
    report.outcome = none ? ProbeOutcome::no_driver : ProbeOutcome::failed;
    report.message = none ? std::string("OpenCL has no platform: install that of the GPU, or pocl-opencl-icd.")
                          : fmt::format("{}; \"clinfo\" may say more.", problem.what());
  } catch (const std::runtime_error& problem) {
    report.outcome = ProbeOutcome::failed;
    report.message = fmt::format("{}.", problem.what());
  }
  return findings;
}

}  // namespace berth::discovery
