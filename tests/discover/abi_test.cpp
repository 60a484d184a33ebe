// Berth's own declarations of the C interfaces of drivers, held against the real headers where these are installed.
#include <gtest/gtest.h>

#include <cstddef>

#include "discover/drivers/level_zero_abi.h"
#include "discover/drivers/vulkan_abi.h"

#if __has_include(<vulkan/vulkan.h>)
#include <vulkan/vulkan.h>
#endif
#if __has_include(<level_zero/zes_api.h>)
#include <level_zero/zes_api.h>
#endif

#define SAME_SIZE(ours, real) EXPECT_EQ(sizeof(ours), sizeof(real))
#define SAME_PLACE(ours, field, real, real_field) EXPECT_EQ(offsetof(ours, field), offsetof(real, real_field))

namespace berth::discovery {
namespace {

TEST(DriverAbi, OfVulkanIsThatOfItsHeader) {
#if __has_include(<vulkan/vulkan.h>)
  SAME_SIZE(vk::ApplicationInfo, VkApplicationInfo);
  SAME_PLACE(vk::ApplicationInfo, api_version, VkApplicationInfo, apiVersion);
  SAME_SIZE(vk::InstanceCreateInfo, VkInstanceCreateInfo);
  SAME_PLACE(vk::InstanceCreateInfo, extensions, VkInstanceCreateInfo, ppEnabledExtensionNames);
  SAME_SIZE(vk::Properties, VkPhysicalDeviceProperties);
  SAME_PLACE(vk::Properties, name, VkPhysicalDeviceProperties, deviceName);
  SAME_PLACE(vk::Properties, limits, VkPhysicalDeviceProperties, limits);
  SAME_SIZE(vk::Properties2, VkPhysicalDeviceProperties2);
  SAME_PLACE(vk::Properties2, properties, VkPhysicalDeviceProperties2, properties);
  EXPECT_EQ(vk::Properties2{}.stype, static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2));
  SAME_SIZE(vk::IdProperties, VkPhysicalDeviceIDProperties);
  SAME_PLACE(vk::IdProperties, luid_valid, VkPhysicalDeviceIDProperties, deviceLUIDValid);
  EXPECT_EQ(vk::IdProperties{}.stype, static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES));
  SAME_SIZE(vk::DriverProperties, VkPhysicalDeviceDriverProperties);
  SAME_PLACE(vk::DriverProperties, info, VkPhysicalDeviceDriverProperties, driverInfo);
  EXPECT_EQ(vk::DriverProperties{}.stype,
            static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES));
  SAME_SIZE(vk::PciProperties, VkPhysicalDevicePCIBusInfoPropertiesEXT);
  EXPECT_EQ(vk::PciProperties{}.stype,
            static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT));
  SAME_SIZE(vk::Features2, VkPhysicalDeviceFeatures2);
  EXPECT_EQ(vk::Features2{}.stype, static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2));
  SAME_SIZE(vk::Storage16Bit, VkPhysicalDevice16BitStorageFeatures);
  EXPECT_EQ(vk::Storage16Bit{}.stype,
            static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES));
  SAME_SIZE(vk::Float16Int8, VkPhysicalDeviceShaderFloat16Int8Features);
  EXPECT_EQ(vk::Float16Int8{}.stype,
            static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES));
  SAME_SIZE(vk::MemoryProperties2, VkPhysicalDeviceMemoryProperties2);
  SAME_PLACE(vk::MemoryProperties2, heaps, VkPhysicalDeviceMemoryProperties2, memoryProperties.memoryHeaps);
  EXPECT_EQ(vk::MemoryProperties2{}.stype,
            static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2));
  SAME_SIZE(vk::MemoryBudget, VkPhysicalDeviceMemoryBudgetPropertiesEXT);
  EXPECT_EQ(vk::MemoryBudget{}.stype,
            static_cast<std::uint32_t>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT));
  SAME_SIZE(vk::ExtensionProperties, VkExtensionProperties);
  EXPECT_EQ(vk::error_incompatible_driver, VK_ERROR_INCOMPATIBLE_DRIVER);
#else
  GTEST_SKIP() << "Vulkan's header is not installed (libvulkan-dev)";
#endif
}

TEST(DriverAbi, OfLevelZeroIsThatOfItsHeaders) {
#if __has_include(<level_zero/zes_api.h>)
  SAME_SIZE(ze::DriverProperties, ze_driver_properties_t);
  SAME_PLACE(ze::DriverProperties, version, ze_driver_properties_t, driverVersion);
  EXPECT_EQ(ze::DriverProperties{}.stype, static_cast<std::uint32_t>(ZE_STRUCTURE_TYPE_DRIVER_PROPERTIES));
  SAME_SIZE(ze::DeviceProperties, ze_device_properties_t);
  SAME_PLACE(ze::DeviceProperties, flags, ze_device_properties_t, flags);
  SAME_PLACE(ze::DeviceProperties, uuid, ze_device_properties_t, uuid);
  SAME_PLACE(ze::DeviceProperties, name, ze_device_properties_t, name);
  EXPECT_EQ(ze::DeviceProperties{}.stype, static_cast<std::uint32_t>(ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES));
  SAME_SIZE(ze::ModuleProperties, ze_device_module_properties_t);
  SAME_PLACE(ze::ModuleProperties, flags, ze_device_module_properties_t, flags);
  EXPECT_EQ(ze::ModuleProperties{}.stype, static_cast<std::uint32_t>(ZE_STRUCTURE_TYPE_DEVICE_MODULE_PROPERTIES));
  SAME_SIZE(ze::MemoryProperties, ze_device_memory_properties_t);
  SAME_PLACE(ze::MemoryProperties, total_size, ze_device_memory_properties_t, totalSize);
  EXPECT_EQ(ze::MemoryProperties{}.stype, static_cast<std::uint32_t>(ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES));
  SAME_SIZE(ze::PciProperties, ze_pci_ext_properties_t);
  SAME_PLACE(ze::PciProperties, domain, ze_pci_ext_properties_t, address);
  EXPECT_EQ(ze::PciProperties{}.stype, static_cast<std::uint32_t>(ZE_STRUCTURE_TYPE_PCI_EXT_PROPERTIES));
  SAME_SIZE(ze::MemoryModule, zes_mem_properties_t);
  SAME_PLACE(ze::MemoryModule, subdevice_id, zes_mem_properties_t, subdeviceId);
  EXPECT_EQ(ze::MemoryModule{}.stype, static_cast<std::uint32_t>(ZES_STRUCTURE_TYPE_MEM_PROPERTIES));
  SAME_SIZE(ze::MemoryState, zes_mem_state_t);
  SAME_PLACE(ze::MemoryState, free, zes_mem_state_t, free);
  EXPECT_EQ(ze::MemoryState{}.stype, static_cast<std::uint32_t>(ZES_STRUCTURE_TYPE_MEM_STATE));
  SAME_SIZE(ze::FrequencyState, zes_freq_state_t);
  SAME_PLACE(ze::FrequencyState, throttle_reasons, zes_freq_state_t, throttleReasons);
  EXPECT_EQ(ze::FrequencyState{}.stype, static_cast<std::uint32_t>(ZES_STRUCTURE_TYPE_FREQ_STATE));
  EXPECT_EQ(ze::uninitialized, static_cast<ze::Result>(ZE_RESULT_ERROR_UNINITIALIZED));
#else
  GTEST_SKIP() << "Level Zero's headers are not installed (libze-dev)";
#endif
}

}  // namespace
}  // namespace berth::discovery
