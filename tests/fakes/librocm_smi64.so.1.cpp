// ROCm SMI: "rocm_smi": {"version": [7, 3, 0], "gpus": [{"pci", "name", "vram_total", "vram_used", "power_uw",
// "power_cap_uw", "edge_mc", "junction_mc"}]}. A sensor that is not given is not supported (error 2).
#include <cstdint>

#include "fake_machine.h"
#include "identity.h"

namespace {

using namespace berth::fakes;

struct Version {
  std::uint32_t major, minor, patch;
  const char* build;
};

const Json& smi() { return machine().at("rocm_smi"); }

template <class Number>
int answer(const Call& call, std::uint32_t gpu, const char* field, Number* out) {
  if (call.error() != 0) return call.error();
  if (gpu >= smi().at("gpus").size()) return 1;
  const auto& found = smi().at("gpus").at(gpu);
  if (!found.contains(field)) return 2;
  call.put(out, found.at(field).get<Number>());
  return 0;
}

}  // namespace

BERTH_FAKE int rsmi_init(std::uint64_t) { return Call("rsmi_init").error(); }
BERTH_FAKE int rsmi_shut_down() { return Call("rsmi_shut_down").error(); }

BERTH_FAKE int rsmi_version_get(Version* out) {
  const Call call("rsmi_version_get");
  if (call.error() != 0) return call.error();
  const auto& version = smi().at("version");
  call.put(out, {version.at(0), version.at(1), version.at(2), ""});
  return 0;
}

BERTH_FAKE int rsmi_num_monitor_devices(std::uint32_t* out) {
  const Call call("rsmi_num_monitor_devices");
  if (call.error() != 0) return call.error();
  call.put(out, static_cast<std::uint32_t>(smi().at("gpus").size()));
  return 0;
}

BERTH_FAKE int rsmi_dev_pci_id_get(std::uint32_t gpu, std::uint64_t* out) {
  const Call call("rsmi_dev_pci_id_get");
  if (call.error() != 0) return call.error();
  const auto pci = PciAddress::parse(smi().at("gpus").at(gpu).at("pci"));
  call.put(out, std::uint64_t{pci.domain} << 32 | pci.bus << 8 | pci.device << 3 | pci.function);
  return 0;
}

BERTH_FAKE int rsmi_dev_name_get(std::uint32_t gpu, char* out, std::size_t size) {
  const Call call("rsmi_dev_name_get");
  if (call.error() != 0) return call.error();
  call.put_text(out, size, smi().at("gpus").at(gpu).at("name"));
  return 0;
}

BERTH_FAKE int rsmi_dev_memory_total_get(std::uint32_t gpu, int, std::uint64_t* out) {
  return answer(Call("rsmi_dev_memory_total_get"), gpu, "vram_total", out);
}

BERTH_FAKE int rsmi_dev_memory_usage_get(std::uint32_t gpu, int, std::uint64_t* out) {
  return answer(Call("rsmi_dev_memory_usage_get"), gpu, "vram_used", out);
}

BERTH_FAKE int rsmi_dev_power_ave_get(std::uint32_t gpu, std::uint32_t, std::uint64_t* out) {
  return answer(Call("rsmi_dev_power_ave_get"), gpu, "power_uw", out);
}

BERTH_FAKE int rsmi_dev_power_cap_get(std::uint32_t gpu, std::uint32_t, std::uint64_t* out) {
  return answer(Call("rsmi_dev_power_cap_get"), gpu, "power_cap_uw", out);
}

BERTH_FAKE int rsmi_dev_temp_metric_get(std::uint32_t gpu, std::uint32_t sensor, int, std::int64_t* out) {
  return answer(Call("rsmi_dev_temp_metric_get"), gpu, sensor == 0 ? "edge_mc" : "junction_mc", out);
}
