#include "inventory/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "berth/error.h"
#include "inventory/cpu_vendor.h"
#include "text/file.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

constexpr std::size_t largest_xml = 64 << 20;
constexpr std::uint64_t most_processors = 1 << 16;

Topology make_topology() {
  hwloc_topology_t made = nullptr;
  if (hwloc_topology_init(&made) != 0) throw std::runtime_error("hwloc cannot start");
  Topology topology(made);
  hwloc_topology_set_flags(made, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  return topology;
}

int count(hwloc_topology_t topology, hwloc_obj_type_t type) {
  return std::max(hwloc_get_nbobjs_by_type(topology, type), 0);
}

std::vector<CpuCache> caches(hwloc_topology_t topology) {
  std::map<std::pair<int, std::uint64_t>, int> counts;  // the cores of one machine can have caches of several sizes
  for (const auto type :
       {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L5CACHE})
    for (hwloc_obj_t cache = nullptr; (cache = hwloc_get_next_obj_by_type(topology, type, cache)) != nullptr;)
      ++counts[{static_cast<int>(cache->attr->cache.depth), cache->attr->cache.size}];
  std::vector<CpuCache> found;
  for (const auto& [cache, number] : counts)
    found.push_back({.level = cache.first, .bytes = cache.second, .count = number});
  return found;
}

/// Some machines and descriptions have hardware threads without cores.
hwloc_obj_type_t type_of_cores(hwloc_topology_t topology) {
  return count(topology, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
}

/// The memory of a GPU can be a node too.
bool is_of_gpu(hwloc_obj_t node) { return node->subtype != nullptr && std::string_view(node->subtype) == "GPUMemory"; }

std::vector<NumaNode> numa_nodes(hwloc_topology_t topology) {
  std::vector<NumaNode> found;
  for (hwloc_obj_t node = nullptr;
       (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    const auto bytes = node->attr->numanode.local_memory;
    const bool allowed = hwloc_bitmap_isset(hwloc_topology_get_allowed_nodeset(topology), node->os_index) != 0;
    const int cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology, node->cpuset, type_of_cores(topology));
    found.push_back({.id = static_cast<int>(node->os_index),
                     .total_bytes = bytes,
                     .free_bytes = allowed ? bytes : 0,
                     .cores = std::max(cores, 0)});
  }
  return found;
}

/// The memory of the CPU that this topology lets processes use.
MemoryPool ram_of(hwloc_topology_t topology) {
  MemoryPool ram{.id = "ram", .kind = PoolKind::host};
  std::uint64_t left_out = 0;
  for (hwloc_obj_t node = nullptr;
       (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    if (is_of_gpu(node)) continue;
    const bool allowed = hwloc_bitmap_isset(hwloc_topology_get_allowed_nodeset(topology), node->os_index) != 0;
    (allowed ? ram.total_bytes : left_out) += node->attr->numanode.local_memory;
  }
  ram.free_bytes = ram.total_bytes;
  if (left_out > 0) ram.limited_by = "allowed_nodeset of the topology";
  return ram;
}

/// As a parser of XML sees the text: hwloc's own knows neither a byte order mark nor "\r\n".
std::string normal_xml(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    text[kept++] = text[i] == '\r' ? '\n' : text[i];
  }
  text.resize(kept);
  return text;
}

/// Throws what is wrong with a text that hwloc does not take.
[[noreturn]] void fail_xml(const std::filesystem::path& file, std::string_view text) {
  const bool is_topology = text.find("<topology") != text.npos;
  if (is_topology && text.find("</topology>") == text.npos)
    throw FormatError(file, text.size(), "the end of the file", "</topology>");
  throw FormatError(file, 0, is_topology ? "a topology that hwloc cannot read" : "something else",
                    "a topology as lstopo writes it");
}

/// The version of hwloc's XML that a file says it has; 0 where it says none.
int xml_format(std::string_view text, std::size_t& at) {
  const auto element = text.find("<topology");
  if (element == text.npos) return 0;
  const auto head = text.substr(element, text.find('>', element) - element);
  const auto version = head.find("version=");
  if (version == head.npos || version + 9 >= head.size()) return 0;
  at = element + version;
  int number = 0;
  std::from_chars(head.data() + version + 9, head.data() + head.size(), number);
  return number;
}

std::string info(hwloc_topology_t topology, const char* name) {
  for (const hwloc_obj_t object : {hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0), hwloc_get_root_obj(topology)})
    if (object != nullptr)
      if (const char* value = hwloc_obj_get_info_by_name(object, name)) return printable(value);
  return {};
}

void leave_out(const Topology& topology, const char* component) {
  hwloc_topology_set_components(topology.get(), HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, component);
}

/// hwloc multiplies the counts of a description without a bound, and takes all memory there is.
void check_size(const std::string& description) {
  std::uint64_t processors = 1;
  int depth = 0;
  for (std::size_t i = 0; i < description.size(); ++i) {
    depth += description[i] == '(' || description[i] == '[' ? 1 : 0;
    depth -= description[i] == ')' || description[i] == ']' ? 1 : 0;
    const bool starts = i == 0 || description[i - 1] == ':' || description[i - 1] == ' ';
    if (depth > 0 || !starts || !std::isdigit(static_cast<unsigned char>(description[i]))) continue;
    std::uint64_t factor = 0;
    const auto end = description.data() + description.size();
    const auto outcome = std::from_chars(description.data() + i, end, factor);
    if (outcome.ec != std::errc() || factor > most_processors) factor = most_processors + 1;
    processors *= std::max<std::uint64_t>(factor, 1);
    if (processors > most_processors)
      throw std::invalid_argument(
          fmt::format("the topology {} has more than {} processors", in_quotes(description), most_processors));
  }
}

}  // namespace

void TopologyDeleter::operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }

Topology topology_of_this_machine() {
  auto topology = make_topology();
  // These look at other devices, or run on each processor in turn, which takes four times as long as the rest.
  for (const char* slow : {"x86", "pci", "opencl", "gl", "cuda", "nvml", "rsmi", "levelzero"})
    leave_out(topology, slow);
  // Without these folders it finds nothing, and says so on standard error.
  std::error_code ignored;
  if (!std::filesystem::exists("/sys/devices/system/cpu", ignored) &&
      !std::filesystem::exists("/sys/bus/cpu/devices", ignored))
    leave_out(topology, "linux");
  if (hwloc_topology_load(topology.get()) != 0) throw std::runtime_error("hwloc cannot read this machine");
  return topology;
}

Topology topology_from_xml(const std::filesystem::path& file) {
  const auto status = std::filesystem::status(file);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))  // which could block
    throw std::filesystem::filesystem_error("cannot read", file, std::make_error_code(std::errc::invalid_argument));
  const auto text = normal_xml(read_text_file(file, largest_xml));
  std::size_t at = 0;
  const int format = xml_format(text, at);
  if (const int newest = static_cast<int>(hwloc_get_api_version() >> 16); format > newest)
    throw FormatError(file, at, fmt::format("format {} of hwloc's XML", format),
                      fmt::format("a format up to {0}; lstopo of hwloc {1} writes format 2 with --export-xml-flags v2",
                                  newest, format));
  auto topology = make_topology();
  hwloc_topology_set_io_types_filter(topology.get(), HWLOC_TYPE_FILTER_KEEP_ALL);
  const auto length = static_cast<int>(text.size() + 1);
  if (hwloc_topology_set_xmlbuffer(topology.get(), text.c_str(), length) != 0 ||
      hwloc_topology_load(topology.get()) != 0)
    fail_xml(file, text);
  return topology;
}

Topology topology_from_description(const std::string& description) {
  check_size(description);
  auto topology = make_topology();
  if (hwloc_topology_set_synthetic(topology.get(), description.c_str()) != 0 ||
      hwloc_topology_load(topology.get()) != 0)
    throw std::invalid_argument(
        fmt::format("{} is no synthetic topology of hwloc, such as 'package:2 core:8 pu:2'", in_quotes(description)));
  return topology;
}

int cores_within(hwloc_topology_t topology, hwloc_const_bitmap_t processors) {
  int cores = 0;
  const auto type = type_of_cores(topology);
  for (hwloc_obj_t core = nullptr; (core = hwloc_get_next_obj_by_type(topology, type, core)) != nullptr;)
    cores += hwloc_bitmap_intersects(core->cpuset, processors);
  return cores;
}

CpuInfo cpu_info(hwloc_topology_t topology) {
  CpuInfo cpu{.packages = std::max(count(topology, HWLOC_OBJ_PACKAGE), 1),
              .threads = std::max(count(topology, HWLOC_OBJ_PU), 1)};
  cpu.cores = std::max(count(topology, type_of_cores(topology)), 1);
  cpu.usable_cores = std::max(cores_within(topology, hwloc_topology_get_allowed_cpuset(topology)), 1);
  cpu.numa_nodes = numa_nodes(topology);
  cpu.caches = caches(topology);
  return cpu;
}

std::vector<Link> numa_links(hwloc_topology_t topology) {
  unsigned tables = 1;
  hwloc_distances_s* table = nullptr;
  if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &tables, &table, HWLOC_DISTANCES_KIND_MEANS_LATENCY,
                                  0) != 0 ||
      tables == 0)
    return {};
  std::vector<Link> links;
  const auto distance = [&](unsigned from, unsigned to) { return table->values[from * table->nbobjs + to]; };
  for (unsigned from = 0; from < table->nbobjs; ++from) {
    for (unsigned to = from + 1; to < table->nbobjs; ++to) {
      const auto local = distance(from, from);
      const auto far = std::max(distance(from, to), distance(to, from));
      if (far <= local) continue;
      links.push_back({.from = fmt::format("numa:{}", table->objs[from]->os_index),
                       .to = fmt::format("numa:{}", table->objs[to]->os_index),
                       .kind = LinkKind::memory,
                       .detail = fmt::format("distance {} ({} within the node)", far, local)});
    }
  }
  hwloc_distances_release(topology, table);
  return links;
}

Findings findings_of_topology(hwloc_topology_t topology) {
  auto ram = ram_of(topology);
  DeviceInfo device{
      .device = Device::cpu(), .name = info(topology, "CPUModel"), .vendor = cpu_vendor(info(topology, "CPUVendor"))};
  if (device.name.empty()) device.name = "CPU";
  device.pool = "ram";
  device.total_bytes = ram.total_bytes;
  device.free_bytes = ram.free_bytes;
  device.cpu = cpu_info(topology);
  return {
      .report = {.probe = "cpu", .outcome = ProbeOutcome::found, .library = "hwloc", .library_version = HWLOC_VERSION},
      .devices = {std::move(device)},
      .pools = {std::move(ram)},
      .links = numa_links(topology)};
}

}  // namespace berth::discovery
