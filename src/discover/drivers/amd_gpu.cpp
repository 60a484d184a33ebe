#include "discover/drivers/amd_gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/sysfs.h"
#include "discover/host/system_file.h"

namespace berth::discovery {
namespace {

using Properties = std::map<std::string, std::uint64_t>;

std::uint64_t of(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? 0 : found->second;
}

/// What the matrix units know, by LLVM's table of AMDGPU processors.
std::vector<std::string> amd_types(std::uint64_t gfx_target_version) {
  const auto major = gfx_target_version / 10000;
  std::vector<std::string> types{"fp16"};
  const bool matrix_cores = major == 9 && gfx_target_version >= 90008;
  if (matrix_cores || major >= 11) types.emplace_back("bf16");
  if (matrix_cores || gfx_target_version >= 100300 || gfx_target_version == 90006) types.emplace_back("int8");
  if ((major == 9 && gfx_target_version >= 90400) || major >= 12) types.emplace_back("fp8");
  return types;
}

/// Of the GPU's hardware monitor; `scale` from its unit.
std::optional<double> sensor(const std::filesystem::path& device, std::initializer_list<const char*> names,
                             double scale) {
  for (const auto& monitor : folder_entries(device / "hwmon"))
    for (const char* name : names)
      if (const auto value = file_number(monitor / name)) return static_cast<double>(*value) * scale;
  return std::nullopt;
}

/// Those that are part of a processor, by LLVM's table of AMDGPU processors. Newer ones are told by their metrics.
bool is_apu_target(std::string_view gfx) {
  static constexpr std::string_view targets[] = {"gfx902",  "gfx909",  "gfx90c",  "gfx1013", "gfx1033",
                                                 "gfx1035", "gfx1036", "gfx1037", "gfx1103"};
  return gfx.starts_with("gfx115") || std::ranges::find(targets, gfx) != std::end(targets);
}

/// What HIP can allocate, by KFD's own account on the node where it gives one. For a GPU in a processor that is what the
/// firmware carved out for it or, since Linux 6.10 where that is more, the memory of the CPU.
void read_memory(AmdGpu& gpu) {
  auto& info = gpu.info;
  const auto vram = file_number(gpu.folder / "mem_info_vram_total").value_or(0);
  const bool carved_out = vram != 0 && info.total_bytes == vram;
  info.pool = info.integrated && !carved_out ? "ram" : "";
  const std::string kind = info.pool == "ram" ? "mem_info_gtt_" : "mem_info_vram_";
  const auto whole = file_number(gpu.folder / (kind + "total")).value_or(info.total_bytes);
  const auto used = file_number(gpu.folder / (kind + "used"));
  info.total_bytes = info.total_bytes == 0 ? whole : std::min(info.total_bytes, whole);
  info.free_bytes = std::min(info.total_bytes, whole - std::min(whole, used.value_or(0)));
  info.free_is_known = used.has_value();
}

void read_pci_device(AmdGpu& gpu, const PciDevice& pci) {
  auto& info = gpu.info;
  gpu.folder = pci.folder;
  info.numa_node = pci.numa_node;
  info.driver = pci.driver;
  if (const auto version = first_line(pci.folder / "driver/module/version"); !version.empty())
    info.driver += " " + driver_text(version);
  if (const auto name = first_line(pci.folder / "product_name"); !name.empty()) info.name = driver_text(name);
  const auto metrics = read_system_file(pci.folder / "gpu_metrics", 4096).value_or("");
  // The formats 2 and 3 of kgd_pp_interface.h are for GPUs in processors. MI300A has that of the cards, but no VRAM.
  info.integrated |= metrics.size() > 2 && (metrics[2] == 2 || metrics[2] == 3);
  info.integrated |= file_number(pci.folder / "mem_info_vram_total") == 0;
  read_memory(gpu);
  info.gpu->power_w = sensor(pci.folder, {"power1_average", "power1_input"}, 1e-6);
  info.gpu->power_limit_w = sensor(pci.folder, {"power1_cap"}, 1e-6);
  info.gpu->temperature_c = sensor(pci.folder, {"temp1_input", "temp2_input"}, 1e-3);
  info.gpu->throttled_by = amd_throttled_by(metrics);
}

}  // namespace

std::string amd_gfx(std::uint64_t gfx_target_version) {
  return fmt::format("gfx{}{:x}{:x}", gfx_target_version / 10000, gfx_target_version / 100 % 100,
                     gfx_target_version % 100);
}

std::vector<std::string> amd_throttled_by(std::string_view gpu_metrics) {
  // struct gpu_metrics_v1_3 of the kernel's kgd_pp_interface.h: its size, format 1, content 3, ..., and at last the
  // throttlers in one numbering for all GPUs: power 0-15, current 16-31, temperature 32-55.
  constexpr std::size_t throttlers_at = 112;
  if (gpu_metrics.size() < throttlers_at + sizeof(std::uint64_t) || gpu_metrics[2] != 1 || gpu_metrics[3] != 3)
    return {};
  std::uint64_t throttlers = 0;
  std::memcpy(&throttlers, gpu_metrics.data() + throttlers_at, sizeof throttlers);
  if (throttlers == ~std::uint64_t{0}) return {};  // not supported by this GPU
  std::vector<std::string> reasons;
  if ((throttlers & 0xFFFF) != 0) reasons.emplace_back("power");
  if ((throttlers & 0xFFFF0000) != 0) reasons.emplace_back("current");
  if ((throttlers & 0x00FFFFFF00000000) != 0) reasons.emplace_back("heat");
  return reasons;
}

std::vector<AmdGpu> amd_gpus(const std::filesystem::path& root) {
  const auto pci = pci_devices(root, pci_vendor_amd);
  std::vector<AmdGpu> gpus;
  for (const auto& folder : folder_entries(root / "sys/class/kfd/kfd/topology/nodes")) {
    const auto properties = file_properties(folder / "properties");
    // A node without compute units is a CPU; the id of a GPU that this container may not use cannot be read.
    if (of(properties, "simd_count") == 0 || file_number(folder / "gpu_id").value_or(0) == 0) continue;
    AmdGpu gpu;
    gpu.node = std::strtoull(folder.filename().c_str(), nullptr, 10);
    gpu.render_minor = of(properties, "drm_render_minor");
    auto& info = gpu.info;
    const auto gfx = of(properties, "gfx_target_version");
    const auto location = static_cast<std::uint32_t>(of(properties, "location_id"));
    info.vendor = "AMD";
    // Before Linux 6.6 a processor and its GPU could be one node.
    info.integrated = of(properties, "cpu_cores_count") > 0 || is_apu_target(amd_gfx(gfx));
    const auto address = [&](std::uint32_t function) {
      return pci_id(static_cast<std::uint32_t>(of(properties, "domain")), location >> 8 & 0xFF, location >> 3 & 0x1F,
                    function);
    };
    info.pci_id = address(location & 7);
    auto device = std::ranges::find(pci, info.pci_id, &PciDevice::id);
    if (device == pci.end()) {  // KFD writes the number of a partition there, which is no function of the card
      device = std::ranges::find(pci, address(0), &PciDevice::id);
      if (device != pci.end()) info.pci_id = device->id;
    }
    if (const auto id = of(properties, "unique_id"); id != 0) info.uuid = fmt::format("GPU-{:016x}", id);
    info.gpu.emplace();
    if (gfx != 0) {
      info.gpu->compute_capability = amd_gfx(gfx);
      info.types = amd_types(gfx);
    }
    info.name = gfx == 0 ? "AMD GPU" : fmt::format("AMD GPU ({})", amd_gfx(gfx));
    for (const auto& bank : folder_entries(folder / "mem_banks")) {
      const auto memory = file_properties(bank / "properties");
      if (of(memory, "heap_type") != 0) info.total_bytes += of(memory, "size_in_bytes");  // 0 is the host's
    }
    for (const auto& link : folder_entries(folder / "io_links")) {
      const auto way = file_properties(link / "properties");
      if (of(way, "type") == 11)  // CRAT_IOLINK_TYPE_XGMI
        gpu.xgmi.push_back({of(way, "node_to"), static_cast<double>(of(way, "max_bandwidth")) * 1e6});
    }
    if (info.integrated) info.pool = "ram";
    if (device != pci.end()) read_pci_device(gpu, *device);
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

}  // namespace berth::discovery
