/// What an inventory is called in JSON. docs/inventory.schema.json says the same to others.
#pragma once

#include "berth/inventory.h"
#include "inventory/device_key_fields.h"
#include "value/structs.h"

namespace berth::structs {

template <>
struct NamesOf<PoolKind> {
  static constexpr std::array<std::string_view, 4> all = {"host", "device", "disk", "remote"};
};
template <>
struct NamesOf<LinkKind> {
  static constexpr std::array<std::string_view, 6> all = {"memory", "pcie", "nvlink", "xgmi", "network", "storage"};
};
template <>
struct NamesOf<ProbeOutcome> {
  static constexpr std::array<std::string_view, 11> all = {
      "found",  "nothing",   "no_driver", "driver_too_old", "missing_symbol", "no_permission",
      "hidden", "timed_out", "crashed",   "failed",         "skipped"};
};
template <>
struct NamesOf<InventoryOrigin> {
  static constexpr std::array<std::string_view, 3> all = {"this_machine", "recorded", "simulated"};
};

template <>
struct FieldsOf<MemoryPool> {
  static constexpr std::tuple all = {required("id", &MemoryPool::id), required("kind", &MemoryPool::kind),
                                     required("total_bytes", &MemoryPool::total_bytes),
                                     required("free_bytes", &MemoryPool::free_bytes),
                                     field("limited_by", &MemoryPool::limited_by)};
};

template <>
struct FieldsOf<Link> {
  static constexpr std::tuple all = {required("from", &Link::from),          required("to", &Link::to),
                                     required("kind", &Link::kind),          field("bytes_per_s", &Link::bytes_per_s),
                                     field("latency_us", &Link::latency_us), field("measured", &Link::measured),
                                     field("detail", &Link::detail)};
};

template <>
struct FieldsOf<CpuCache> {
  static constexpr std::tuple all = {required("level", &CpuCache::level, 1), required("bytes", &CpuCache::bytes),
                                     field("count", &CpuCache::count)};
};

template <>
struct FieldsOf<NumaNode> {
  static constexpr std::tuple all = {required("id", &NumaNode::id), required("total_bytes", &NumaNode::total_bytes),
                                     required("free_bytes", &NumaNode::free_bytes), field("cores", &NumaNode::cores)};
};

template <>
struct FieldsOf<CpuInfo> {
  static constexpr std::tuple all = {field("packages", &CpuInfo::packages, 1),
                                     required("cores", &CpuInfo::cores, 1),
                                     required("threads", &CpuInfo::threads, 1),
                                     required("usable_cores", &CpuInfo::usable_cores, 1),
                                     field("quota_cpus", &CpuInfo::quota_cpus),
                                     field("numa_nodes", &CpuInfo::numa_nodes),
                                     field("caches", &CpuInfo::caches),
                                     field("features", &CpuInfo::features),
                                     field("huge_page_bytes", &CpuInfo::huge_page_bytes),
                                     field("huge_pages_free", &CpuInfo::huge_pages_free),
                                     field("swap_total_bytes", &CpuInfo::swap_total_bytes),
                                     field("swap_free_bytes", &CpuInfo::swap_free_bytes)};
};

inline constexpr double absolute_zero_c = -273.15;

template <>
struct FieldsOf<GpuInfo> {
  static constexpr std::tuple all = {field("compute_capability", &GpuInfo::compute_capability),
                                     field("mig_profile", &GpuInfo::mig_profile),
                                     field("bar1_bytes", &GpuInfo::bar1_bytes),
                                     field("power_w", &GpuInfo::power_w),
                                     field("power_limit_w", &GpuInfo::power_limit_w),
                                     field("temperature_c", &GpuInfo::temperature_c, absolute_zero_c),
                                     field("throttled_by", &GpuInfo::throttled_by)};
};

template <>
struct FieldsOf<DiskInfo> {
  static constexpr std::tuple all = {field("path", &DiskInfo::path), field("mount_point", &DiskInfo::mount_point),
                                     field("file_system", &DiskInfo::file_system), field("source", &DiskInfo::source),
                                     field("rotational", &DiskInfo::rotational)};
};

template <>
struct FieldsOf<RemoteInfo> {
  static constexpr std::tuple all = {required("endpoint", &RemoteInfo::endpoint),
                                     field("version", &RemoteInfo::version), field("number", &RemoteInfo::number),
                                     field("name", &RemoteInfo::name)};
};

template <>
struct FieldsOf<TypeSpeed> {
  static constexpr std::tuple all = {required("type", &TypeSpeed::type),
                                     field("memory_bytes_per_s", &TypeSpeed::memory_bytes_per_s),
                                     field("flops", &TypeSpeed::flops), field("row_s", &TypeSpeed::row_s)};
};

template <>
struct FieldsOf<DeviceSpeed> {
  static constexpr std::tuple all = {field("memory_bytes_per_s", &DeviceSpeed::memory_bytes_per_s),
                                     field("flops", &DeviceSpeed::flops), field("types", &DeviceSpeed::types),
                                     field("operation_s", &DeviceSpeed::operation_s)};
};

template <>
struct FieldsOf<DeviceInfo> {
  static constexpr std::tuple all = {required("device", &DeviceInfo::device),
                                     required("name", &DeviceInfo::name),
                                     field("vendor", &DeviceInfo::vendor),
                                     required("pool", &DeviceInfo::pool),
                                     required("total_bytes", &DeviceInfo::total_bytes),
                                     required("free_bytes", &DeviceInfo::free_bytes),
                                     field("free_is_known", &DeviceInfo::free_is_known),
                                     field("integrated", &DeviceInfo::integrated),
                                     field("pci_id", &DeviceInfo::pci_id),
                                     field("uuid", &DeviceInfo::uuid),
                                     field("numa_node", &DeviceInfo::numa_node),
                                     field("driver", &DeviceInfo::driver),
                                     field("engines", &DeviceInfo::engines),
                                     field("apis", &DeviceInfo::apis),
                                     field("types", &DeviceInfo::types),
                                     field("note", &DeviceInfo::note),
                                     field("cpu", &DeviceInfo::cpu),
                                     field("gpu", &DeviceInfo::gpu),
                                     field("disk", &DeviceInfo::disk),
                                     field("remote", &DeviceInfo::remote),
                                     field("speed", &DeviceInfo::speed)};
};

template <>
struct FieldsOf<ProbeReport> {
  static constexpr std::tuple all = {required("probe", &ProbeReport::probe),
                                     required("outcome", &ProbeReport::outcome),
                                     field("message", &ProbeReport::message),
                                     field("library", &ProbeReport::library),
                                     field("library_version", &ProbeReport::library_version),
                                     required("milliseconds", &ProbeReport::milliseconds),
                                     field("notes", &ProbeReport::notes)};
};

template <>
struct FieldsOf<Inventory> {
  static constexpr std::tuple all = {
      required("origin", &Inventory::origin),      field("host", &Inventory::host),
      field("machine_id", &Inventory::machine_id), field("taken_at", &Inventory::taken_at),
      required("devices", &Inventory::devices),    required("pools", &Inventory::pools),
      field("links", &Inventory::links),           field("probes", &Inventory::probes)};
};

}  // namespace berth::structs
