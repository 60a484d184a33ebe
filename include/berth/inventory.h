/// What a machine has: its devices, where their memory is, how they are connected, and what each probe saw.
///
///     const auto inventory = discover();
///     for (const auto& info : inventory.devices) std::cout << info.device << ' ' << info.name << '\n';
///     inventory.save("machine.json");
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/ordered_map.h"
#include "berth/value.h"

namespace berth {

enum class PoolKind { host, device, disk, remote };

/// Memory that one or more devices use. Two devices that name the same pool share its bytes.
struct MemoryPool {
  std::string id;  ///< "ram", "cuda:0", "disk:/home"
  PoolKind kind = PoolKind::host;
  std::uint64_t total_bytes = 0;  ///< what may be used of it: a limit of a container counts
  std::uint64_t free_bytes = 0;   ///< at the time of asking; page cache that can be given up is free
  std::string limited_by = {};    ///< what makes the total less than the hardware has: "cgroup /docker/4f"

  bool operator==(const MemoryPool&) const = default;
};

enum class LinkKind { memory, pcie, nvlink, xgmi, network, storage };

std::string_view to_string(LinkKind kind);  ///< "pcie", "nvlink", ...

/// A way on which bytes go from one device to another, in both directions alike.
struct Link {
  std::string from;  ///< a device ("cuda:0") or a NUMA node ("numa:1")
  std::string to;
  LinkKind kind = LinkKind::pcie;
  double bytes_per_s = 0;                 ///< one direction; 0 where unknown
  std::optional<double> latency_us = {};  ///< of the smallest transfer
  bool measured = false;                  ///< else what the hardware promises
  std::string detail = {};                ///< "PCIe 5.0 x16", "18 NVLinks"

  bool operator==(const Link&) const = default;
};

struct CpuCache {
  int level = 1;
  std::uint64_t bytes = 0;  ///< of one
  int count = 1;

  bool operator==(const CpuCache&) const = default;
};

struct NumaNode {
  int id = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;
  int cores = 0;

  bool operator==(const NumaNode&) const = default;
};

struct CpuInfo {
  int packages = 1;
  int cores = 1;                          ///< physical ones of the machine
  int threads = 1;                        ///< hardware threads of the machine
  int usable_cores = 1;                   ///< by affinity mask and CPU quota
  std::optional<double> quota_cpus = {};  ///< of the cgroup, where there is one
  std::vector<NumaNode> numa_nodes = {};
  std::vector<CpuCache> caches = {};
  std::vector<std::string> features = {};  ///< that engines dispatch on: "avx2", "avx512f", "amx_int8", "neon", "sve"
  std::uint64_t huge_page_bytes = 0;       ///< size of one; 0: none are set aside
  std::uint64_t huge_pages_free = 0;
  std::uint64_t swap_total_bytes = 0;
  std::uint64_t swap_free_bytes = 0;

  bool operator==(const CpuInfo&) const = default;
};

struct GpuInfo {
  std::string compute_capability = {};  ///< "9.0" of NVIDIA, "gfx942" of AMD
  std::string mig_profile = {};         ///< "1g.10gb" where it is a MIG instance
  std::uint64_t bar1_bytes = 0;
  std::optional<double> power_w = {};
  std::optional<double> power_limit_w = {};
  std::optional<double> temperature_c = {};
  std::vector<std::string> throttled_by = {};  ///< "power", "heat"; empty: it runs at full speed

  bool operator==(const GpuInfo&) const = default;
};

struct DiskInfo {
  std::string path = {};  ///< the folder that was asked for
  std::string mount_point = {};
  std::string file_system = {};  ///< "ext4"
  std::string source = {};       ///< "/dev/nvme0n1p2"
  std::optional<bool> rotational = {};

  bool operator==(const DiskInfo&) const = default;
};

struct RemoteInfo {
  std::string endpoint = {};  ///< "127.0.0.1:50052"
  std::string version = {};   ///< of its protocol
  std::uint32_t number = 0;   ///< of the device on its worker
  std::string name = {};      ///< of the worker, in the list of the user

  bool operator==(const RemoteInfo&) const = default;
};

/// How fast a device multiplies with weights of one type.
struct TypeSpeed {
  std::string type = {};          ///< as ggml names it: "Q4_K"
  double memory_bytes_per_s = 0;  ///< of weights, for one token
  double flops = 0;               ///< for many tokens
  double row_s = 0;               ///< of each row of a matrix for one token, beyond its bytes: short rows are slower

  bool operator==(const TypeSpeed&) const = default;
};

/// What was measured of a device by measure().
struct DeviceSpeed {
  double memory_bytes_per_s = 0;      ///< with weights in F16
  double flops = 0;                   ///< of products of matrices in F16
  std::vector<TypeSpeed> types = {};  ///< of weights in other types
  double operation_s = 0;             ///< of each operation for one token, beyond reading weights: a layer has some 20

  bool operator==(const DeviceSpeed&) const = default;
};

/// One piece of hardware, with all names that it goes by.
struct DeviceInfo {
  Device device = Device::cpu();  ///< its index is PyTorch's
  std::string name = {};          ///< what a person calls it: "AMD EPYC 9654", "NVIDIA H200"
  std::string vendor = {};        ///< "NVIDIA"
  std::string pool = {};          ///< the id of its memory pool
  std::uint64_t total_bytes = 0;  ///< of that pool, as this device may use it
  std::uint64_t free_bytes = 0;
  bool free_is_known = true;  ///< else nothing tells what is in use, and free_bytes is all there is
  bool integrated = false;    ///< shares the memory of the CPU
  std::string pci_id = {};    ///< "0000:65:00.0"
  std::string uuid = {};      ///< as its driver writes it
  std::optional<int> numa_node = {};
  std::string driver = {};               ///< "580.65.06 (CUDA 13.0)"
  std::vector<DeviceName> engines = {};  ///< that can use it, with its name there
  std::vector<DeviceName> apis = {};     ///< that know it, with its index there
  std::vector<std::string> types = {};   ///< of numbers that it computes with natively: "fp16", "bf16", "int8"
  std::string note = {};                 ///< what a person should know of it
  std::optional<CpuInfo> cpu = {};
  std::optional<GpuInfo> gpu = {};
  std::optional<DiskInfo> disk = {};
  std::optional<RemoteInfo> remote = {};
  std::optional<DeviceSpeed> speed = {};

  DeviceKey key() const;  ///< which piece of hardware it is

  bool operator==(const DeviceInfo&) const = default;
};

enum class ProbeOutcome {
  found,
  nothing,  ///< all is well, and there is no such device
  no_driver,
  driver_too_old,
  missing_symbol,  ///< the library is there and is another than expected
  no_permission,
  hidden,  ///< an environment variable hides all there is
  timed_out,
  crashed,
  failed,  ///< the driver answered with an error
  skipped
};
std::string_view to_string(ProbeOutcome outcome);  ///< "found", ..., "driver_too_old"

/// What one probe saw.
struct ProbeReport {
  std::string probe;  ///< "cuda"
  ProbeOutcome outcome = ProbeOutcome::nothing;
  std::string message = {};  ///< for a person: why nothing was found, and what to do
  std::string library = {};  ///< that was opened
  std::string library_version = {};
  double milliseconds = 0;
  std::vector<std::string> notes = {};  ///< "CUDA_VISIBLE_DEVICES=1 hides cuda 0 (NVIDIA H200, GPU-4f1c)"

  bool operator==(const ProbeReport&) const = default;
};

enum class InventoryOrigin {
  this_machine,  ///< made by discover() in this process
  recorded,      ///< loaded
  simulated      ///< made from a text or a synthetic topology
};

/// A machine, as a value. Devices are in the order of their types and indices, the CPU first.
struct Inventory {
  InventoryOrigin origin = InventoryOrigin::simulated;
  std::string host = {};        ///< its name
  std::string machine_id = {};  ///< the same at each discovery of one installation, and good for nothing else
  std::string taken_at = {};    ///< "2026-01-31T12:00:00Z"
  std::vector<DeviceInfo> devices = {};
  std::vector<MemoryPool> pools = {};
  std::vector<Link> links = {};
  std::vector<ProbeReport> probes = {};

  /// The device of that name. A name without an id means the first of its type; id 0 also finds a device without an id.
  /// nullptr where there is none.
  const DeviceInfo* find(const Device& device) const;
  const MemoryPool* pool(std::string_view id) const;
  /// Which piece of hardware each device of `device` is, by the device's name there. What the machine lacks is left out.
  OrderedMap<DeviceKey> keys(const ComponentDevice& device) const;

  /// The form of docs/inventory.schema.json.
  Value to_dict() const;
  /// From that form; the origin becomes `recorded`, unless it was simulated. Throws std::invalid_argument saying where
  /// what is wrong: pools that do not exist, devices that are there twice, numbers out of range, a newer schema.
  static Inventory from_dict(const Value& dict);

  /// Written beside and renamed, so that a reader sees all or nothing. Throws std::filesystem::filesystem_error.
  void save(const std::filesystem::path& path) const;
  /// Throws FormatError for what is no inventory, std::filesystem::filesystem_error for what cannot be read.
  static Inventory load(const std::filesystem::path& path);

  bool operator==(const Inventory&) const = default;
};

/// One thing that two inventories do not have in common.
struct InventoryChange {
  std::string what;   ///< "cuda:1", "pool ram", "link cuda:0 - cuda:1"
  std::string field;  ///< "free_bytes"; empty where all of it appeared or went
  Value before;       ///< null where it appeared
  Value after;        ///< null where it went

  std::string str() const;  ///< "cuda:1 free_bytes: 100 -> 90"
  bool operator==(const InventoryChange&) const = default;
};

/// From `before` to `after`. Devices are the same by UUID or PCI id, not by index. Time and probes do not count.
std::vector<InventoryChange> diff(const Inventory& before, const Inventory& after);

/// A machine from a short text, "cpu:64GiB,cuda:2x24GiB@1000GB/s,link:25GB/s" (docs/inventory.md has the grammar), or
/// from a topology of hwloc ("hwloc:package:2 core:8 pu:2", "hwloc:FILE.xml"). Throws std::invalid_argument with the
/// place of what is wrong, and for a file as Inventory::load.
Inventory simulate(std::string_view machine);

struct DiscoverOptions {
  std::optional<std::vector<std::string>> probes = {};  ///< their names; absent: all
  /// How long a probe or an engine waits for a driver. Absent: 2 s. As a driver may have to start first, `cuda` and
  /// `nvml` wait 3 s more for each NVIDIA GPU on the PCI bus, and engines for each GPU of any vendor.
  std::optional<std::chrono::milliseconds> probe_timeout = {};
  /// true: processes of their own enter drivers. false: no process does, so that probes of drivers are skipped, and so
  /// are engines that were built for GPUs.
  bool child_processes = true;
  bool engines = true;                              ///< also ask the engines of this build
  std::vector<std::string> rpc_endpoints = {};      ///< "127.0.0.1:50052"; one that is there twice counts once
  OrderedMap<std::string> rpc_names = {};           ///< what the user calls workers, by endpoint
  std::vector<std::filesystem::path> folders = {};  ///< whose file systems are wanted as disks

  /// What the engines of this build can use, and nothing else: the quickest look.
  static DiscoverOptions engines_only();
  /// As BERTH_PROBES ("cpu,cuda"), BERTH_PROBE_TIMEOUT (milliseconds) and BERTH_RPC ("host:port,...") say, and the list of
  /// workers behind those (docs/workers-list.md). Throws std::invalid_argument naming the variable, FormatError with the
  /// line of the list.
  static DiscoverOptions from_environment();
};

/// Bytes of memory of the host that this process can have without swapping, by cgroup and cpuset too. 0 where unknown.
std::uint64_t available_memory_bytes();

/// Looks at this machine. A driver that is missing, hangs or crashes is a report, never an error.
/// Safe to call from several threads.
Inventory discover(const DiscoverOptions& options = DiscoverOptions::from_environment());

}  // namespace berth
