#include "inventory/topology_gpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inventory/pci.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

/// How hwloc calls what it saw through an API. The names and the unit, KiB, are those of its manual, "Info attributes".
struct Api {
  std::string_view subtype;
  std::string_view name;
  std::optional<DeviceType> type;  // none: the vendor tells
  std::array<const char*, 3> sizes;
};
constexpr std::array<Api, 5> apis{{
    {"CUDA", "cuda", DeviceType::cuda, {"CUDAGlobalMemorySize"}},
    {"NVML", "nvml", DeviceType::cuda, {}},
    {"RSMI", "rocm_smi", DeviceType::cuda, {"RSMIVRAMSize"}},
    {"LevelZero", "level_zero", DeviceType::xpu, {"LevelZeroHBMSize", "LevelZeroDDRSize", "LevelZeroMemorySize"}},
    {"OpenCL", "opencl", std::nullopt, {"OpenCLGlobalMemorySize"}},
}};

constexpr std::size_t most_gpus = 4096;
constexpr std::uint64_t most_kib = std::uint64_t{1} << 50;

std::string_view info(hwloc_obj_t object, const char* name) {
  const char* value = object == nullptr ? nullptr : hwloc_obj_get_info_by_name(object, name);
  return value == nullptr ? std::string_view() : value;
}

std::uint64_t memory_bytes(hwloc_obj_t object, const Api& api) {
  std::uint64_t largest = 0;
  for (const char* name : api.sizes) {
    if (name == nullptr) continue;
    const auto text = info(object, name);
    std::uint64_t kib = 0;
    std::from_chars(text.data(), text.data() + text.size(), kib);
    if (kib <= most_kib) largest = std::max(largest, kib);
  }
  return largest * 1024;
}

hwloc_obj_t pci_device_of(hwloc_obj_t object) {
  while (object != nullptr && object->type != HWLOC_OBJ_PCI_DEVICE) object = object->parent;
  return object;
}

std::string address_of(hwloc_obj_t pci) {
  if (pci == nullptr) return {};
  const auto& at = pci->attr->pcidev;
  return pci_id(at.domain, at.bus, at.dev, at.func);
}

/// "NVIDIA" by the PCI id of the vendor, else as the driver writes it.
std::string vendor_of(hwloc_obj_t object, hwloc_obj_t pci) {
  if (pci != nullptr)
    if (auto name = vendor_name(pci->attr->pcidev.vendor_id); !name.empty()) return name;
  std::string told;
  for (const auto* name : {"GPUVendor", "LevelZeroVendor", "OpenCLPlatformName"})
    told += std::string(info(object, name)) + ' ';
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> known{
      {{"NVIDIA", "NVIDIA"}, {"AMD", "AMD"}, {"Advanced Micro", "AMD"}, {"Intel", "Intel"}, {"Apple", "Apple"}}};
  for (const auto& [word, vendor] : known)
    if (told.find(word) != told.npos) return std::string(vendor);
  return {};
}

DeviceType type_of(const Api& api, std::string_view vendor) {
  if (api.type) return *api.type;
  if (vendor == "NVIDIA" || vendor == "AMD") return DeviceType::cuda;
  return vendor == "Intel" ? DeviceType::xpu : vendor == "Apple" ? DeviceType::mps : DeviceType::vulkan;
}

/// The NUMA node that `object` is at; "cpu" where it is at several.
std::string place_of(hwloc_topology_t topology, hwloc_obj_t object) {
  const auto* at = hwloc_get_non_io_ancestor_obj(topology, object);
  if (at == nullptr || at->nodeset == nullptr || hwloc_bitmap_weight(at->nodeset) != 1) return "cpu";
  return fmt::format("numa:{}", hwloc_bitmap_first(at->nodeset));
}

struct Gpu {
  DeviceType type;
  DeviceInfo info;
  hwloc_obj_t object;
  hwloc_obj_t pci;
};

class Reader {
 public:
  explicit Reader(hwloc_topology_t topology) : topology_(topology) {}

  Findings read() {
    for (const auto& api : apis)
      for (const auto object : objects_of(api)) add(object, api);
    name_those_with_memory();
    add_pcie_links();
    for (const auto& [name, kind] :
         {std::pair{"NVLinkBandwidth", LinkKind::nvlink}, std::pair{"XGMIBandwidth", LinkKind::xgmi}})
      add_links(name, kind);
    note_other_displays();
    return std::move(findings_);
  }

 private:
  /// In the order of their numbers there: cuda2 before cuda10.
  std::vector<hwloc_obj_t> objects_of(const Api& api) {
    std::vector<hwloc_obj_t> found;
    for (hwloc_obj_t object = nullptr; (object = hwloc_get_next_osdev(topology_, object)) != nullptr;) {
      const bool is_part = object->parent != nullptr && object->parent->type == HWLOC_OBJ_OS_DEVICE;  // "ze0.1"
      if (object->subtype != nullptr && api.subtype == object->subtype && object->name != nullptr && !is_part)
        found.push_back(object);
    }
    const auto by_number = [](hwloc_obj_t a, hwloc_obj_t b) {
      const std::string_view first = a->name;
      const std::string_view second = b->name;
      return std::pair(first.size(), first) < std::pair(second.size(), second);
    };
    std::ranges::stable_sort(found, by_number);
    return found;
  }

  void add(hwloc_obj_t object, const Api& api) {
    for (const auto* type : {"OpenCLDeviceType", "LevelZeroDeviceType"})
      if (const auto kind = info(object, type); !kind.empty() && kind != "GPU") return;
    const auto pci = pci_device_of(object);
    const auto address = address_of(pci);
    const auto vendor = vendor_of(object, pci);
    if (address.empty() && is_another_sighting(vendor, api)) return;
    const bool is_new = address.empty() || !by_address_.contains(address);
    if (is_new) {
      if (gpus_.size() == most_gpus)
        throw std::invalid_argument(fmt::format("the topology has more than {} GPUs", most_gpus));
      if (!address.empty()) by_address_.emplace(address, gpus_.size());
      gpus_.push_back({type_of(api, vendor), {.vendor = vendor, .pci_id = address}, object, pci});
    }
    auto& gpu = is_new ? gpus_.back() : gpus_[by_address_.at(address)];
    auto& known = gpu.info;
    known.apis.push_back({std::string(api.name), number_of(object->name)});
    if (known.total_bytes == 0) known.total_bytes = memory_bytes(object, api);
    for (const auto* name : {"GPUModel", "LevelZeroModel", "LevelZeroBrand"})
      if (known.name.empty()) known.name = printable(info(object, name));
    for (const auto* name : {"NVIDIAUUID", "AMDUUID", "LevelZeroUUID"})
      if (known.uuid.empty()) known.uuid = printable(info(object, name));
  }

  /// Without an address, nothing tells which of the GPUs that another API has seen it is.
  bool is_another_sighting(std::string_view vendor, const Api& api) const {
    return std::ranges::any_of(
        gpus_, [&](const Gpu& gpu) { return gpu.info.vendor == vendor && gpu.info.apis.front().in != api.name; });
  }

  /// "3" of "cuda3", "0.1" of "opencl0d1"
  static std::string number_of(std::string_view name) {
    std::string number(name.substr(std::min(name.find_first_of("0123456789"), name.size())));
    std::ranges::replace(number, 'd', '.');
    return printable(number);
  }

  void name_those_with_memory() {
    std::map<DeviceType, int> next;
    for (auto& [type, info, object, pci] : gpus_) {
      if (info.name.empty()) info.name = printable(discovery::info(pci, "PCIDevice"));
      // The GPU in a processor of Intel is at 00:02.0, that of Apple on no bus.
      info.integrated =
          type == DeviceType::mps || (info.vendor == "Intel" && pci != nullptr && pci->attr->pcidev.bus == 0);
      if (info.total_bytes == 0) {
        leave_out(object->name, info.name);
        continue;
      }
      info.device = Device(type, next[type]++);
      info.free_bytes = info.total_bytes;
      info.pool = info.integrated ? "ram" : info.device.str();
      const auto place = place_of(topology_, object);
      if (place.starts_with("numa:")) info.numa_node = std::stoi(place.substr(5));
      if (!info.pci_id.empty()) names_[info.pci_id] = info.device.str();
      objects_[object] = info.device.str();
      if (!info.integrated) findings_.pools.push_back({info.pool, PoolKind::device, info.total_bytes, info.free_bytes});
      findings_.devices.push_back(info);
    }
  }

  void add_pcie_links() {
    for (const auto& gpu : gpus_)
      if (const auto end = end_of(gpu.object);
          !end.empty() && gpu.pci != nullptr && gpu.pci->attr->pcidev.linkspeed > 0)
        findings_.links.push_back({.from = place_of(topology_, gpu.object),
                                   .to = end,
                                   .kind = LinkKind::pcie,
                                   .bytes_per_s = static_cast<double>(gpu.pci->attr->pcidev.linkspeed) * 1e9});
  }

  /// A table of MB/s between GPUs and, where there are any, the ports of switches, through which a GPU reaches another as
  /// fast as its own links to all of them are together.
  void add_links(const char* name, LinkKind kind) {
    std::array<hwloc_distances_s*, 4> tables{};
    unsigned count = tables.size();
    if (hwloc_distances_get_by_name(topology_, name, &count, tables.data(), 0) != 0) return;
    for (unsigned i = 0; i < std::min<std::size_t>(count, tables.size()); ++i) {
      add_links_of(*tables[i], kind);
      hwloc_distances_release(topology_, tables[i]);
    }
  }

  void add_links_of(const hwloc_distances_s& table, LinkKind kind) {
    const auto speed = [&](unsigned a, unsigned b) {
      return std::min(table.values[a * table.nbobjs + b], table.values[b * table.nbobjs + a]);
    };
    std::vector<std::uint64_t> to_switches(table.nbobjs);
    for (unsigned a = 0; a < table.nbobjs; ++a)
      for (unsigned b = 0; b < table.nbobjs; ++b)
        if (is_switch(table.objs[b]) && !is_switch(table.objs[a])) to_switches[a] += speed(a, b);
    for (unsigned a = 0; a < table.nbobjs; ++a)
      for (unsigned b = a + 1; b < table.nbobjs; ++b)
        add_link(table.objs[a], table.objs[b], kind, std::max(speed(a, b), std::min(to_switches[a], to_switches[b])));
  }

  void add_link(hwloc_obj_t a, hwloc_obj_t b, LinkKind kind, std::uint64_t megabytes_per_s) {
    auto from = end_of(a);
    auto to = end_of(b);
    if (!is_device(to)) std::swap(from, to);  // from the CPU, as other links are
    if (megabytes_per_s == 0 || from.empty() || !is_device(to) || from == to) return;
    if (is_device(from) && Device::from_str(to) < Device::from_str(from)) std::swap(from, to);
    if (linked_.emplace(from, to).second)
      findings_.links.push_back(
          {.from = from, .to = to, .kind = kind, .bytes_per_s = static_cast<double>(megabytes_per_s) * 1e6});
  }

  static bool is_switch(hwloc_obj_t object) {
    return object != nullptr && object->subtype != nullptr && std::string_view(object->subtype) == "NVSwitch";
  }

  static bool is_device(std::string_view end) { return !end.empty() && end != "cpu" && !end.starts_with("numa:"); }

  /// The name of a GPU here, or where in the CPU an object is; empty for what is left out.
  std::string end_of(hwloc_obj_t object) const {
    if (object == nullptr) return {};
    if (hwloc_obj_type_is_normal(object->type) != 0 || hwloc_obj_type_is_memory(object->type) != 0)
      return place_of(topology_, object);
    if (const auto own = objects_.find(object); own != objects_.end()) return own->second;
    const auto name = names_.find(address_of(pci_device_of(object)));
    return name == names_.end() ? "" : name->second;
  }

  void note_other_displays() {
    for (hwloc_obj_t pci = nullptr; (pci = hwloc_get_next_pcidev(topology_, pci)) != nullptr;) {
      const auto& attributes = pci->attr->pcidev;
      const auto address = address_of(pci);
      const auto kind = attributes.class_id >> 8;
      if (by_address_.contains(address) || (kind != 0x03 && kind != 0x12)) continue;
      const auto vendor = vendor_name(attributes.vendor_id);
      if (!vendor.empty()) leave_out(address, fmt::format("{} {}", vendor, info(pci, "PCIDevice")));
    }
  }

  void leave_out(std::string_view what, std::string_view name) {
    findings_.report.notes.push_back(
        fmt::format("{} ({}) is left out: the topology does not tell its memory. lstopo tells it where hwloc was built "
                    "with CUDA, ROCm SMI, Level Zero or OpenCL",
                    printable(what), printable(name)));
  }

  hwloc_topology_t topology_;
  Findings findings_;
  std::vector<Gpu> gpus_;
  std::map<std::string, std::size_t> by_address_;
  std::map<std::string, std::string> names_;  // by PCI id
  std::map<hwloc_obj_t, std::string> objects_;
  std::set<std::pair<std::string, std::string>> linked_;
};

}  // namespace

Findings gpus_of_topology(hwloc_topology_t topology) { return Reader(topology).read(); }

}  // namespace berth::discovery
