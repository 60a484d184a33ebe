#include "discover/drivers/nvidia.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/sysfs.h"
#include "discover/host/system_file.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

void set(ProbeReport& report, ProbeOutcome outcome, std::string message) {
  report.outcome = outcome;
  report.message = std::move(message);
}

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::vector<PciDevice> gpus_on_bus(const Machine& machine) { return pci_devices(machine.root, pci_vendor_nvidia); }

bool module_is_loaded(const Machine& machine) {
  return is_there(machine.root / "proc/driver/nvidia/version") || is_there(machine.root / "sys/module/nvidia");
}

/// Under WSL and on a Jetson the driver has other nodes, and no GPU on a PCI bus.
bool has_driver_of_its_own(const Machine& machine) {
  const auto dev = machine.root / "dev";
  return is_there(dev / "dxg") || is_there(dev / "nvgpu") || is_there(dev / "nvhost-gpu");
}

/// /dev/nvidia0 and so on.
std::vector<std::filesystem::path> gpu_nodes(const Machine& machine) {
  std::vector<std::filesystem::path> nodes;
  for (auto& entry : folder_entries(machine.root / "dev")) {
    const auto name = entry.filename().string();
    if (name.size() > 6 && name.starts_with("nvidia") && name.find_first_not_of("0123456789", 6) == std::string::npos)
      nodes.push_back(std::move(entry));
  }
  return nodes;
}

std::string a_gpu_is_there(const std::vector<PciDevice>& gpus) {
  return fmt::format("{} on the PCI bus: {}", gpus.size() == 1 ? "An NVIDIA GPU is" : "NVIDIA GPUs are", str(gpus));
}

}  // namespace

std::size_t nvidia_gpus_on_bus(const Machine& machine) { return gpus_on_bus(machine).size(); }

std::string nvidia_kernel_version(const Machine& machine) {
  // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 ...": the first word that is a version.
  const std::string line = first_line(machine.root / "proc/driver/nvidia/version");
  for (std::size_t start = 0; start < line.size();) {
    const auto end = std::min(line.find(' ', start), line.size());
    const auto word = std::string_view(line).substr(start, end - start);
    const bool digits = word.find_first_not_of("0123456789.") == std::string_view::npos;
    if (digits && word.find('.') != std::string_view::npos) return std::string(word.substr(0, 32));
    start = end + 1;
  }
  return {};
}

std::string cuda_version_text(int cuda) {
  constexpr int highest = 1'000'000;
  return cuda < 1000 || cuda > highest ? std::string() : fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10);
}

std::string nvidia_driver_text(const std::string& driver, int cuda) {
  const std::string version = cuda_version_text(cuda);
  if (version.empty()) return driver;
  return driver.empty() ? "CUDA " + version : fmt::format("{} (CUDA {})", driver, version);
}

void set_compute_capability(DeviceInfo& info, int major, int minor) {
  if (major < 1 || major > 99 || minor < 0 || minor > 9) return;
  info.gpu->compute_capability = fmt::format("{}.{}", major, minor);
  // CUDA C++ Programming Guide, tables of arithmetic instructions and of tensor cores by compute capability.
  const int capability = 10 * major + minor;
  info.types = {"fp64", "fp32"};
  if (capability >= 53) info.types.emplace_back("fp16");
  if (capability >= 61) info.types.emplace_back("int8");
  if (capability >= 80) info.types.insert(info.types.end(), {"bf16", "tf32"});
  if (capability >= 89) info.types.emplace_back("fp8");
  if (capability >= 100) info.types.emplace_back("fp4");
}

std::optional<int> numa_node_of(const std::vector<PciDevice>& devices, std::string_view pci_id) {
  const auto found = std::find_if(devices.begin(), devices.end(), [&](const auto& one) { return one.id == pci_id; });
  return found == devices.end() ? std::nullopt : found->numa_node;
}

std::string mig_profile(std::string_view name) {
  constexpr std::string_view mark = " MIG ";
  const auto at = name.rfind(mark);
  return at == std::string_view::npos ? std::string() : std::string(name.substr(at + mark.size()));
}

void add_note(ProbeReport& report, std::string note) {
  constexpr std::size_t most_notes = 32;
  if (report.notes.size() < most_notes) report.notes.push_back(std::move(note));
}

void explain_missing_library(ProbeReport& report, const LibraryError& problem, const Machine& machine,
                             const char* library) {
  const auto gpus = gpus_on_bus(machine);
  if (gpus.empty()) {
    report_library(report, problem, fmt::format("{} is not installed.", library));
    if (report.outcome == ProbeOutcome::no_driver && !has_driver_of_its_own(machine))
      set(report, ProbeOutcome::nothing,
          is_there(machine.root / "sys/bus/pci/devices")
              ? "No NVIDIA GPU is on the PCI bus."
              : fmt::format("{} is not installed, and the PCI bus cannot be seen.", library));
  } else if (module_is_loaded(machine)) {
    report_library(report, problem,
                   fmt::format("{}, and the kernel has its driver, but {} is not here. In a container: start it with "
                               "--gpus all (NVIDIA Container Toolkit). Else install the driver's libraries.",
                               a_gpu_is_there(gpus), library));
  } else {
    report_library(
        report, problem,
        fmt::format("{}, but {} is not installed: install the NVIDIA driver.", a_gpu_is_there(gpus), library));
  }
}

bool explain_by_files(ProbeReport& report, const Machine& machine) {
  if (has_driver_of_its_own(machine)) return false;
  const auto gpus = gpus_on_bus(machine);
  const auto nodes = gpu_nodes(machine);
  if (!module_is_loaded(machine)) {
    if (gpus.empty()) {
      set(report, ProbeOutcome::nothing, "No NVIDIA GPU is on the PCI bus, and the kernel has no driver for one.");
    } else {
      set(report, ProbeOutcome::no_driver,
          a_gpu_is_there(gpus) +
              ", but the kernel module nvidia is not loaded: modprobe nvidia says why. After an update of the kernel "
              "the module must be built again (dkms autoinstall); Secure Boot refuses one that is not signed.");
    }
    return true;
  }
  if (nodes.empty() || !is_there(machine.root / "dev/nvidiactl")) {
    set(report, ProbeOutcome::no_permission,
        fmt::format("The kernel has the NVIDIA driver, but there {} here. In a container: start it with --gpus all, or "
                    "--device of each node. Else nvidia-modprobe makes them.",
                    nodes.empty() ? "are no device nodes /dev/nvidia0, ..." : "is no device node /dev/nvidiactl"));
    return true;
  }
  std::string why_not;
  bool any_gpu = false;
  for (const auto& node : nodes) any_gpu = any_gpu || may_open(node, why_not);
  if (!any_gpu || !may_open(machine.root / "dev/nvidiactl", why_not)) {
    set(report, ProbeOutcome::no_permission, why_not + ".");
    return true;
  }
  return false;
}

bool explain_unified_memory(ProbeReport& report, const Machine& machine) {
  if (has_driver_of_its_own(machine)) return false;
  const auto node = machine.root / "dev/nvidia-uvm";
  // Only opening shows that the module behind it is not loaded, or that a container forbids it.
  const int file = open(node.c_str(), O_RDWR | O_CLOEXEC);
  const int error = errno;
  if (file >= 0) {
    close(file);
    return false;
  }
  std::string why_not;
  if (error == EACCES && !may_open(node, why_not)) {
    set(report, ProbeOutcome::no_permission, why_not + ".");
    return true;
  }
  set(report, ProbeOutcome::no_permission,
      fmt::format(
          "{} {}, which CUDA needs and nvidia-smi does not: modprobe nvidia_uvm loads its module, and "
          "nvidia-modprobe -u -c 0 makes the node. In a container: start it with --gpus all, or with --device of "
          "each /dev/nvidia* node.",
          node.string(),
          error == ENOENT ? "is not there" : "cannot be opened (" + std::generic_category().message(error) + ")"));
  return true;
}

void explain_mismatch(ProbeReport& report, const Machine& machine) {
  const auto kernel = nvidia_kernel_version(machine);
  set(report, ProbeOutcome::failed,
      fmt::format(
          "{} and the driver in the kernel{} are of different versions, as after an update: restart the machine, "
          "or reload the module nvidia. In a container: start it anew.",
          std::filesystem::path(report.library).filename().string(),
          kernel.empty() ? "" : " (" + printable(kernel) + ")"));
}

}  // namespace berth::discovery
