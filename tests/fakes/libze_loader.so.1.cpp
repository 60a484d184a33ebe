// Level Zero: "level_zero": {"drivers": [{"version": [1, 6, 32224], "devices": [{"type": "gpu" or "npu", "name", "uuid",
// "pci", "vendor", "integrated", "memory", "free", "fp16", "dp4a", "throttle", "tiles": [{...}]}]}]}
// As the real one: it lists tiles as devices unless ZE_FLAT_DEVICE_HIERARCHY is COMPOSITE, hides what ZE_AFFINITY_MASK
// does not name, and has Sysman with ZES_ENABLE_SYSMAN=1 only.
#include <vector>

#include "discover/drivers/level_zero_abi.h"
#include "fake_machine.h"
#include "identity.h"

namespace {

using namespace berth::fakes;
namespace ze = berth::discovery::ze;

/// A handle is the address of its description.
template <class Handle>
Handle handle(const Json& description) {
  return reinterpret_cast<Handle>(const_cast<Json*>(&description));
}
const Json& described(const void* handle) { return *static_cast<const Json*>(handle); }

bool is_set(const char* name, const std::string& value) {
  const char* set = std::getenv(name);
  return set != nullptr && set == value;
}

/// Counts, or fills in.
template <class Handle>
ze::Result hand_over(const Call& call, const std::vector<Handle>& all, std::uint32_t* count, Handle* out) {
  if (call.error() != 0) return static_cast<ze::Result>(call.error());
  if (out == nullptr) {
    call.put(count, static_cast<std::uint32_t>(all.size()));
  } else {
    *count = std::min(*count, static_cast<std::uint32_t>(all.size()));
    std::copy_n(all.begin(), *count, out);
  }
  return ze::success;
}

template <class Handle>
std::vector<Handle> handles(const Json& list) {
  std::vector<Handle> all;
  for (const auto& entry : list) all.push_back(handle<Handle>(entry));
  return all;
}

const Json& list_of(const Json& description, const char* field) {
  static const Json none = Json::array();
  return description.contains(field) ? description.at(field) : none;
}

template <class Struct, class Fill>
ze::Result fill(const Call& call, Struct* out, Fill&& fill_in) {
  if (call.error() != 0) return static_cast<ze::Result>(call.error());
  Struct answer = *out;
  fill_in(answer);
  call.put(out, answer);
  return ze::success;
}

}  // namespace

BERTH_FAKE ze::Result zeInit(std::uint32_t) {
  const Call call("zeInit");
  if (call.error() != 0) return static_cast<ze::Result>(call.error());
  return machine().contains("level_zero") ? ze::success : ze::uninitialized;
}

BERTH_FAKE ze::Result zeDriverGet(std::uint32_t* count, ze::Driver* out) {
  return hand_over(Call("zeDriverGet"), handles<ze::Driver>(machine().at("level_zero").at("drivers")), count, out);
}

BERTH_FAKE ze::Result zeDriverGetProperties(ze::Driver driver, ze::DriverProperties* out) {
  return fill(Call("zeDriverGetProperties"), out, [&](ze::DriverProperties& answer) {
    const auto& version = described(driver).at("version");
    answer.version = version.at(0).get<std::uint32_t>() << 24 | version.at(1).get<std::uint32_t>() << 16 |
                     version.at(2).get<std::uint32_t>();
  });
}

BERTH_FAKE ze::Result zeDeviceGet(ze::Driver driver, std::uint32_t* count, ze::Device* out) {
  std::vector<ze::Device> all;
  for (const auto& device : described(driver).at("devices")) {
    const auto& tiles = list_of(device, "tiles");
    if (tiles.empty() || is_set("ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE"))
      all.push_back(handle<ze::Device>(device));
    else
      for (const auto& tile : tiles) all.push_back(handle<ze::Device>(tile));
  }
  if (const char* mask = std::getenv("ZE_AFFINITY_MASK"); mask != nullptr && !all.empty())
    all = {all.at(static_cast<std::size_t>(std::atoi(mask)) % all.size())};
  return hand_over(Call("zeDeviceGet"), all, count, out);
}

BERTH_FAKE ze::Result zeDeviceGetSubDevices(ze::Device device, std::uint32_t* count, ze::Device* out) {
  return hand_over(Call("zeDeviceGetSubDevices"), handles<ze::Device>(list_of(described(device), "tiles")), count, out);
}

BERTH_FAKE ze::Result zeDeviceGetProperties(ze::Device device, ze::DeviceProperties* out) {
  return fill(Call("zeDeviceGetProperties"), out, [&](ze::DeviceProperties& answer) {
    const auto& description = described(device);
    answer.type = description.value("type", "gpu") == "npu" ? ze::type_npu : ze::type_gpu;
    answer.vendor_id = description.value("vendor", 0x8086u);
    answer.flags = description.value("integrated", false) ? ze::flag_integrated : 0;
    put_uuid(answer.uuid, description.value("uuid", ""));
    Call("").put_text(answer.name, sizeof answer.name, description.at("name"));
  });
}

BERTH_FAKE ze::Result zeDeviceGetModuleProperties(ze::Device device, ze::ModuleProperties* out) {
  return fill(Call("zeDeviceGetModuleProperties"), out, [&](ze::ModuleProperties& answer) {
    answer.flags = (described(device).value("fp16", false) ? ze::module_fp16 : 0) |
                   (described(device).value("dp4a", false) ? ze::module_dp4a : 0);
  });
}

BERTH_FAKE ze::Result zeDeviceGetMemoryProperties(ze::Device device, std::uint32_t* count, ze::MemoryProperties* out) {
  const Call call("zeDeviceGetMemoryProperties");
  if (call.error() != 0) return static_cast<ze::Result>(call.error());
  if (out == nullptr) {
    call.put(count, 1);
    return ze::success;
  }
  ze::MemoryProperties answer = *out;
  answer.total_size = described(device).at("memory");
  call.put(out, answer);
  return ze::success;
}

BERTH_FAKE ze::Result zeDevicePciGetPropertiesExt(ze::Device device, ze::PciProperties* out) {
  if (!described(device).contains("pci")) return 0x78000003;  // not supported
  return fill(Call("zeDevicePciGetPropertiesExt"), out, [&](ze::PciProperties& answer) {
    const auto pci = PciAddress::parse(described(device).at("pci"));
    answer.domain = pci.domain;
    answer.bus = pci.bus;
    answer.device = pci.device;
    answer.function = pci.function;
  });
}

BERTH_FAKE ze::Result zesDeviceEnumMemoryModules(ze::Device device, std::uint32_t* count, ze::Memory* out) {
  if (!is_set("ZES_ENABLE_SYSMAN", "1")) return ze::uninitialized;
  std::vector<ze::Memory> all;
  const auto& tiles = list_of(described(device), "tiles");
  for (const auto& tile : tiles) all.push_back(handle<ze::Memory>(tile));
  if (tiles.empty() && described(device).contains("free")) all.push_back(handle<ze::Memory>(described(device)));
  return hand_over(Call("zesDeviceEnumMemoryModules"), all, count, out);
}

BERTH_FAKE ze::Result zesMemoryGetProperties(ze::Memory module, ze::MemoryModule* out) {
  return fill(Call("zesMemoryGetProperties"), out, [&](ze::MemoryModule& answer) {
    answer.on_subdevice = described(module).contains("tile") ? 1 : 0;
    answer.subdevice_id = described(module).value("tile", 0u);
  });
}

BERTH_FAKE ze::Result zesMemoryGetState(ze::Memory module, ze::MemoryState* out) {
  return fill(Call("zesMemoryGetState"), out, [&](ze::MemoryState& answer) {
    answer.size = described(module).at("memory");
    answer.free = described(module).at("free");
  });
}

BERTH_FAKE ze::Result zesDeviceEnumFrequencyDomains(ze::Device device, std::uint32_t* count, ze::Frequency* out) {
  if (!is_set("ZES_ENABLE_SYSMAN", "1")) return ze::uninitialized;
  return hand_over(Call("zesDeviceEnumFrequencyDomains"), {handle<ze::Frequency>(described(device))}, count, out);
}

BERTH_FAKE ze::Result zesFrequencyGetState(ze::Frequency domain, ze::FrequencyState* out) {
  return fill(Call("zesFrequencyGetState"), out,
              [&](ze::FrequencyState& answer) { answer.throttle_reasons = described(domain).value("throttle", 0u); });
}
