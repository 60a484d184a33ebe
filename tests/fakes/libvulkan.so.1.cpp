// Vulkan: "vulkan": {"version": [1, 3, 275], "gpus": [{"name", "type": "discrete", "vendor", "uuid", "pci", "driver_id",
// "driver", "driver_info", "heaps": [{"size", "local", "budget", "usage"}], "storage_16_bit", "float16", "int8"}]}
// A GPU without "pci" has not that extension, one whose heaps have no "budget" not the other.
#include <vector>

#include "discover/drivers/vulkan_abi.h"
#include "fake_machine.h"
#include "identity.h"

namespace {

using namespace berth::fakes;
namespace vk = berth::discovery::vk;

const Json& vulkan() { return machine().at("vulkan"); }
const Json& described(vk::Gpu gpu) { return *reinterpret_cast<const Json*>(gpu); }

std::uint32_t version_of(const Json& numbers) {
  return vk::version(numbers.at(0), numbers.at(1)) | numbers.at(2).get<std::uint32_t>();
}

vk::GpuType type_of(const std::string& name) {
  static const std::map<std::string, vk::GpuType> types{{"integrated", vk::GpuType::integrated},
                                                        {"discrete", vk::GpuType::discrete},
                                                        {"virtual", vk::GpuType::virtual_gpu},
                                                        {"cpu", vk::GpuType::cpu}};
  const auto found = types.find(name);
  return found == types.end() ? vk::GpuType::other : found->second;
}

/// What every struct that can be chained begins with.
struct Chained {
  std::uint32_t stype;
  void* next;
};

/// The struct of that type in the chain, or nullptr.
template <class Struct>
Struct* find(void* chain) {
  for (auto* link = static_cast<Chained*>(chain); link != nullptr; link = static_cast<Chained*>(link->next))
    if (link->stype == Struct{}.stype) return reinterpret_cast<Struct*>(link);
  return nullptr;
}

void put(char (&out)[256], const std::string& text) { Call("").put_text(out, sizeof out, text); }

}  // namespace

BERTH_FAKE vk::Result vkEnumerateInstanceVersion(std::uint32_t* out) {
  const Call call("vkEnumerateInstanceVersion");
  if (call.error() != 0) return call.error();
  call.put(out, version_of(vulkan().at("version")));
  return vk::success;
}

BERTH_FAKE vk::Result vkCreateInstance(const vk::InstanceCreateInfo*, const void*, vk::Instance* out) {
  const Call call("vkCreateInstance");
  if (call.error() != 0) return call.error();
  if (!vulkan().contains("gpus")) return vk::error_incompatible_driver;
  *out = reinterpret_cast<vk::Instance>(const_cast<Json*>(&vulkan()));
  return vk::success;
}

BERTH_FAKE void vkDestroyInstance(vk::Instance, const void*) { const Call call("vkDestroyInstance"); }

BERTH_FAKE vk::Result vkEnumeratePhysicalDevices(vk::Instance, std::uint32_t* count, vk::Gpu* out) {
  const Call call("vkEnumeratePhysicalDevices");
  if (call.error() != 0) return call.error();
  const auto& gpus = vulkan().at("gpus");
  if (out == nullptr) {
    call.put(count, static_cast<std::uint32_t>(gpus.size()));
    return vk::success;
  }
  *count = std::min(*count, static_cast<std::uint32_t>(gpus.size()));
  for (std::uint32_t i = 0; i < *count; ++i) out[i] = reinterpret_cast<vk::Gpu>(const_cast<Json*>(&gpus.at(i)));
  return vk::success;
}

BERTH_FAKE vk::Result vkEnumerateDeviceExtensionProperties(vk::Gpu gpu, const char*, std::uint32_t* count,
                                                           vk::ExtensionProperties* out) {
  const Call call("vkEnumerateDeviceExtensionProperties");
  if (call.error() != 0) return call.error();
  std::vector<std::string> names{"VK_KHR_16bit_storage"};
  if (described(gpu).contains("pci")) names.emplace_back("VK_EXT_pci_bus_info");
  if (described(gpu).at("heaps").at(0).contains("budget")) names.emplace_back("VK_EXT_memory_budget");
  if (out == nullptr) {
    call.put(count, static_cast<std::uint32_t>(names.size()));
    return vk::success;
  }
  *count = std::min(*count, static_cast<std::uint32_t>(names.size()));
  for (std::uint32_t i = 0; i < *count; ++i) call.put_text(out[i].name, sizeof out[i].name, names[i]);
  return vk::success;
}

BERTH_FAKE void vkGetPhysicalDeviceProperties2(vk::Gpu gpu, vk::Properties2* out) {
  const Call call("vkGetPhysicalDeviceProperties2");
  const auto& description = described(gpu);
  vk::Properties properties;
  properties.api_version = version_of(vulkan().at("version"));
  properties.vendor_id = description.at("vendor");
  properties.type = static_cast<std::uint32_t>(type_of(description.at("type")));
  put(properties.name, description.at("name"));
  call.put(&out->properties, properties);
  if (auto* driver = find<vk::DriverProperties>(out->next)) {
    driver->id = description.value("driver_id", 0u);
    put(driver->name, description.value("driver", ""));
    put(driver->info, description.value("driver_info", ""));
  }
  if (auto* id = find<vk::IdProperties>(out->next)) put_uuid(id->device_uuid, description.value("uuid", ""));
  if (auto* pci = find<vk::PciProperties>(out->next)) {
    const auto address = PciAddress::parse(description.at("pci"));
    pci->domain = address.domain;
    pci->bus = address.bus;
    pci->device = address.device;
    pci->function = address.function;
  }
}

BERTH_FAKE void vkGetPhysicalDeviceFeatures2(vk::Gpu gpu, vk::Features2* out) {
  const Call call("vkGetPhysicalDeviceFeatures2");
  if (auto* storage = find<vk::Storage16Bit>(out->next))
    call.put(&storage->storage_buffer, described(gpu).value("storage_16_bit", true) ? 1 : 0);
  if (auto* numbers = find<vk::Float16Int8>(out->next)) {
    call.put(&numbers->float16, described(gpu).value("float16", false) ? 1 : 0);
    call.put(&numbers->int8, described(gpu).value("int8", false) ? 1 : 0);
  }
}

BERTH_FAKE void vkGetPhysicalDeviceMemoryProperties2(vk::Gpu gpu, vk::MemoryProperties2* out) {
  const Call call("vkGetPhysicalDeviceMemoryProperties2");
  const auto& heaps = described(gpu).at("heaps");
  vk::MemoryProperties2 answer;
  answer.next = out->next;
  answer.heap_count = static_cast<std::uint32_t>(heaps.size());
  auto* budget = find<vk::MemoryBudget>(out->next);
  for (std::size_t i = 0; i < heaps.size(); ++i) {
    answer.heaps[i] = {heaps.at(i).at("size"), heaps.at(i).value("local", false) ? vk::heap_device_local : 0};
    if (budget == nullptr) continue;
    budget->budget[i] = heaps.at(i).at("budget");
    budget->usage[i] = heaps.at(i).value("usage", std::uint64_t{0});
  }
  call.put(out, answer);
}
