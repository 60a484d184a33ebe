#include <fmt/format.h>

#include <algorithm>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/level_zero_abi.h"
#include "discover/drivers/level_zero_devices.h"
#include "discover/drivers/sysfs.h"
#include "discover/drivers/visibility.h"
#include "discover/probes.h"

namespace berth::discovery {
namespace {

constexpr std::string_view advice =
    "Level Zero's loader is not installed: packages libze1 and libze-intel-gpu1 (intel-level-zero-gpu), for an NPU "
    "intel-level-zero-npu";

DeviceInfo sighting(const PciDevice& device) {
  DeviceInfo info;
  info.name = device.is_display() ? "Intel GPU" : "Intel NPU";
  info.vendor = "Intel";
  info.pci_id = device.id;
  info.numa_node = device.numa_node;
  info.driver = device.driver;
  if (device.is_display()) info.gpu.emplace();
  return info;
}

/// Why a driver that runs in this process could not open its devices; empty where it could.
std::string forbidden(const std::filesystem::path& root, const std::vector<PciDevice>& devices) {
  std::string reasons;
  for (const auto& device : devices)
    for (const auto& [kind, folder] : {std::pair("drm", "dev/dri"), std::pair("accel", "dev/accel")})
      for (const auto& node : folder_entries(device.folder / kind)) {
        const auto name = node.filename().string();
        std::string why_not;
        if (name.starts_with("card") || may_open(root / folder / name, why_not)) continue;
        reasons += (reasons.empty() ? "" : "; ") + why_not;
      }
  return reasons;
}

struct Unit {
  const LevelZeroDevice* device;
  const LevelZeroDevice* card;  ///< itself, or that whose tile it is
};

PhysicalDevice physical(const LevelZeroDevice& device) {
  PhysicalDevice result{.name = device.info.name, .uuid = device.info.uuid, .pci_id = device.info.pci_id};
  for (const auto& tile : device.tiles) result.parts.push_back(physical(tile));
  return result;
}

/// The devices that Level Zero lists under ZE_FLAT_DEVICE_HIERARCHY and ZE_AFFINITY_MASK.
std::vector<Unit> listed(const Machine& machine, const std::vector<LevelZeroDevice>& gpus, ProbeReport& report) {
  const auto* hierarchy = machine.variable("ZE_FLAT_DEVICE_HIERARCHY");
  const bool composite = hierarchy != nullptr && *hierarchy == "COMPOSITE";
  std::vector<Unit> units;
  for (const auto& gpu : gpus) {
    if (composite || gpu.tiles.empty())
      units.push_back({&gpu, &gpu});
    else
      for (const auto& tile : gpu.tiles) units.push_back({&tile, &gpu});
  }
  const auto* mask = machine.variable("ZE_AFFINITY_MASK");
  if (mask == nullptr) return units;
  std::vector<PhysicalDevice> all;
  for (const auto& unit : units) all.push_back(physical(*unit.device));
  auto left = visible(all, "ZE_AFFINITY_MASK", *mask);
  std::ranges::move(left.notes, std::back_inserter(report.notes));
  std::vector<Unit> kept;
  for (std::size_t i = 0; i < left.devices.size(); ++i) {
    const auto [index, part] = left.devices[i];
    const auto& card = *units[index].device;
    // Several tiles of one card are one device with these tiles.
    const bool again = i > 0 && left.devices[i - 1].index == index;
    const bool more = i + 1 < left.devices.size() && left.devices[i + 1].index == index;
    if (again) continue;
    kept.push_back(part && !more ? Unit{&card.tiles[*part], units[index].card} : Unit{&card, units[index].card});
  }
  return kept;
}

/// As PyTorch counts: the discrete GPUs of the first driver that has some; without any, the integrated ones. What it
/// leaves out comes after them.
std::vector<Unit> as_pytorch_counts(const Machine& machine, std::vector<Unit> units, std::size_t& counted,
                                    ProbeReport& report) {
  if (const auto* selector = machine.variable("ONEAPI_DEVICE_SELECTOR")) {
    std::vector<PhysicalDevice> all;
    for (const auto& unit : units) all.push_back(physical(*unit.device));
    auto left = visible(all, "ONEAPI_DEVICE_SELECTOR", *selector);
    std::ranges::move(left.notes, std::back_inserter(report.notes));
    std::vector<Unit> kept;
    for (const auto& device : left.devices) {
      const auto& unit = units[device.index];
      kept.push_back(device.part ? Unit{&unit.device->tiles[*device.part], unit.card} : unit);
    }
    units = std::move(kept);
  }
  const auto discrete = std::ranges::find_if(units, [](const Unit& unit) { return !unit.device->info.integrated; });
  const bool any_discrete = discrete != units.end();
  const auto driver = any_discrete ? discrete->device->driver : units.empty() ? 0 : units.front().device->driver;
  const auto rest = std::stable_partition(units.begin(), units.end(), [&](const Unit& unit) {
    return unit.device->driver == driver && unit.device->info.integrated != any_discrete;
  });
  counted = static_cast<std::size_t>(rest - units.begin());
  return units;
}

void add(Findings& findings, DeviceInfo info, const std::vector<PciDevice>& on_bus) {
  if (info.integrated)
    info.pool = "ram";
  else {
    info.pool = info.device.str();
    findings.pools.push_back({info.pool, PoolKind::device, info.total_bytes, info.free_bytes});
  }
  for (const auto& device : on_bus) {
    if (device.id != info.pci_id) continue;
    info.numa_node = device.numa_node;
    if (info.integrated) continue;
    if (auto link = pcie_link(device)) {
      link->to = info.device.str();
      findings.links.push_back(std::move(*link));
    }
  }
  const auto same_card = std::ranges::find_if(
      findings.devices, [&](const DeviceInfo& other) { return !info.pci_id.empty() && other.pci_id == info.pci_id; });
  if (same_card != findings.devices.end()) info.pci_id.clear();  // one address names one device
  findings.devices.push_back(std::move(info));
}

void explain(const LevelZeroError& problem, const std::string& not_permitted, const std::vector<PciDevice>& on_bus,
             ProbeReport& report) {
  const auto hardware = on_bus.empty() ? std::string() : fmt::format(" On the PCI bus: {}.", str(on_bus));
  if (!not_permitted.empty() || problem.result == ze::insufficient_permissions) {
    report.outcome = ProbeOutcome::no_permission;
    report.message = not_permitted.empty() ? fmt::format("{}: not allowed.", problem.what()) : not_permitted + ".";
  } else if (problem.result == ze::uninitialized) {
    report.outcome = ProbeOutcome::no_driver;
    report.message = fmt::format(
        "Level Zero's loader finds no driver: install libze-intel-gpu1 (intel-level-zero-gpu), for an NPU "
        "intel-level-zero-npu.{}",
        hardware);
  } else if (problem.result == ze::unsupported_version) {
    report.outcome = ProbeOutcome::driver_too_old;
    report.message =
        fmt::format("{}: the driver is too old for its loader; install a newer one.{}", problem.what(), hardware);
  } else {
    report.outcome = ProbeOutcome::failed;
    report.message = fmt::format("{}; the kernel's log (dmesg) may say why.{}", problem.what(), hardware);
  }
}

/// What the driver lists; nothing with a reason in `report` where it cannot be asked.
LevelZeroDevices all_or_reason(const Machine& machine, const std::vector<PciDevice>& on_bus,
                               const std::string& not_permitted, ProbeReport& report) try {
  return level_zero_devices(machine, report);
} catch (const LibraryError& problem) {
  report_library(report, problem, fmt::format("{}. On the PCI bus: {}.", advice, str(on_bus)));
  if (on_bus.empty() && report.outcome == ProbeOutcome::no_driver) {
    report.outcome = ProbeOutcome::nothing;
    report.message = "Level Zero is not installed, and the PCI bus shows no Intel GPU or NPU.";
  }
  return {};
} catch (const LevelZeroError& problem) {
  explain(problem, not_permitted, on_bus, report);
  return {};
} catch (const std::runtime_error& problem) {
  report.outcome = ProbeOutcome::failed;
  report.message = fmt::format("{}.", problem.what());
  return {};
}

void add_gpus(Findings& findings, const Machine& machine, const std::vector<LevelZeroDevice>& gpus,
              const std::vector<PciDevice>& on_bus) {
  std::size_t counted = 0;
  auto& report = findings.report;
  const auto units = as_pytorch_counts(machine, listed(machine, gpus, report), counted, report);
  for (std::size_t index = 0; index < units.size(); ++index) {
    auto info = units[index].device->info;
    info.device = Device(DeviceType::xpu, static_cast<int>(index));
    info.apis = {{"level_zero", std::to_string(index)}};
    if (units[index].device != units[index].card) {
      info.pci_id = units[index].card->info.pci_id;
      info.note = fmt::format("A tile of the card at {}", info.pci_id);
    }
    if (index >= counted) info.note = "PyTorch leaves it out, since there is a discrete GPU";
    add(findings, std::move(info), on_bus);
  }
}

void add_npus(Findings& findings, const std::vector<LevelZeroDevice>& npus, const std::vector<PciDevice>& on_bus) {
  for (std::size_t index = 0; index < npus.size(); ++index) {
    auto info = npus[index].info;
    info.device = Device(DeviceType::npu, static_cast<int>(index));
    info.apis = {{"level_zero", fmt::format("npu {}", index)}};
    add(findings, std::move(info), on_bus);
  }
}

}  // namespace

Findings probe_level_zero(const Machine& machine) {
  Findings findings;
  auto& report = findings.report;
  report.probe = "level_zero";
  const auto on_bus = pci_devices(machine.root, pci_vendor_intel);
  // Under Windows, a Linux has the GPU as /dev/dxg alone.
  if (on_bus.empty() && !std::filesystem::exists(machine.root / "dev/dxg")) {
    report.message = "There is no Intel GPU or NPU on the PCI bus.";
    return findings;
  }
  const auto not_permitted = forbidden(machine.root, on_bus);
  const auto all = all_or_reason(machine, on_bus, not_permitted, report);
  for (const auto& device : on_bus) {
    const auto known = [&](const LevelZeroDevice& other) { return other.info.pci_id == device.id; };
    if (std::ranges::none_of(all.gpus, known) && std::ranges::none_of(all.npus, known))
      findings.sightings.push_back(sighting(device));
  }
  if (!report.message.empty()) return findings;
  if (all.gpus.empty() && all.npus.empty()) {
    report.outcome = not_permitted.empty() ? ProbeOutcome::failed : ProbeOutcome::no_permission;
    report.message =
        not_permitted.empty()
            ? fmt::format("Level Zero's driver knows none of what is on the PCI bus: {}. A newer one may.", str(on_bus))
            : not_permitted + ".";
    return findings;
  }
  if (!not_permitted.empty()) report.notes.push_back(not_permitted);
  add_gpus(findings, machine, all.gpus, on_bus);
  add_npus(findings, all.npus, on_bus);
  report.outcome = findings.devices.empty() ? ProbeOutcome::hidden : ProbeOutcome::found;
  if (findings.devices.empty())
    report.message = "ZE_AFFINITY_MASK or ONEAPI_DEVICE_SELECTOR hides every Intel GPU; unset them to use one.";
  return findings;
}

}  // namespace berth::discovery
