#include "discover/drivers/nvml_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "discover/drivers/sysfs.h"

namespace berth::discovery {
namespace {

template <class Function, class... Arguments>
std::optional<unsigned> ask(Function* function, Arguments... arguments) {
  unsigned value = 0;
  if (function == nullptr || function(arguments..., &value) != nvml::success) return std::nullopt;
  return value;
}

/// In one direction; none where it is no link that there is.
std::optional<double> pcie_bytes_per_s(unsigned generation, unsigned lanes) {
  static constexpr double transfers_per_s[] = {2.5e9, 5e9, 8e9, 16e9, 32e9, 64e9};
  constexpr unsigned most_lanes = 32;
  if (generation < 1 || generation > std::size(transfers_per_s) || lanes < 1 || lanes > most_lanes) return std::nullopt;
  const double code = generation < 3 ? 8.0 / 10 : generation < 6 ? 128.0 / 130 : 242.0 / 256;
  return transfers_per_s[generation - 1] * code / 8 * lanes;
}

/// To the CPU. While a GPU idles its generation is lowered: what it can do here counts, and the lanes that it was given.
Link pcie_link(const nvml::Library& library, const NvmlGpu& gpu) {
  Link link{.from = gpu.numa_node ? fmt::format("numa:{}", *gpu.numa_node) : "cpu", .to = gpu.id};
  const auto generation = ask(library.pcie_generation, gpu.handle).value_or(0);
  const auto lanes = ask(library.pcie_width, gpu.handle).value_or(0);
  if (const auto bytes_per_s = pcie_bytes_per_s(generation, lanes)) {
    link.bytes_per_s = *bytes_per_s;
    link.detail = fmt::format("PCIe {}.0 x{}", generation, lanes);
  }
  return link;
}

struct NvLinks {
  double bytes_per_s = 0;  ///< of one
  unsigned to_switches = 0;
  std::map<std::string, unsigned> to = {};  ///< by PCI id
};

NvLinks nvlinks_of(const nvml::Library& library, const NvmlGpu& gpu) {
  NvLinks links;
  for (unsigned link = 0; link < nvml::most_nvlinks; ++link) {
    if (ask(library.nvlink_state, gpu.handle, link).value_or(0) != 1) continue;
    nvml::PciInfo remote = {};
    if (ask(library.nvlink_remote_type, gpu.handle, link) == nvml::remote_is_switch)
      ++links.to_switches;
    else if (library.nvlink_remote != nullptr && library.nvlink_remote(gpu.handle, link, &remote) == nvml::success)
      ++links.to[nvml_pci_id(remote)];
  }
  nvml::FieldValue speed = {};
  speed.field = nvml::field_nvlink_megabytes_per_s;
  constexpr std::uint32_t most_megabytes_per_s = 1'000'000;
  const bool known = library.field_values != nullptr && library.field_values(gpu.handle, 1, &speed) == nvml::success &&
                     speed.result == nvml::success && speed.value.number <= most_megabytes_per_s;
  if (known) links.bytes_per_s = speed.value.number * 1e6;
  return links;
}

std::string_view way_text(unsigned ancestor) {
  switch (ancestor) {
    case nvml::topology_single_switch:
      return "through one PCIe switch";
    case nvml::topology_several_switches:
      return "through several PCIe switches";
    case nvml::topology_host_bridge:
      return "through a PCIe host bridge";
    case nvml::topology_node:
      return "through the CPU, in one NUMA node";
    case nvml::topology_system:
      return "from one NUMA node to another";
    default:
      return "";
  }
}

}  // namespace

std::string nvml_pci_id(const nvml::PciInfo& info) {
  return info.bus > 0xff || info.device > 0x1f ? std::string() : pci_id(info.domain, info.bus, info.device, 0);
}

std::vector<Link> nvml_links(const nvml::Library& library, const std::vector<NvmlGpu>& gpus) {
  std::vector<Link> links;
  std::vector<NvLinks> nvlinks;
  for (const auto& gpu : gpus) {
    links.push_back(pcie_link(library, gpu));
    nvlinks.push_back(nvlinks_of(library, gpu));
  }
  for (std::size_t a = 0; a < gpus.size(); ++a)
    for (std::size_t b = a + 1; b < gpus.size(); ++b) {
      if (gpus[a].instance || gpus[b].instance) continue;
      const auto direct = nvlinks[a].to.find(gpus[b].pci_id);
      const unsigned count = direct != nvlinks[a].to.end() && !gpus[b].pci_id.empty()
                                 ? direct->second
                                 : std::min(nvlinks[a].to_switches, nvlinks[b].to_switches);
      Link link{.from = gpus[a].id, .to = gpus[b].id};
      if (count > 0) {
        link.kind = LinkKind::nvlink;
        link.bytes_per_s = count * std::min(nvlinks[a].bytes_per_s, nvlinks[b].bytes_per_s);
        link.detail = fmt::format("{} NVLink{}", count, count == 1 ? "" : "s");
      } else {
        const auto ancestor = ask(library.common_ancestor, gpus[a].handle, gpus[b].handle);
        const auto way = way_text(ancestor.value_or(0));
        if (way.empty()) continue;
        link.bytes_per_s = std::min(links[a].bytes_per_s, links[b].bytes_per_s);
        link.detail = way;
      }
      links.push_back(std::move(link));
    }
  return links;
}

}  // namespace berth::discovery
