// An NVML, which shows all GPUs and their MIG instances.
#include "discover/drivers/nvml_abi.h"
#include "fake_nvidia.h"

namespace {

using namespace berth::fakes;
namespace nvml = berth::discovery::nvml;

struct Device {
  const Json* gpu;
  const Json* instance;  // or nullptr
};

/// What a handle points to, and the handles of all.
const Device* of(nvml::Device handle) { return reinterpret_cast<const Device*>(handle); }
nvml::Device handle_of(const Device& device) { return reinterpret_cast<nvml::Device>(const_cast<Device*>(&device)); }

struct Gpu {
  Device whole;
  std::vector<Device> instances;
};

const std::vector<Gpu>& all() {
  static const std::vector<Gpu> devices = [] {
    std::vector<Gpu> result;
    for (const auto& gpu : gpus()) {
      auto& one = result.emplace_back(Gpu{{&gpu, nullptr}, {}});
      if (gpu.contains("mig"))
        for (const auto& instance : gpu.at("mig")) one.instances.push_back({&gpu, &instance});
    }
    return result;
  }();
  return devices;
}

/// The number under a name of the instance or of its GPU.
template <class T>
int number(const char* function, nvml::Device handle, const char* key, T* out) {
  const Call call(function);
  if (call.error() != 0) return call.error();
  const auto* device = of(handle);
  const Json& from = device->instance != nullptr ? *device->instance : *device->gpu;
  if (!from.contains(key)) return nvml::not_supported;
  call.put(out, from.at(key).get<T>());
  return nvml::success;
}

nvml::PciInfo pci_info(const std::string& pci) {
  const auto at = place(pci);
  nvml::PciInfo info{};
  info.domain = at[0];
  info.bus = at[1];
  info.device = at[2];
  return info;
}

/// The other end of a link: a PCI id, "switch", or empty where there is none.
std::string link_end(nvml::Device handle, unsigned link) {
  const auto links = of(handle)->gpu->value("nvlinks", Json::array());
  return link < links.size() && links.at(link).is_string() ? links.at(link).get<std::string>() : std::string();
}

}  // namespace

BERTH_FAKE int nvmlInit_v2() { return Call("nvmlInit_v2").error(); }
BERTH_FAKE int nvmlShutdown() { return Call("nvmlShutdown").error(); }

BERTH_FAKE const char* nvmlErrorString(int error) {
  const Call call("nvmlErrorString");
  return error == nvml::lib_rm_version_mismatch ? "Driver/library version mismatch" : "Some error";
}

BERTH_FAKE int nvmlSystemGetDriverVersion(char* version, unsigned size) {
  const Call call("nvmlSystemGetDriverVersion");
  call.put_text(version, size, nvidia().value("driver", ""));
  return call.error();
}

BERTH_FAKE int nvmlSystemGetCudaDriverVersion(int* version) {
  const Call call("nvmlSystemGetCudaDriverVersion");
  call.put(version, nvidia().value("cuda", 13000));
  return call.error();
}

BERTH_FAKE int nvmlDeviceGetCount_v2(unsigned* count) {
  const Call call("nvmlDeviceGetCount_v2");
  call.put(count, static_cast<unsigned>(all().size()));
  return call.error();
}

BERTH_FAKE int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvml::Device* device) {
  const Call call("nvmlDeviceGetHandleByIndex_v2");
  if (call.error() != 0) return call.error();
  if (index >= all().size()) return nvml::invalid_argument;
  *device = handle_of(all()[index].whole);
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetName(nvml::Device device, char* name, unsigned size) {
  const Call call("nvmlDeviceGetName");
  if (call.error() != 0) return call.error();
  const auto* one = of(device);
  call.put_text(name, size, name_of(*one->gpu, one->instance));
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetUUID(nvml::Device device, char* uuid, unsigned size) {
  const Call call("nvmlDeviceGetUUID");
  if (call.error() != 0) return call.error();
  const auto* one = of(device);
  call.put_text(uuid, size, (one->instance != nullptr ? *one->instance : *one->gpu).value("uuid", ""));
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetPciInfo_v3(nvml::Device device, nvml::PciInfo* info) {
  const Call call("nvmlDeviceGetPciInfo_v3");
  if (call.error() != 0) return call.error();
  call.put(info, pci_info(of(device)->gpu->value("pci", "")));
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetMemoryInfo(nvml::Device device, nvml::Memory* memory) {
  const Call call("nvmlDeviceGetMemoryInfo");
  if (call.error() != 0) return call.error();
  const auto* one = of(device);
  const Json& from = one->instance != nullptr ? *one->instance : *one->gpu;
  if (!from.contains("free")) return nvml::not_supported;
  const auto total = from.at("total").get<std::uint64_t>();
  const auto free = from.at("free").get<std::uint64_t>();
  call.put(memory, nvml::Memory{total, free, total - free});
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetBAR1MemoryInfo(nvml::Device device, nvml::Memory* memory) {
  const Call call("nvmlDeviceGetBAR1MemoryInfo");
  if (call.error() != 0) return call.error();
  if (!of(device)->gpu->contains("bar1")) return nvml::not_supported;
  call.put(memory, nvml::Memory{of(device)->gpu->at("bar1").get<std::uint64_t>(), 0, 0});
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetCudaComputeCapability(nvml::Device device, int* major, int* minor) {
  const Call call("nvmlDeviceGetCudaComputeCapability");
  if (call.error() != 0) return call.error();
  const auto compute = of(device)->gpu->value("compute", "0.0");
  call.put(major, std::stoi(compute));
  call.put(minor, std::stoi(compute.substr(compute.find('.') + 1)));
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetPowerUsage(nvml::Device device, unsigned* milliwatts) {
  return number("nvmlDeviceGetPowerUsage", device, "power", milliwatts);
}
BERTH_FAKE int nvmlDeviceGetEnforcedPowerLimit(nvml::Device device, unsigned* milliwatts) {
  return number("nvmlDeviceGetEnforcedPowerLimit", device, "power_limit", milliwatts);
}
BERTH_FAKE int nvmlDeviceGetTemperature(nvml::Device device, unsigned, unsigned* degrees) {
  return number("nvmlDeviceGetTemperature", device, "temperature", degrees);
}
BERTH_FAKE int nvmlDeviceGetCurrentClocksThrottleReasons(nvml::Device device, unsigned long long* reasons) {
  return number("nvmlDeviceGetCurrentClocksThrottleReasons", device, "throttle", reasons);
}
BERTH_FAKE int nvmlDeviceGetNumGpuCores(nvml::Device device, unsigned* cores) {
  return number("nvmlDeviceGetNumGpuCores", device, "cores", cores);
}
BERTH_FAKE int nvmlDeviceGetMaxClockInfo(nvml::Device device, unsigned, unsigned* megahertz) {
  return number("nvmlDeviceGetMaxClockInfo", device, "clock", megahertz);
}

BERTH_FAKE int nvmlDeviceGetMaxPcieLinkGeneration(nvml::Device device, unsigned* generation) {
  const Call call("nvmlDeviceGetMaxPcieLinkGeneration");
  if (call.error() != 0) return call.error();
  if (!of(device)->gpu->contains("pcie")) return nvml::not_supported;
  call.put(generation, of(device)->gpu->at("pcie").at(0).get<unsigned>());
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetCurrPcieLinkWidth(nvml::Device device, unsigned* lanes) {
  const Call call("nvmlDeviceGetCurrPcieLinkWidth");
  if (call.error() != 0) return call.error();
  if (!of(device)->gpu->contains("pcie")) return nvml::not_supported;
  call.put(lanes, of(device)->gpu->at("pcie").at(1).get<unsigned>());
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetTopologyCommonAncestor(nvml::Device a, nvml::Device b, unsigned* level) {
  const Call call("nvmlDeviceGetTopologyCommonAncestor");
  if (call.error() != 0) return call.error();
  const bool far = of(a)->gpu->value("far", false) != of(b)->gpu->value("far", false);
  call.put(level, far ? nvml::topology_system : nvml::topology_host_bridge);
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetNvLinkState(nvml::Device device, unsigned link, unsigned* active) {
  const Call call("nvmlDeviceGetNvLinkState");
  if (call.error() != 0) return call.error();
  if (!of(device)->gpu->contains("nvlinks")) return nvml::not_supported;
  call.put(active, link_end(device, link).empty() ? 0U : 1U);
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetNvLinkRemoteDeviceType(nvml::Device device, unsigned link, unsigned* type) {
  const Call call("nvmlDeviceGetNvLinkRemoteDeviceType");
  if (call.error() != 0) return call.error();
  call.put(type, link_end(device, link) == "switch" ? nvml::remote_is_switch : nvml::remote_is_gpu);
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetNvLinkRemotePciInfo_v2(nvml::Device device, unsigned link, nvml::PciInfo* info) {
  const Call call("nvmlDeviceGetNvLinkRemotePciInfo_v2");
  if (call.error() != 0) return call.error();
  call.put(info, pci_info(link_end(device, link)));
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetFieldValues(nvml::Device device, int count, nvml::FieldValue* values) {
  const Call call("nvmlDeviceGetFieldValues");
  if (call.error() != 0) return call.error();
  for (int i = 0; i < count; ++i) {
    auto value = values[i];
    const bool known = value.field == nvml::field_nvlink_megabytes_per_s && of(device)->gpu->contains("nvlink_speed");
    value.result = known ? nvml::success : nvml::not_supported;
    if (known) value.value.number = of(device)->gpu->at("nvlink_speed").get<unsigned>();
    call.put(&values[i], value);
  }
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetMigMode(nvml::Device device, unsigned* current, unsigned* pending) {
  const Call call("nvmlDeviceGetMigMode");
  if (call.error() != 0) return call.error();
  call.put(current, of(device)->gpu->contains("mig") ? 1U : 0U);
  call.put(pending, *current);
  return nvml::success;
}

BERTH_FAKE int nvmlDeviceGetMaxMigDeviceCount(nvml::Device, unsigned* count) {
  const Call call("nvmlDeviceGetMaxMigDeviceCount");
  call.put(count, 7U);
  return call.error();
}

BERTH_FAKE int nvmlDeviceGetMigDeviceHandleByIndex(nvml::Device device, unsigned index, nvml::Device* instance) {
  const Call call("nvmlDeviceGetMigDeviceHandleByIndex");
  if (call.error() != 0) return call.error();
  for (const auto& gpu : all())
    if (gpu.whole.gpu == of(device)->gpu) {
      if (index >= gpu.instances.size()) return nvml::not_found;
      *instance = handle_of(gpu.instances[index]);
      return nvml::success;
    }
  return nvml::invalid_argument;
}

BERTH_FAKE int nvmlDeviceGetGpuInstanceId(nvml::Device device, unsigned* id) {
  return number("nvmlDeviceGetGpuInstanceId", device, "gi", id);
}
BERTH_FAKE int nvmlDeviceGetComputeInstanceId(nvml::Device device, unsigned* id) {
  return number("nvmlDeviceGetComputeInstanceId", device, "ci", id);
}
