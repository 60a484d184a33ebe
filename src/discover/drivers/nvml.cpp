#include <fmt/format.h>

#include <algorithm>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/nvidia.h"
#include "discover/drivers/nvml_abi.h"
#include "discover/drivers/nvml_links.h"
#include "discover/drivers/sysfs.h"
#include "discover/drivers/visibility.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

constexpr unsigned most_mig_instances = 64;

class NvmlProbe {
 public:
  NvmlProbe(const Machine& machine, ProbeReport& report)
      : machine_(machine), report_(report), nvml_(machine.library_dir) {
    report_.library = nvml_.path();
  }

  void look(Findings& findings) {
    if (const auto error = nvml_.init(); error != nvml::success) return explain_init(error);
    look_at_gpus(findings);
    nvml_.shutdown();
  }

 private:
  void look_at_gpus(Findings& findings) {
    char version[96] = {};
    if (nvml_.driver_version != nullptr && nvml_.driver_version(version, sizeof version) == nvml::success)
      report_.library_version = driver_text({version, sizeof version});
    int cuda = 0;
    if (nvml_.cuda_version != nullptr && nvml_.cuda_version(&cuda) != nvml::success) cuda = 0;
    driver_ = nvidia_driver_text(report_.library_version, cuda);

    unsigned count = 0;
    if (const auto error = nvml_.count(&count); error != nvml::success)
      return failed(fmt::format("nvmlDeviceGetCount_v2 answered {}.", error_text(error)));
    on_bus_ = pci_devices(machine_.root, pci_vendor_nvidia);
    for (unsigned i = 0; i < std::min<unsigned>(count, most_nvidia_gpus); ++i) add_gpu(i, findings);
    if (count != physical_.size())
      add_note(report_, fmt::format("nvmlDeviceGetCount_v2 says {}, and {} of these answer", count, physical_.size()));
    if (!findings.sightings.empty()) report_.outcome = ProbeOutcome::found;
    if (!physical_.empty()) {
      findings.links = nvml_links(nvml_, linked_);
      tell_what_cuda_hides();
    } else if (count > 0) {
      failed("The driver counts GPUs that do not answer: the kernel's log (dmesg) may say why.");
    } else if (!explain_by_files(report_, machine_)) {
      report_.message = "The driver is there and knows of no GPU.";
    }
  }

  std::string error_text(nvml::Result error) const {
    const char* text = nvml_.error_string == nullptr ? nullptr : nvml_.error_string(error);
    return text == nullptr ? fmt::format("error {}", error) : fmt::format("{} ({})", error, printable(text));
  }

  void failed(std::string message) {
    report_.outcome = ProbeOutcome::failed;
    report_.message = std::move(message);
  }

  void explain_init(nvml::Result error) {
    if (error == nvml::lib_rm_version_mismatch) return explain_mismatch(report_, machine_);
    if (explain_by_files(report_, machine_) && report_.outcome != ProbeOutcome::nothing) return;
    switch (error) {
      case nvml::driver_not_loaded:
        if (report_.outcome == ProbeOutcome::nothing && !report_.message.empty()) return;
        report_.outcome = ProbeOutcome::no_driver;
        report_.message = "The kernel module nvidia is not loaded: modprobe nvidia says why.";
        return;
      case nvml::library_not_found:
        report_.outcome = ProbeOutcome::no_driver;
        report_.message = report_.library + " misses a part of the NVIDIA driver: install the driver anew.";
        return;
      case nvml::no_permission:
        report_.outcome = ProbeOutcome::no_permission;
        report_.message =
            "This user may not use the NVIDIA driver: the nodes /dev/nvidia* must be readable and writable.";
        return;
      case nvml::function_not_found:
        report_.outcome = ProbeOutcome::driver_too_old;
        report_.message = "The driver in the kernel is older than " + report_.library + " needs: update the driver.";
        return;
      default:
        failed(fmt::format("nvmlInit_v2 answered {}: the kernel's log (dmesg) may say why.", error_text(error)));
    }
  }

  /// Whether a function is there and did its work. What is not supported by a GPU is no problem of it.
  bool works(nvml::Result error, std::string_view gpu, std::string_view what) {
    if (error == nvml::success) return true;
    if (error == nvml::gpu_is_lost)
      add_note(report_, fmt::format("{} fell off the bus: restart the machine; dmesg has an Xid", gpu));
    else if (error != nvml::not_supported)
      add_note(report_, fmt::format("{}: no {}: {}", gpu, what, error_text(error)));
    return false;
  }

  template <class Function, class... Arguments>
  std::optional<unsigned> number(Function* function, std::string_view gpu, std::string_view what, nvml::Device device,
                                 Arguments... arguments) {
    unsigned value = 0;
    if (function == nullptr || !works(function(device, arguments..., &value), gpu, what)) return std::nullopt;
    return value;
  }

  std::string text(nvml::Result (*function)(nvml::Device, char*, unsigned), std::string_view gpu, std::string_view what,
                   nvml::Device device) {
    char buffer[128] = {};
    // Newer drivers want room for 96 characters, and take less from none.
    if (!works(function(device, buffer, 96), gpu, what)) return {};
    return driver_text({buffer, 96});
  }

  void set_memory(DeviceInfo& info, nvml::Device device, std::string_view gpu) {
    nvml::Memory memory = {};
    const auto error = nvml_.memory == nullptr ? nvml::not_supported : nvml_.memory(device, &memory);
    // A GPU without memory of its own, as in a Jetson or a GB10.
    if (error == nvml::not_supported && nvml_.memory != nullptr) {
      info.integrated = true;
      info.pool = "ram";
    }
    if (!works(error, gpu, "memory")) return;
    if (memory.total == 0 || memory.total > most_gpu_bytes) {
      add_note(report_, fmt::format("{}: {} bytes of memory are not believed", gpu, memory.total));
      return;
    }
    info.total_bytes = memory.total;
    info.free_bytes = std::min(memory.free, memory.total);
  }

  void set_state(GpuInfo& state, nvml::Device device, std::string_view gpu) {
    constexpr unsigned most_milliwatts = 10'000'000;
    constexpr unsigned most_degrees = 200;
    const auto power = number(nvml_.power, gpu, "power", device);
    const auto limit = number(nvml_.power_limit, gpu, "power limit", device);
    const auto temperature = number(nvml_.temperature, gpu, "temperature", device, nvml::temperature_gpu);
    if (power && *power < most_milliwatts) state.power_w = *power / 1000.0;
    if (limit && *limit < most_milliwatts) state.power_limit_w = *limit / 1000.0;
    if (temperature && *temperature < most_degrees) state.temperature_c = *temperature;

    nvml::Memory bar1 = {};
    if (nvml_.bar1 != nullptr && works(nvml_.bar1(device, &bar1), gpu, "BAR1") && bar1.total <= most_gpu_bytes)
      state.bar1_bytes = bar1.total;

    unsigned long long reasons = 0;
    if (nvml_.throttle_reasons == nullptr ||
        !works(nvml_.throttle_reasons(device, &reasons), gpu, "reasons of throttling"))
      return;
    if ((reasons & nvml::throttled_by_power_cap) != 0) state.throttled_by.emplace_back("power");
    if ((reasons & nvml::throttled_by_heat) != 0) state.throttled_by.emplace_back("heat");
    if ((reasons & nvml::throttled_by_power_brake) != 0) state.throttled_by.emplace_back("power brake");
    if (state.throttled_by.empty() && (reasons & nvml::throttled_by_hardware) != 0)
      state.throttled_by.emplace_back("hardware");
  }

  void set_capability(DeviceInfo& info, nvml::Device device, std::string_view gpu) {
    int major = 0;
    int minor = 0;
    if (nvml_.compute_capability == nullptr ||
        !works(nvml_.compute_capability(device, &major, &minor), gpu, "compute capability"))
      return;
    set_compute_capability(info, major, minor);
  }

  void set_place(DeviceInfo& info, nvml::Device device, std::string_view gpu) {
    nvml::PciInfo pci = {};
    if (nvml_.pci_info == nullptr || !works(nvml_.pci_info(device, &pci), gpu, "place on the PCI bus")) return;
    info.pci_id = nvml_pci_id(pci);
    info.numa_node = numa_node_of(on_bus_, info.pci_id);
  }

  double speed(nvml::Device device, std::string_view gpu) {
    return double{1} * number(nvml_.cores, gpu, "number of cores", device).value_or(0) *
           number(nvml_.max_clock, gpu, "clock", device, nvml::clock_sm).value_or(0);
  }

  void add_gpu(unsigned index, Findings& findings) {
    const auto label = fmt::format("GPU {}", index);
    nvml::Device device = nullptr;
    if (!works(nvml_.handle(index, &device), label, "handle") || device == nullptr) return;
    DeviceInfo info{.vendor = "NVIDIA"};
    info.driver = driver_;
    info.apis = {{"nvml", std::to_string(index)}};
    info.name = text(nvml_.name, label, "name", device);
    if (info.name.empty()) info.name = "NVIDIA GPU";
    info.uuid = text(nvml_.uuid, label, "UUID", device);
    info.gpu.emplace();
    set_place(info, device, label);
    set_capability(info, device, label);
    physical_.push_back({.name = info.name, .uuid = info.uuid, .pci_id = info.pci_id, .speed = speed(device, label)});

    unsigned mig = 0;
    unsigned pending = 0;
    if (nvml_.mig_mode != nullptr && nvml_.mig_mode(device, &mig, &pending) == nvml::success && mig == 1)
      return add_instances(info, device, label, findings);
    set_memory(info, device, label);
    set_state(*info.gpu, device, label);
    linked_.push_back({device, info.uuid.empty() ? info.pci_id : info.uuid, info.pci_id, info.numa_node});
    if (linked_.back().id.empty()) linked_.pop_back();
    findings.sightings.push_back(std::move(info));
  }

  /// A GPU in MIG mode computes only in its instances. They share its place on the bus, so that is no identity of theirs.
  void add_instances(const DeviceInfo& gpu, nvml::Device device, const std::string& label, Findings& findings) {
    auto& parts = physical_.back().parts;
    const auto most = number(nvml_.most_mig_devices, label, "number of MIG instances", device).value_or(0);
    for (unsigned i = 0; i < std::min(most, most_mig_instances); ++i) {
      nvml::Device instance = nullptr;
      const auto error = nvml_.mig_device == nullptr ? nvml::not_found : nvml_.mig_device(device, i, &instance);
      const auto name = fmt::format("{}, MIG instance {}", label, i);
      if (error == nvml::not_found || !works(error, name, "handle") || instance == nullptr) continue;
      DeviceInfo info = gpu;
      info.pci_id.clear();
      info.apis = {{"nvml", fmt::format("{}/{}", gpu.apis[0].name, i)}};
      info.uuid = text(nvml_.uuid, name, "UUID", instance);
      info.name = text(nvml_.name, name, "name", instance);
      if (info.name.empty()) info.name = gpu.name + " MIG";
      info.gpu->mig_profile = mig_profile(info.name);
      info.note = fmt::format("part of {}{}", gpu.uuid, gpu.pci_id.empty() ? "" : " at " + gpu.pci_id);
      set_memory(info, instance, name);
      const auto gi = number(nvml_.gpu_instance, name, "GPU instance", instance);
      const auto ci = number(nvml_.compute_instance, name, "compute instance", instance);
      parts.push_back({.name = info.name, .uuid = info.uuid});
      if (!info.uuid.empty()) linked_.push_back({device, info.uuid, {}, info.numa_node, true});
      if (gi && ci) parts.back().legacy_id = fmt::format("MIG-{}/{}/{}", gpu.uuid, *gi, *ci);
      findings.sightings.push_back(std::move(info));
    }
    if (parts.empty())
      add_note(report_,
               fmt::format("{} ({}) is in MIG mode and has no instances, so nothing can compute on it: make some "
                           "(nvidia-smi mig -cgi PROFILE -C), or switch it off (nvidia-smi -mig 0)",
                           label, gpu.name));
  }

  /// NVML itself sees all, whatever the variable says.
  void tell_what_cuda_hides() {
    const auto* value = machine_.variable("CUDA_VISIBLE_DEVICES");
    const auto has_instances = [](const PhysicalDevice& gpu) { return !gpu.parts.empty(); };
    if (value == nullptr) {
      if (std::any_of(physical_.begin(), physical_.end(), has_instances))
        add_note(report_, "CUDA takes the first MIG instance, unless CUDA_VISIBLE_DEVICES has the UUID of another");
      return;
    }
    const auto* order = machine_.variable("CUDA_DEVICE_ORDER");
    std::vector<PhysicalDevice> gpus;
    for (const auto position : cuda_order(physical_, order == nullptr ? "" : *order))
      gpus.push_back(physical_[position]);
    for (auto& note : visible(gpus, "CUDA_VISIBLE_DEVICES", *value).notes) add_note(report_, std::move(note));
  }

  const Machine& machine_;
  ProbeReport& report_;
  nvml::Library nvml_;
  std::string driver_;
  std::vector<PciDevice> on_bus_;
  std::vector<PhysicalDevice> physical_;
  std::vector<NvmlGpu> linked_;
};

}  // namespace

Findings probe_nvml(const Machine& machine) {
  Findings findings;
  try {
    NvmlProbe(machine, findings.report).look(findings);
  } catch (const LibraryError& problem) {
    explain_missing_library(findings.report, problem, machine, "libnvidia-ml.so.1");
  }
  return findings;
}

}  // namespace berth::discovery
