/// What the probes of NVIDIA's libraries have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/dynamic_library.h"
#include "discover/drivers/sysfs.h"
#include "discover/probe.h"

namespace berth::discovery {

/// The CUDA driver library: its devices are named as PyTorch names them. It tells free memory only in a context, which
/// costs hundreds of MiB. So each pool is reported as all free, and NVML corrects it.
Findings probe_cuda(const Machine& machine);

/// NVML: sightings of all GPUs and MIG instances, whatever CUDA_VISIBLE_DEVICES says, and the links between them, whose
/// ends are UUIDs.
Findings probe_nvml(const Machine& machine);

inline constexpr int most_nvidia_gpus = 128;                 ///< in one machine; more is not believed
inline constexpr std::uint64_t most_gpu_bytes = 1ULL << 50;  ///< of memory of one GPU; more is not believed

std::size_t nvidia_gpus_on_bus(const Machine& machine);

/// What may be the matter where its driver gives no answer in time (NVIDIA, Driver Persistence).
inline constexpr std::string_view nvidia_is_slow =
    "The driver hangs or is slow: the kernel's log (dmesg) may say why. Without persistence mode that of NVIDIA starts "
    "anew for each program, seconds for each GPU: nvidia-persistenced, or nvidia-smi -pm 1, keeps it ready.";

/// The version of the kernel's module, "580.65.06"; empty where it is not loaded.
std::string nvidia_kernel_version(const Machine& machine);

/// "580.65.06 (CUDA 13.0)" of 13000.
std::string nvidia_driver_text(const std::string& driver, int cuda);
/// "13.0" of 13000; empty where it is no version.
std::string cuda_version_text(int cuda);

/// "9.0" of 9 and 0, and the types of numbers that such a GPU computes with; nothing where it is not believed.
void set_compute_capability(DeviceInfo& info, int major, int minor);

/// The NUMA node of the device with that PCI id.
std::optional<int> numa_node_of(const std::vector<PciDevice>& devices, std::string_view pci_id);

/// "1g.10gb" of "NVIDIA H100 80GB HBM3 MIG 1g.10gb"; empty where it is no MIG instance.
std::string mig_profile(std::string_view name);

/// Adds a note, unless there are already as many as a person would read.
void add_note(ProbeReport& report, std::string note);

/// Explains why the library could not be opened, by whether there is hardware for it.
void explain_missing_library(ProbeReport& report, const LibraryError& problem, const Machine& machine,
                             const char* library);

/// Explains by files why the library did not start: no module, no device nodes, no permission. False where the files
/// show no cause.
bool explain_by_files(ProbeReport& report, const Machine& machine);

/// Explains a missing /dev/nvidia-uvm, which CUDA needs and nvidia-smi does not. False where it is not the cause.
bool explain_unified_memory(ProbeReport& report, const Machine& machine);

/// Explains that the library and the module in the kernel are of different versions.
void explain_mismatch(ProbeReport& report, const Machine& machine);

}  // namespace berth::discovery
