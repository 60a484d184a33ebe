#include "discover/probes.h"

#ifdef __APPLE__

#include <fmt/format.h>
#include <sys/sysctl.h>

#include "discover/drivers/driver_report.h"
#endif

namespace berth::discovery {

#ifdef __APPLE__
namespace {

std::string text_of(const char* name) {
  char buffer[256] = {};
  std::size_t size = sizeof buffer - 1;
  return sysctlbyname(name, buffer, &size, nullptr, 0) == 0 ? driver_text({buffer, sizeof buffer}) : std::string();
}

std::uint64_t number_of(const char* name) {
  std::uint64_t value = 0;
  std::size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

}  // namespace

/// Apple silicon has one GPU, which shares the memory of the CPU: the kernel's variables tell all that is asked here.
Findings probe_metal(const Machine&) {
  Findings findings;
  findings.report.probe = "metal";
  if (number_of("hw.optional.arm64") == 0) {
    findings.report.message = "This is no Apple silicon; the GPUs of Macs with Intel processors are not looked for.";
    return findings;
  }
  DeviceInfo info;
  info.device = Device(DeviceType::mps, 0);
  info.name = text_of("machdep.cpu.brand_string");
  info.vendor = "Apple";
  info.pool = "ram";
  info.integrated = true;
  info.total_bytes = number_of("hw.memsize");
  // What Metal lets the GPU keep resident, unless the user moved it: about three quarters.
  const auto limit = number_of("iogpu.wired_limit_mb") << 20;
  info.total_bytes = limit != 0 ? limit : info.total_bytes / 4 * 3;
  info.free_bytes = info.total_bytes;
  info.free_is_known = false;
  info.driver = fmt::format("macOS {}", text_of("kern.osproductversion"));
  info.apis = {{"metal", "0"}};
  info.types = {"fp16", "bf16"};
  info.gpu.emplace();
  findings.report.outcome = ProbeOutcome::found;
  findings.devices.push_back(std::move(info));
  return findings;
}

#else

Findings probe_metal(const Machine&) {
  Findings findings;
  findings.report.probe = "metal";
  findings.report.outcome = ProbeOutcome::skipped;
  findings.report.message = "Metal is on Apple's systems only.";
  return findings;
}

#endif

}  // namespace berth::discovery
