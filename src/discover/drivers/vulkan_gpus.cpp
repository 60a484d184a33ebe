#include "discover/drivers/vulkan_gpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/sysfs.h"

namespace berth::discovery {
namespace {

constexpr std::uint32_t most_extensions = 4096;

struct Loader {
  DynamicLibrary library;

  template <class Signature>
  Signature* get(const char* name) const {
    return library.function<Signature>(name);
  }

  vk::Result (*create)(const vk::InstanceCreateInfo*, const void*, vk::Instance*) =
      get<vk::Result(const vk::InstanceCreateInfo*, const void*, vk::Instance*)>("vkCreateInstance");
  void (*destroy)(vk::Instance, const void*) = get<void(vk::Instance, const void*)>("vkDestroyInstance");
  vk::Result (*gpus)(vk::Instance, std::uint32_t*,
                     vk::Gpu*) = get<vk::Result(vk::Instance, std::uint32_t*, vk::Gpu*)>("vkEnumeratePhysicalDevices");
  vk::Result (*extensions)(vk::Gpu, const char*, std::uint32_t*, vk::ExtensionProperties*) =
      get<vk::Result(vk::Gpu, const char*, std::uint32_t*, vk::ExtensionProperties*)>(
          "vkEnumerateDeviceExtensionProperties");
  // Of Vulkan 1.1: an older loader has none of them.
  vk::Result (*instance_version)(std::uint32_t*) =
      library.find<vk::Result(std::uint32_t*)>("vkEnumerateInstanceVersion");
  void (*properties)(vk::Gpu, vk::Properties2*) =
      library.find<void(vk::Gpu, vk::Properties2*)>("vkGetPhysicalDeviceProperties2");
  void (*features)(vk::Gpu,
                   vk::Features2*) = library.find<void(vk::Gpu, vk::Features2*)>("vkGetPhysicalDeviceFeatures2");
  void (*memory)(vk::Gpu, vk::MemoryProperties2*) =
      library.find<void(vk::Gpu, vk::MemoryProperties2*)>("vkGetPhysicalDeviceMemoryProperties2");

  explicit Loader(const std::filesystem::path& folder) : library({"libvulkan.so.1"}, folder) {}

  bool has_1_1() const {
    return instance_version != nullptr && properties != nullptr && features != nullptr && memory != nullptr;
  }
};

void require(vk::Result result, const char* function) {
  if (result != vk::success && result != vk::incomplete) throw VulkanError(function, result);
}

std::string version_text(std::uint32_t version) {
  return fmt::format("{}.{}.{}", version >> 22 & 0x7F, version >> 12 & 0x3FF, version & 0xFFF);
}

template <class Item, class Ask>
std::vector<Item> list(const char* function, std::uint32_t most, Ask&& ask) {
  std::uint32_t count = 0;
  require(ask(&count, static_cast<Item*>(nullptr)), function);
  if (count > most)
    throw std::runtime_error(fmt::format("{} says that there are {}, which cannot be", function, count));
  std::vector<Item> items(count);
  if (count > 0) require(ask(&count, items.data()), function);
  items.resize(std::min<std::size_t>(count, items.size()));
  return items;
}

bool has(const std::vector<vk::ExtensionProperties>& extensions, std::string_view name) {
  return std::ranges::any_of(extensions, [&](const auto& extension) {
    return std::string_view(extension.name, strnlen(extension.name, sizeof extension.name)) == name;
  });
}

/// As ggml-vulkan counts it: heaps of the device, and all of them where it has none of its own.
void read_memory(const Loader& loader, vk::Gpu handle, bool budget_known, VulkanGpu& gpu, ProbeReport& report) {
  vk::MemoryProperties2 memory;
  vk::MemoryBudget budget;
  if (budget_known) memory.next = &budget;
  loader.memory(handle, &memory);
  auto& info = gpu.info;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(memory.heap_count, std::size(memory.heaps)); ++i) {
    const auto& heap = memory.heaps[i];
    if (!info.integrated && (heap.flags & vk::heap_device_local) == 0) continue;
    if (heap.size > most_bytes) {
      report.notes.push_back(
          fmt::format("Vulkan says that a heap of {} has {} bytes, which cannot be", info.name, heap.size));
      break;
    }
    info.total_bytes += heap.size;
    if (budget_known)
      info.free_bytes += std::min(heap.size, budget.budget[i] - std::min(budget.budget[i], budget.usage[i]));
  }
  info.free_is_known = budget_known;
  if (!budget_known) info.free_bytes = info.total_bytes;
}

VulkanGpu read(const Loader& loader, vk::Gpu handle, ProbeReport& report) {
  const auto extensions = list<vk::ExtensionProperties>(
      "vkEnumerateDeviceExtensionProperties", most_extensions,
      [&](auto* count, auto* items) { return loader.extensions(handle, nullptr, count, items); });
  vk::PciProperties pci;
  vk::DriverProperties driver;
  vk::IdProperties id;
  vk::Properties2 properties;
  const bool has_pci = has(extensions, "VK_EXT_pci_bus_info");
  if (has_pci) id.next = &pci;
  driver.next = &id;
  properties.next = &driver;
  loader.properties(handle, &properties);
  vk::Float16Int8 numbers;
  vk::Storage16Bit storage;
  storage.next = &numbers;
  vk::Features2 features;
  features.next = &storage;
  loader.features(handle, &features);

  VulkanGpu gpu;
  auto& info = gpu.info;
  gpu.type = static_cast<vk::GpuType>(properties.properties.type);
  gpu.vendor = properties.properties.vendor_id;
  gpu.driver_id = driver.id;
  std::ranges::copy(id.device_uuid, gpu.uuid.begin());
  std::ranges::copy(id.luid, gpu.luid.begin());
  gpu.luid_valid = id.luid_valid != 0;
  gpu.storage_16_bit = storage.storage_buffer != 0;
  info.name = driver_text({properties.properties.name, sizeof properties.properties.name});
  info.vendor = vendor_name(gpu.vendor);
  info.integrated = gpu.type == vk::GpuType::integrated || gpu.type == vk::GpuType::cpu;
  if (gpu.driver_id == vk::driver_mesa_dozen)
    info.note = "By Mesa's Dozen over Direct3D 12, which tells no identity: it may be the same GPU as another device";
  else
    info.uuid = uuid_text(id.device_uuid);
  // So does NVIDIA's own library name the same GPU.
  if (gpu.vendor == pci_vendor_nvidia && !info.uuid.empty()) info.uuid = "GPU-" + info.uuid;
  if (has_pci && gpu.type != vk::GpuType::cpu)
    info.pci_id = pci_id(pci.domain & 0xFFFF, pci.bus & 0xFF, pci.device & 0x1F, pci.function & 7);
  info.driver =
      fmt::format("{} {} (Vulkan {})", driver_text({driver.name, sizeof driver.name}),
                  driver_text({driver.info, sizeof driver.info}), version_text(properties.properties.api_version));
  info.gpu.emplace();
  if (numbers.float16 != 0) info.types.emplace_back("fp16");
  if (numbers.int8 != 0) info.types.emplace_back("int8");
  read_memory(loader, handle, has(extensions, "VK_EXT_memory_budget"), gpu, report);
  return gpu;
}

}  // namespace

VulkanError::VulkanError(const char* function, vk::Result result_of)
    : std::runtime_error(fmt::format("{} failed with error {}", function, result_of)), result(result_of) {}

std::vector<VulkanGpu> vulkan_gpus(const Machine& machine, ProbeReport& report) {
  const Loader loader(machine.library_dir);
  report.library = loader.library.path();
  std::uint32_t version = vk::version(1, 0);
  if (loader.has_1_1()) require(loader.instance_version(&version), "vkEnumerateInstanceVersion");
  report.library_version = version_text(version);
  if (version < vk::version(1, 2))
    throw VulkanTooOld(
        fmt::format("The Vulkan loader is of version {}, and 1.2 is needed: install a newer one (package "
                    "libvulkan1)",
                    report.library_version));
  const vk::ApplicationInfo application;
  vk::InstanceCreateInfo create;
  create.application = &application;
  vk::Instance instance = nullptr;
  require(loader.create(&create, nullptr, &instance), "vkCreateInstance");
  struct Destroyer {
    const Loader& loader;
    vk::Instance instance;
    ~Destroyer() { loader.destroy(instance, nullptr); }
  } const destroyer{loader, instance};

  const auto handles = list<vk::Gpu>("vkEnumeratePhysicalDevices", most_devices,
                                     [&](auto* count, auto* items) { return loader.gpus(instance, count, items); });
  std::vector<VulkanGpu> gpus;
  for (auto* const handle : handles) gpus.push_back(read(loader, handle, report));
  return gpus;
}

}  // namespace berth::discovery
