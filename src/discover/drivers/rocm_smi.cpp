#include "discover/drivers/rocm_smi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/sysfs.h"

namespace berth::discovery {
namespace {

/// The C interface of rocm_smi.h, version 5 and later.
struct RocmSmi {
  using Status = int;
  struct Version {
    std::uint32_t major, minor, patch;
    const char* build;
  };
  static constexpr int vram = 0;
  static constexpr std::uint32_t edge = 0, junction = 1;  // sensors of temperature
  static constexpr int current = 0;

  DynamicLibrary library;
  Status (*init)(std::uint64_t flags) = library.function<Status(std::uint64_t)>("rsmi_init");
  Status (*shut_down)() = library.function<Status()>("rsmi_shut_down");
  Status (*version)(Version*) = library.function<Status(Version*)>("rsmi_version_get");
  Status (*count)(std::uint32_t*) = library.function<Status(std::uint32_t*)>("rsmi_num_monitor_devices");
  Status (*pci)(std::uint32_t,
                std::uint64_t*) = library.function<Status(std::uint32_t, std::uint64_t*)>("rsmi_dev_pci_id_get");
  Status (*name)(std::uint32_t, char*,
                 std::size_t) = library.function<Status(std::uint32_t, char*, std::size_t)>("rsmi_dev_name_get");
  Status (*memory_total)(std::uint32_t, int kind, std::uint64_t*) =
      library.function<Status(std::uint32_t, int, std::uint64_t*)>("rsmi_dev_memory_total_get");
  Status (*memory_used)(std::uint32_t, int kind, std::uint64_t*) =
      library.function<Status(std::uint32_t, int, std::uint64_t*)>("rsmi_dev_memory_usage_get");
  Status (*power)(std::uint32_t, std::uint32_t sensor, std::uint64_t* microwatts) =
      library.function<Status(std::uint32_t, std::uint32_t, std::uint64_t*)>("rsmi_dev_power_ave_get");
  Status (*power_limit)(std::uint32_t, std::uint32_t sensor, std::uint64_t* microwatts) =
      library.function<Status(std::uint32_t, std::uint32_t, std::uint64_t*)>("rsmi_dev_power_cap_get");
  Status (*temperature)(std::uint32_t, std::uint32_t sensor, int metric, std::int64_t* millidegrees) =
      library.function<Status(std::uint32_t, std::uint32_t, int, std::int64_t*)>("rsmi_dev_temp_metric_get");

  explicit RocmSmi(const std::filesystem::path& folder)
      : library({"librocm_smi64.so.1", "librocm_smi64.so", "librocm_smi64.so.7", "librocm_smi64.so.6",
                 "librocm_smi64.so.5", "/opt/rocm/lib/librocm_smi64.so"},
                folder) {}
};

void ask(const RocmSmi& smi, std::uint32_t index, AmdGpu& gpu, ProbeReport& report) {
  const auto failed = [&](const char* function, RocmSmi::Status status) {
    if (status != 0)
      report.notes.push_back(fmt::format("{} failed for {} with error {}", function, gpu.info.pci_id, status));
    return status != 0;
  };
  auto& info = gpu.info;
  std::array<char, 256> name{};
  if (!failed("rsmi_dev_name_get", smi.name(index, name.data(), name.size())))
    if (auto text = driver_text({name.data(), name.size()}); !text.empty()) info.name = std::move(text);
  if (!info.integrated) {
    std::uint64_t total = 0;
    std::uint64_t used = 0;
    const bool no_total = failed("rsmi_dev_memory_total_get", smi.memory_total(index, RocmSmi::vram, &total));
    const bool no_use = failed("rsmi_dev_memory_usage_get", smi.memory_used(index, RocmSmi::vram, &used));
    if (!no_total && !no_use && (total == 0 || total > most_bytes || used > total))
      report.notes.push_back(
          fmt::format("ROCm SMI says that {} of {} bytes of {} are in use, which cannot be", used, total, info.pci_id));
    else if (!no_total && !no_use) {
      if (info.total_bytes == 0) info.total_bytes = total;  // of a partition it may be a part
      info.free_bytes = std::min(info.total_bytes, total - used);
      info.free_is_known = true;
    }
  }
  // The kernel's own sensors are the same; these are asked only for what it did not tell.
  std::uint64_t microwatts = 0;
  if (!info.gpu->power_w && smi.power(index, 0, &microwatts) == 0)
    info.gpu->power_w = static_cast<double>(microwatts) * 1e-6;
  if (!info.gpu->power_limit_w && smi.power_limit(index, 0, &microwatts) == 0)
    info.gpu->power_limit_w = static_cast<double>(microwatts) * 1e-6;
  std::int64_t millidegrees = 0;
  for (const auto sensor : {RocmSmi::edge, RocmSmi::junction})
    if (!info.gpu->temperature_c && smi.temperature(index, sensor, RocmSmi::current, &millidegrees) == 0)
      info.gpu->temperature_c = static_cast<double>(millidegrees) * 1e-3;
}

}  // namespace

void ask_rocm_smi(const Machine& machine, std::span<AmdGpu> gpus, ProbeReport& report) try {
  const RocmSmi smi(machine.library_dir);
  report.library = smi.library.path();
  if (const auto status = smi.init(0); status != 0) {
    report.notes.push_back(fmt::format("rsmi_init failed with error {}; the kernel's files are read instead", status));
    return;
  }
  RocmSmi::Version version{};
  if (smi.version(&version) == 0)
    report.library_version = fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
  std::uint32_t count = 0;
  if (const auto failure = smi.count(&count); failure != 0)
    report.notes.push_back(fmt::format("rsmi_num_monitor_devices failed with error {}", failure));
  if (count > most_devices) {
    report.notes.push_back(fmt::format("ROCm SMI says that there are {} GPUs, which cannot be", count));
    count = 0;
  }
  for (std::uint32_t index = 0; index < count; ++index) {
    std::uint64_t id = 0;
    if (const auto failure = smi.pci(index, &id); failure != 0) {
      report.notes.push_back(fmt::format("rsmi_dev_pci_id_get failed for {} with error {}", index, failure));
      continue;
    }
    const auto address = static_cast<std::uint32_t>(id);  // domain << 32 | bus << 8 | device << 3 | function
    // The function is left out: in some versions it is the number of a partition. These come in the order of the nodes.
    const auto card = pci_id(static_cast<std::uint32_t>(id >> 32), address >> 8 & 0xFF, address >> 3 & 0x1F, 0);
    const auto gpu = std::ranges::find_if(gpus, [&](const AmdGpu& each) {
      return each.info.apis.empty() && each.info.pci_id.starts_with(card.substr(0, card.size() - 1));
    });
    if (gpu == gpus.end()) continue;
    gpu->info.apis.push_back({"rocm_smi", std::to_string(index)});
    ask(smi, index, *gpu, report);
  }
  smi.shut_down();
} catch (const LibraryError& problem) {
  ProbeReport why;
  report_library(why, problem, "ROCm SMI is not installed (package rocm-smi-lib); the kernel's files are read instead");
  report.notes.push_back(why.message);
}

}  // namespace berth::discovery
