#include <fmt/format.h>

#include "discover/drivers/cuda_abi.h"
#include "discover/drivers/driver_report.h"
#include "discover/drivers/nvidia.h"
#include "discover/drivers/sysfs.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

constexpr int oldest_cuda = 11'000;  // that engines of today are built for

class CudaProbe {
 public:
  CudaProbe(const Machine& machine, ProbeReport& report)
      : machine_(machine), report_(report), cuda_(machine.library_dir) {
    report_.library = cuda_.path();
  }

  void look(Findings& findings) {
    if (cuda_.driver_version(&version_) != cuda::success) version_ = 0;
    report_.library_version = cuda_version_text(version_);
    if (!report_.library_version.empty() && version_ < oldest_cuda) {
      report_.outcome = ProbeOutcome::driver_too_old;
      report_.message = fmt::format("The driver{} knows CUDA {}, and engines need 11.0 or newer: update the driver.",
                                    with_blank(nvidia_kernel_version(machine_)), report_.library_version);
      return;
    }
    if (const auto error = cuda_.init(0); error != cuda::success) return explain_init(error);
    int count = 0;
    if (const auto error = cuda_.device_count(&count); error != cuda::success) return fail("cuDeviceGetCount", error);
    on_bus_ = pci_devices(machine_.root, pci_vendor_nvidia);
    for (int i = 0; i < std::min(count, most_nvidia_gpus); ++i) add_device(i, findings);
    if (count < 0 || static_cast<std::size_t>(count) != findings.devices.size())
      add_note(report_,
               fmt::format("cuDeviceGetCount says {}, and {} of these answer", count, findings.devices.size()));
    if (!findings.devices.empty())
      report_.outcome = ProbeOutcome::found;
    else if (count == 0)
      explain_no_device();
    else
      failed("The driver counts devices that do not answer: the kernel's log (dmesg) may say why.");
  }

 private:
  static std::string with_blank(const std::string& text) { return text.empty() ? text : ' ' + text; }

  std::string error_text(cuda::Result error) const {
    const char* name = nullptr;
    const bool named =
        cuda_.error_name != nullptr && cuda_.error_name(error, &name) == cuda::success && name != nullptr;
    return named ? fmt::format("{} ({})", error, printable(name)) : fmt::format("error {}", error);
  }

  void failed(std::string message) {
    report_.outcome = ProbeOutcome::failed;
    report_.message = std::move(message);
  }
  void fail(const char* function, cuda::Result error) {
    failed(fmt::format("{} answered {}: the kernel's log (dmesg) may say why.", function, error_text(error)));
  }

  void explain_init(cuda::Result error) {
    switch (error) {
      case cuda::no_device:
        return explain_no_device();
      case cuda::stub_library:
        return failed(report_.library +
                      " is the stub of the CUDA toolkit, which is for linking only: take its folder out of "
                      "LD_LIBRARY_PATH, and install the NVIDIA driver.");
      case cuda::system_not_ready:
        return failed(
            "The GPUs are not ready (802): machines with NVSwitch need the service nvidia-fabricmanager of the "
            "driver's "
            "version (systemctl status nvidia-fabricmanager).");
      case cuda::system_driver_mismatch:
        return explain_mismatch(report_, machine_);
      case cuda::compat_not_supported_on_device:
        report_.outcome = ProbeOutcome::driver_too_old;
        report_.message = fmt::format(
            "{} is newer than the driver in the kernel, and this GPU does not allow that: update the driver, or take "
            "the "
            "package cuda-compat out of LD_LIBRARY_PATH.",
            report_.library);
        return;
      default:
        if (explain_by_files(report_, machine_) && report_.outcome != ProbeOutcome::nothing) return;
        if (error != cuda::unknown || !explain_unified_memory(report_, machine_)) fail("cuInit", error);
    }
  }

  void explain_no_device() {
    if (explain_by_files(report_, machine_)) return;
    if (const auto* value = machine_.variable("CUDA_VISIBLE_DEVICES")) {
      report_.outcome = ProbeOutcome::hidden;
      report_.message = fmt::format("CUDA_VISIBLE_DEVICES={} hides all NVIDIA GPUs: unset it to use them.",
                                    value->empty() ? "\"\"" : printable(*value));
    } else {
      report_.outcome = ProbeOutcome::nothing;
      report_.message = "The driver is there and knows of no GPU.";
    }
  }

  /// 0 and a note where the driver does not tell.
  int attribute(int attribute, cuda::Device device, std::string_view what, int index) {
    int value = 0;
    const auto error = cuda_.device_attribute(&value, attribute, device);
    if (error == cuda::success) return value;
    add_note(report_, fmt::format("cuda {}: no {}: {}", index, what, error_text(error)));
    return 0;
  }

  std::string name_of(cuda::Device device, int index) {
    char name[256] = {};
    const auto error = cuda_.device_name(name, sizeof name, device);
    const auto text = error == cuda::success ? driver_text({name, sizeof name}) : std::string();
    if (error != cuda::success) add_note(report_, fmt::format("cuda {}: no name: {}", index, error_text(error)));
    return text.empty() ? "NVIDIA GPU" : text;
  }

  std::string uuid_of(cuda::Device device, int index, bool mig) {
    cuda::Uuid uuid = {};
    const auto error = cuda_.device_uuid == nullptr ? cuda::success : cuda_.device_uuid(&uuid, device);
    if (error != cuda::success) add_note(report_, fmt::format("cuda {}: no UUID: {}", index, error_text(error)));
    const auto text = error == cuda::success ? uuid_text(uuid.bytes) : std::string();
    return text.empty() ? text : (mig ? "MIG-" : "GPU-") + text;
  }

  std::uint64_t memory_of(cuda::Device device, int index) {
    std::size_t bytes = 0;
    if (const auto error = cuda_.device_total_memory(&bytes, device); error != cuda::success)
      add_note(report_, fmt::format("cuda {}: no size of its memory: {}", index, error_text(error)));
    else if (bytes == 0 || bytes > most_gpu_bytes)
      add_note(report_, fmt::format("cuda {}: {} bytes of memory are not believed", index, bytes));
    return bytes > most_gpu_bytes ? 0 : bytes;
  }

  void set_place(DeviceInfo& info, cuda::Device device, int index) {
    const int domain = attribute(cuda::attribute_pci_domain, device, "PCI domain", index);
    const int bus = attribute(cuda::attribute_pci_bus, device, "PCI bus", index);
    const int slot = attribute(cuda::attribute_pci_device, device, "PCI device", index);
    if (domain < 0 || bus < 0 || bus > 0xff || slot < 0 || slot > 0x1f) {
      add_note(report_, fmt::format("cuda {}: its place on the PCI bus is not believed", index));
      return;
    }
    if (domain == 0 && bus == 0 && slot == 0) return;  // it is on no bus, as in a Jetson
    const auto id = pci_id(static_cast<unsigned>(domain), static_cast<unsigned>(bus), static_cast<unsigned>(slot), 0);
    info.numa_node = numa_node_of(on_bus_, id);
    // The instances of a GPU share its place, so that is no identity of theirs.
    if (info.gpu->mig_profile.empty()) info.pci_id = id;
  }

  void add_device(int index, Findings& findings) {
    cuda::Device device = 0;
    if (const auto error = cuda_.device(&device, index); error != cuda::success)
      return add_note(report_, fmt::format("cuda {}: cuDeviceGet answered {}", index, error_text(error)));
    DeviceInfo info{.device = Device::gpu(index), .vendor = "NVIDIA"};
    info.name = name_of(device, index);
    info.gpu.emplace().mig_profile = mig_profile(info.name);
    info.uuid = uuid_of(device, index, !info.gpu->mig_profile.empty());
    info.integrated = attribute(cuda::attribute_integrated, device, "kind of memory", index) > 0;
    info.total_bytes = info.free_bytes = memory_of(device, index);
    info.pool = info.integrated ? "ram" : info.device.str();
    info.free_is_known = info.integrated;
    info.driver = nvidia_driver_text(nvidia_kernel_version(machine_), version_);
    info.apis = {{"cuda", std::to_string(index)}};
    const int major = attribute(cuda::attribute_compute_capability_major, device, "compute capability", index);
    const int minor = attribute(cuda::attribute_compute_capability_minor, device, "compute capability", index);
    set_compute_capability(info, major, minor);
    set_place(info, device, index);
    if (!info.integrated)
      findings.pools.push_back(
          {.id = info.pool, .kind = PoolKind::device, .total_bytes = info.total_bytes, .free_bytes = info.free_bytes});
    findings.devices.push_back(std::move(info));
  }

  const Machine& machine_;
  ProbeReport& report_;
  cuda::Library cuda_;
  int version_ = 0;
  std::vector<PciDevice> on_bus_;
};

}  // namespace

Findings probe_cuda(const Machine& machine) {
  Findings findings;
  try {
    CudaProbe(machine, findings.report).look(findings);
  } catch (const LibraryError& problem) {
    explain_missing_library(findings.report, problem, machine, "libcuda.so.1");
  }
  return findings;
}

}  // namespace berth::discovery
