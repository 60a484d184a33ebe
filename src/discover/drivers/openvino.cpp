#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/openvino_abi.h"
#include "discover/drivers/sysfs.h"
#include "discover/probes.h"

namespace berth::discovery {
namespace {

using openvino::Core;
using openvino::DeviceNames;
using openvino::Status;
using openvino::Version;

constexpr const char* library_name = "libopenvino_c.so";

/// Where a package manager puts the library, which is not where the loader looks: the newest of the first folder that has
/// one. The wheel has no name without a version.
std::string installed_library(const Machine& machine) {
  std::vector<std::filesystem::path> prefixes;
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const auto* prefix = machine.variable(variable)) prefixes.emplace_back(*prefix);
  if (const auto* home = machine.variable("HOME")) prefixes.push_back(std::filesystem::path(*home) / ".local");
  prefixes.insert(prefixes.end(), {machine.root / "usr/local", machine.root / "usr"});
  const auto newest_in = [](const std::filesystem::path& folder) {
    std::string newest;
    for (const auto& entry : folder_entries(folder))
      if (entry.filename().string().starts_with(library_name)) newest = entry.string();
    return newest;
  };
  for (const auto& prefix : prefixes) {
    for (const auto& folder : folder_entries(prefix / "lib")) {
      const auto name = folder.filename().string();
      std::string found;
      if (name.ends_with("-linux-gnu")) found = newest_in(folder);
      if (name.starts_with("python3"))
        for (const char* packages : {"site-packages", "dist-packages"})
          if (found.empty()) found = newest_in(folder / packages / "openvino/libs");
      if (!found.empty()) return found;
    }
    for (const char* folder : {"lib", "lib64"})
      if (auto found = newest_in(prefix / folder); !found.empty()) return found;
  }
  return {};
}

std::vector<std::string> names_of(const Machine& machine) {
  std::vector<std::string> names{library_name};
  if (machine.library_dir.empty())
    if (auto path = installed_library(machine); !path.empty()) names.push_back(std::move(path));
  return names;
}

class OpenVino {
 public:
  explicit OpenVino(const Machine& machine) : library_(names_of(machine), machine.library_dir) {
    check("ov_core_create", library_.function<Status(Core*)>("ov_core_create")(&core_));
  }
  ~OpenVino() {
    if (core_ != nullptr) free_core_(core_);
  }
  OpenVino(const OpenVino&) = delete;
  OpenVino& operator=(const OpenVino&) = delete;

  const std::string& path() const { return library_.path(); }

  std::string version() const {
    const auto ask = library_.find<Status(Version*)>("ov_get_openvino_version");
    const auto free = library_.find<void(Version*)>("ov_version_free");
    Version version{};
    if (ask == nullptr || free == nullptr || ask(&version) != 0) return {};
    auto build = version.build == nullptr ? std::string() : driver_text(version.build);
    free(&version);
    return build;
  }

  std::vector<std::string> devices() const {
    DeviceNames list{};
    check("ov_core_get_available_devices", list_(core_, &list));
    const std::unique_ptr<DeviceNames, void (*)(DeviceNames*)> owned(&list, free_list_);
    if (list.size > most_devices)
      throw std::runtime_error(
          fmt::format("ov_core_get_available_devices says that there are {}, which cannot be", list.size));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < list.size; ++i)
      if (list.names[i] != nullptr) names.push_back(driver_text(list.names[i]));
    return names;
  }

  /// "" where the device does not know it.
  std::string property(const std::string& device, const char* name) const {
    char* value = nullptr;
    if (ask_(core_, device.c_str(), name, &value) != 0 || value == nullptr) return {};
    auto text = driver_text(value);
    free_text_(value);
    return text;
  }

 private:
  static void check(const char* function, Status status) {
    if (status != 0) throw std::runtime_error(fmt::format("{} failed with status {}", function, status));
  }

  DynamicLibrary library_;
  void (*free_core_)(Core) = library_.function<void(Core)>("ov_core_free");
  Status (*list_)(Core, DeviceNames*) = library_.function<Status(Core, DeviceNames*)>("ov_core_get_available_devices");
  void (*free_list_)(DeviceNames*) = library_.function<void(DeviceNames*)>("ov_available_devices_free");
  Status (*ask_)(Core, const char*, const char*,
                 char**) = library_.function<Status(Core, const char*, const char*, char**)>("ov_core_get_property");
  void (*free_text_)(const char*) = library_.function<void(const char*)>("ov_free");
  Core core_ = nullptr;
};

/// As OpenVINO prints it: "{domain: 0 bus: 3 device: 0x0 function: 0}"; only the device is hexadecimal.
std::string pci_of(const std::string& text) {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  if (std::sscanf(text.c_str(), "{domain: %u bus: %u device: 0x%x function: %u}", &domain, &bus, &device, &function) !=
      4)
    return {};
  return pci_id(domain & 0xFFFF, bus & 0xFF, device & 0x1F, function & 7);
}

DeviceInfo read(const OpenVino& openvino, const std::string& device) {
  DeviceInfo info{.name = openvino.property(device, "FULL_DEVICE_NAME"), .apis = {{"openvino", device}}};
  if (device == "CPU") {
    info.cpu.emplace();  // nothing of it but that it is the CPU
    info.pool = "ram";
    return info;
  }
  info.uuid = openvino.property(device, "DEVICE_UUID");
  info.pci_id = pci_of(openvino.property(device, "DEVICE_PCI_INFO"));
  if (info.uuid.find_first_not_of("0") == info.uuid.npos) info.uuid.clear();
  return info;
}

}  // namespace

/// Its devices have no name of their own in Berth: what it sees is said of the devices of other probes.
Findings probe_openvino(const Machine& machine) {
  Findings findings;
  auto& report = findings.report;
  report.probe = "openvino";
  try {
    const OpenVino openvino(machine);
    report.library = openvino.path();
    report.library_version = openvino.version();
    for (const auto& device : openvino.devices()) findings.sightings.push_back(read(openvino, device));
    report.outcome = findings.sightings.empty() ? ProbeOutcome::nothing : ProbeOutcome::found;
    if (findings.sightings.empty())
      report.message = "OpenVINO lists no device: its plugins may be missing, which are beside its library.";
  } catch (const LibraryError& problem) {
    report_library(
        report, problem,
        "OpenVINO (libopenvino_c.so) is not installed: pip install openvino, or its archive and setupvars.sh.");
  } catch (const std::runtime_error& problem) {
    report.outcome = ProbeOutcome::failed;
    report.message = fmt::format("{}.", problem.what());
  }
  return findings;
}

}  // namespace berth::discovery
