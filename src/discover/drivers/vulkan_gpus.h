/// What the Vulkan loader lists, and what llama.cpp takes of it.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "discover/drivers/vulkan_abi.h"
#include "discover/probe.h"

namespace berth::discovery {

struct VulkanError : std::runtime_error {
  VulkanError(const char* function, vk::Result result_of);

  vk::Result result;
};

/// The loader, or every driver that it found, is older than Vulkan 1.2.
struct VulkanTooOld : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct VulkanGpu {
  DeviceInfo info = {};  ///< but for its index and its pool
  vk::GpuType type = vk::GpuType::other;
  std::uint32_t vendor = 0;
  std::uint32_t driver_id = 0;
  std::array<unsigned char, 16> uuid = {};
  std::array<unsigned char, 8> luid = {};
  bool luid_valid = false;
  bool storage_16_bit = false;
};

/// In the order of the loader. Throws LibraryError, VulkanError, VulkanTooOld, std::runtime_error.
std::vector<VulkanGpu> vulkan_gpus(const Machine& machine, ProbeReport& report);

/// Positions of those that ggml-vulkan takes by itself, in its order: discrete and integrated GPUs, each piece of
/// hardware with one driver; without any, the first that is not a CPU.
std::vector<std::size_t> ggml_vulkan_choice(const std::vector<VulkanGpu>& gpus);

}  // namespace berth::discovery
