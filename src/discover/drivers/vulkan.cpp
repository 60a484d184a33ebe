#include <fmt/format.h>

#include <algorithm>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/sysfs.h"
#include "discover/drivers/visibility.h"
#include "discover/drivers/vulkan_gpus.h"
#include "discover/probes.h"

namespace berth::discovery {
namespace {

std::string on_the_bus(const std::filesystem::path& root) {
  const auto devices = pci_devices(root);
  return devices.empty() ? std::string() : fmt::format(" On the PCI bus: {}.", str(devices));
}

/// GGML_VK_VISIBLE_DEVICES takes the place of ggml's own choice, and can name what that would leave out.
std::vector<std::size_t> chosen(const Machine& machine, const std::vector<VulkanGpu>& gpus, ProbeReport& report) {
  const auto* value = machine.variable("GGML_VK_VISIBLE_DEVICES");
  if (value == nullptr) return ggml_vulkan_choice(gpus);
  std::vector<PhysicalDevice> all;
  for (const auto& gpu : gpus) all.push_back({.name = gpu.info.name, .uuid = gpu.info.uuid, .pci_id = gpu.info.pci_id});
  auto left = visible(all, "GGML_VK_VISIBLE_DEVICES", *value);
  std::ranges::move(left.notes, std::back_inserter(report.notes));
  std::vector<std::size_t> positions;
  for (const auto& device : left.devices) positions.push_back(device.index);
  return positions;
}

std::string why_left_out(const VulkanGpu& gpu) {
  if (gpu.type == vk::GpuType::cpu) return "is a software renderer: it computes on the CPU";
  if (!gpu.storage_16_bit) return "has no 16-bit storage, which llama.cpp needs";
  if (gpu.type != vk::GpuType::discrete && gpu.type != vk::GpuType::integrated)
    return "is neither a discrete nor an integrated GPU, and there is one";
  return "is the same hardware as another one, by a driver that llama.cpp likes less";
}

/// What the loader lists; nothing with a reason in `report` where it cannot be asked.
std::vector<VulkanGpu> gpus_or_reason(const Machine& machine, ProbeReport& report) try {
  return vulkan_gpus(machine, report);
} catch (const LibraryError& problem) {
  report_library(report, problem,
                 "The Vulkan loader (libvulkan.so.1) is not installed: package libvulkan1." + on_the_bus(machine.root));
  return {};
} catch (const VulkanTooOld& problem) {
  report.outcome = ProbeOutcome::driver_too_old;
  report.message = fmt::format("{}.", problem.what());
  return {};
} catch (const VulkanError& problem) {
  const bool none = problem.result == vk::error_incompatible_driver;
  report.outcome = none ? ProbeOutcome::no_driver : ProbeOutcome::failed;
  report.message = fmt::format(
      "{}{}",
      none ? "The Vulkan loader finds no driver: install that of the GPU (mesa-vulkan-drivers, or NVIDIA's)."
           : fmt::format("{}; \"vulkaninfo --summary\" may say more.", problem.what()),
      on_the_bus(machine.root));
  return {};
} catch (const std::runtime_error& problem) {
  report.outcome = ProbeOutcome::failed;
  report.message = fmt::format("{}.", problem.what());
  return {};
}

void add_chosen(Findings& findings, const Machine& machine, const std::vector<VulkanGpu>& gpus,
                const std::vector<std::size_t>& positions) {
  for (std::size_t index = 0; index < positions.size(); ++index) {
    const auto number = std::to_string(index);
    const auto& gpu = gpus[positions[index]];
    const auto first = static_cast<int>(std::ranges::find(positions, positions[index]) - positions.begin());
    const auto named = std::ranges::find(findings.devices, first, [](const auto& info) { return info.device.id(); });
    if (named != findings.devices.end()) {  // twice
      named->apis.push_back({"vulkan", number});
      continue;
    }
    auto info = gpu.info;
    info.device = Device(DeviceType::vulkan, static_cast<int>(index));
    info.apis = {{"vulkan", number}};
    if (gpu.type == vk::GpuType::cpu) info.note = "A software renderer: it computes on the CPU";
    for (const auto& device : pci_devices(machine.root))
      if (device.id == info.pci_id) info.numa_node = device.numa_node;
    if (info.integrated) {
      info.pool = "ram";
    } else {
      info.pool = info.device.str();
      findings.pools.push_back({info.pool, PoolKind::device, info.total_bytes, info.free_bytes});
    }
    findings.devices.push_back(std::move(info));
  }
}

}  // namespace

Findings probe_vulkan(const Machine& machine) {
  Findings findings;
  auto& report = findings.report;
  report.probe = "vulkan";
  const auto gpus = gpus_or_reason(machine, report);
  if (!report.message.empty()) return findings;

  const auto positions = chosen(machine, gpus, report);
  add_chosen(findings, machine, gpus, positions);
  const bool by_variable = machine.variable("GGML_VK_VISIBLE_DEVICES") != nullptr;
  for (std::size_t i = 0; i < gpus.size() && !by_variable; ++i)
    if (std::ranges::find(positions, i) == positions.end())
      report.notes.push_back(
          fmt::format("{} (Vulkan's number {}) is left out: it {}", gpus[i].info.name, i, why_left_out(gpus[i])));
  if (!findings.devices.empty()) {
    report.outcome = ProbeOutcome::found;
  } else if (by_variable && !gpus.empty()) {
    report.outcome = ProbeOutcome::hidden;
    report.message = fmt::format("GGML_VK_VISIBLE_DEVICES={} leaves no device; unset it to use {}.",
                                 *machine.variable("GGML_VK_VISIBLE_DEVICES"), gpus[0].info.name);
  } else {
    report.message = gpus.empty() ? "No driver of Vulkan has a device." + on_the_bus(machine.root)
                                  : "Vulkan has software renderers only." + on_the_bus(machine.root);
  }
  return findings;
}

}  // namespace berth::discovery
