#include <fmt/format.h>

#include <algorithm>

#include "discover/drivers/amd_gpu.h"
#include "discover/drivers/driver_report.h"
#include "discover/drivers/rocm_smi.h"
#include "discover/drivers/sysfs.h"
#include "discover/drivers/visibility.h"
#include "discover/probes.h"

namespace berth::discovery {
namespace {

Findings without_kfd(const std::filesystem::path& root, const std::vector<PciDevice>& on_bus, Findings findings) {
  auto& report = findings.report;
  const bool driven = std::ranges::any_of(on_bus, [](const auto& device) { return device.driver == "amdgpu"; });
  report.outcome = ProbeOutcome::no_driver;
  if (!driven)
    report.message = fmt::format(
        "On the PCI bus: {}. The kernel's driver amdgpu is not bound to it: install it (package amdgpu-dkms, or a "
        "kernel and firmware that know this GPU) and look into the kernel's log.",
        str(on_bus));
  else if (std::filesystem::exists(root / "sys/class/kfd"))
    report.message = fmt::format(
        "On the PCI bus: {}. The kernel's KFD lists none of them: ROCm does not support this GPU, or this container "
        "may not use it.",
        str(on_bus));
  else
    report.message = fmt::format(
        "On the PCI bus: {}. The kernel has no KFD, which ROCm needs: use one that is built with CONFIG_HSA_AMD.",
        str(on_bus));
  return findings;
}

/// Those whose device nodes this process may use; ROCm leaves the others out.
std::vector<AmdGpu> permitted(const std::filesystem::path& root, std::vector<AmdGpu> gpus, Findings& findings) {
  std::string why_not;
  std::string reasons;
  if (!may_open(root / "dev/kfd", why_not)) {
    reasons = why_not;
    for (auto& gpu : gpus) findings.sightings.push_back(std::move(gpu.info));
    gpus.clear();
  }
  std::erase_if(gpus, [&](AmdGpu& gpu) {
    if (gpu.render_minor == 0 || may_open(root / fmt::format("dev/dri/renderD{}", gpu.render_minor), why_not))
      return false;
    reasons += (reasons.empty() ? "" : "; ") + why_not;
    findings.report.notes.push_back(fmt::format("{} ({}) is left out: {}", gpu.info.name, gpu.info.pci_id, why_not));
    findings.sightings.push_back(std::move(gpu.info));
    return true;
  });
  if (gpus.empty()) {
    findings.report.outcome = ProbeOutcome::no_permission;
    findings.report.message = reasons + ".";
  }
  return gpus;
}

/// What ROCm, and then HIP, make of the environment. HIP takes an empty value for none, and reads CUDA_VISIBLE_DEVICES
/// where it has no HIP_VISIBLE_DEVICES.
std::vector<AmdGpu> visible_gpus(const Machine& machine, std::vector<AmdGpu> gpus, ProbeReport& report) {
  const auto* hip = machine.variable("HIP_VISIBLE_DEVICES");
  const char* second = hip != nullptr && !hip->empty() ? "HIP_VISIBLE_DEVICES" : "CUDA_VISIBLE_DEVICES";
  std::string set;
  for (const std::string variable : {"ROCR_VISIBLE_DEVICES", second}) {
    const auto* value = machine.variable(variable);
    if (value == nullptr || gpus.empty()) continue;
    std::vector<PhysicalDevice> all;
    for (const auto& gpu : gpus)
      all.push_back({.name = gpu.info.name, .uuid = gpu.info.uuid, .pci_id = gpu.info.pci_id});
    auto left = visible(all, variable, *value, VariableReader::hip);
    std::ranges::move(left.notes, std::back_inserter(report.notes));
    std::vector<AmdGpu> kept;
    for (const auto& device : left.devices) kept.push_back(gpus[device.index]);
    gpus = std::move(kept);
    set += fmt::format("{}{}={}", set.empty() ? "" : " and ", variable, *value);
  }
  if (gpus.empty()) {
    report.outcome = ProbeOutcome::hidden;
    report.message = fmt::format("{} hides every AMD GPU; unset it to use them.", set);
  }
  return gpus;
}

void add_note(DeviceInfo& info, const std::string& note) { info.note += (info.note.empty() ? "" : "; ") + note; }

}  // namespace

Findings probe_rocm(const Machine& machine) {
  Findings findings;
  auto& report = findings.report;
  report.probe = "rocm";
  const auto on_bus = pci_devices(machine.root, pci_vendor_amd);
  auto gpus = amd_gpus(machine.root);
  if (gpus.empty() && on_bus.empty()) {
    report.message = "There is no AMD GPU on the PCI bus.";
    return findings;
  }
  if (gpus.empty()) return without_kfd(machine.root, on_bus, std::move(findings));
  ask_rocm_smi(machine, gpus, report);
  gpus = permitted(machine.root, std::move(gpus), findings);
  if (!gpus.empty()) gpus = visible_gpus(machine, std::move(gpus), report);
  if (gpus.empty()) return findings;

  report.outcome = ProbeOutcome::found;
  const bool with_nvidia = !pci_devices(machine.root, pci_vendor_nvidia).empty();  // whose devices take these names
  for (std::size_t index = 0; index < gpus.size(); ++index) {
    auto& info = gpus[index].info;
    info.device = Device::gpu(static_cast<int>(index));
    info.apis.push_back({"hip", std::to_string(index)});
    const auto whole = std::find_if(findings.devices.begin(), findings.devices.end(),
                                    [&](const DeviceInfo& other) { return other.pci_id == info.pci_id; });
    if (whole != findings.devices.end()) {
      // Partitions of one card have one address, and each a part of its memory. They are told apart by their index.
      add_note(info, fmt::format("A partition of the card at {}, which is also {}", info.pci_id, whole->device.str()));
      info.pci_id.clear();
      info.uuid.clear();
    }
    if (with_nvidia) add_note(info, fmt::format("In a build of PyTorch for ROCm it is cuda:{}", index));
    if (info.pool.empty()) {
      info.pool = info.device.str();
      findings.pools.push_back({info.pool, PoolKind::device, info.total_bytes, info.free_bytes});
    }
    for (const auto& device : on_bus)
      if (device.id == info.pci_id && !info.integrated)
        if (auto link = pcie_link(device)) {
          link->to = info.device.str();
          findings.links.push_back(std::move(*link));
        }
    for (const auto& way : gpus[index].xgmi)
      for (std::size_t other = 0; other < index; ++other)
        if (gpus[other].node == way.to_node)
          findings.links.push_back({.from = gpus[other].info.device.str(),
                                    .to = info.device.str(),
                                    .kind = LinkKind::xgmi,
                                    .bytes_per_s = way.bytes_per_s,
                                    .detail = "xGMI"});
    findings.devices.push_back(std::move(info));
  }
  return findings;
}

}  // namespace berth::discovery
