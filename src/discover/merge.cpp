#include "discover/merge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "discover/remote/rpc_worker.h"
#include "text/nearest.h"

namespace berth::discovery {
namespace {

/// The 32 digits of "GPU-4f1c..-..", as every API knows them; empty where it is another kind of name.
std::string uuid_digits(std::string_view uuid) {
  for (const std::string_view prefix : {"GPU-", "MIG-"})
    if (uuid.starts_with(prefix)) uuid.remove_prefix(prefix.size());
  std::string digits;
  for (const char c : lower(uuid))
    if (c != '-') digits += c;
  return digits;
}

bool is_mig(const DeviceInfo& info) { return info.gpu && !info.gpu->mig_profile.empty(); }

template <class T>
void fill(T& known, T& news) {
  if (known == T{}) known = std::move(news);
}

template <class T>
void append_new(std::vector<T>& known, std::vector<T>& news) {
  for (auto& each : news)
    if (std::ranges::find(known, each) == known.end()) known.push_back(std::move(each));
}

void add_note(std::string& known, std::string_view news) {
  if (news.empty() || known.find(news) != known.npos) return;
  known.append(known.empty() ? "" : "; ").append(news);
}

void fill_gpu(GpuInfo& known, GpuInfo& news) {
  fill(known.compute_capability, news.compute_capability);
  fill(known.mig_profile, news.mig_profile);
  fill(known.bar1_bytes, news.bar1_bytes);
  fill(known.power_w, news.power_w);
  fill(known.power_limit_w, news.power_limit_w);
  fill(known.temperature_c, news.temperature_c);
  append_new(known.throttled_by, news.throttled_by);
}

/// Adds what `news` knows of the same hardware.
void add(DeviceInfo& known, DeviceInfo news) {
  fill(known.name, news.name);
  fill(known.vendor, news.vendor);
  if (known.total_bytes == 0) {
    known.total_bytes = news.total_bytes;
    known.free_bytes = news.free_bytes;
    known.free_is_known = news.free_is_known;
    fill(known.pool, news.pool);
  } else if (news.total_bytes != 0 && news.free_is_known && !known.free_is_known) {
    known.free_bytes = std::min(known.free_bytes, news.free_bytes);
    known.free_is_known = true;
  }
  known.integrated |= news.integrated;
  fill(known.pci_id, news.pci_id);
  if (!is_mig(known)) fill(known.uuid, news.uuid);
  fill(known.numa_node, news.numa_node);
  fill(known.driver, news.driver);
  append_new(known.engines, news.engines);
  append_new(known.apis, news.apis);
  append_new(known.types, news.types);
  add_note(known.note, news.note);
  if (known.gpu && news.gpu)
    fill_gpu(*known.gpu, *news.gpu);
  else
    fill(known.gpu, news.gpu);
  fill(known.cpu, news.cpu);
  fill(known.disk, news.disk);
  fill(known.remote, news.remote);
  fill(known.speed, news.speed);
}

/// Two addresses are two pieces, also where a driver gives both the same UUID.
bool are_elsewhere(const DeviceInfo& a, const DeviceInfo& b) {
  return !a.pci_id.empty() && !b.pci_id.empty() && a.pci_id != b.pci_id;
}

/// MIG instances share the PCI id of their GPU, not its UUID.
bool same_identity(const DeviceInfo& a, const DeviceInfo& b) {
  if (are_elsewhere(a, b)) return false;
  if (!a.uuid.empty() && !b.uuid.empty() && uuid_digits(a.uuid) == uuid_digits(b.uuid)) return true;
  return !is_mig(a) && !is_mig(b) && !a.pci_id.empty() && a.pci_id == b.pci_id;
}

bool is_cpu(const DeviceInfo& info) { return info.device.type() == DeviceType::cpu; }

bool same_hardware(const DeviceInfo& known, const DeviceInfo& info) {
  return same_identity(known, info) || (is_cpu(known) && is_cpu(info));
}

/// Whether one API gives both the same index.
bool share_index(const DeviceInfo& a, const DeviceInfo& b) {
  return std::ranges::any_of(a.apis,
                             [&](const DeviceName& name) { return std::ranges::find(b.apis, name) != b.apis.end(); });
}

bool goes_by_type(const DeviceInfo& info, DeviceType type) {
  return info.device.type() == type ||
         std::ranges::find(info.apis, to_string(type), &DeviceName::in) != info.apis.end();
}

bool may_be_called_alike(const DeviceInfo& a, const DeviceInfo& b) {
  return a.name.empty() || b.name.empty() || lower(a.name) == lower(b.name);
}

Device next_free(const std::vector<DeviceInfo>& devices, DeviceType type) {
  int next = 0;
  for (const auto& info : devices)
    if (info.device.type() == type) next = std::max(next, info.device.id().value_or(0) + 1);
  return Device(type, next);
}

/// "GPU.0 (Intel Arc A770)"
std::string name_of(const DeviceInfo& sighting) {
  return sighting.apis.empty() ? sighting.name : fmt::format("{} ({})", sighting.apis.front().name, sighting.name);
}

class Merger {
 public:
  void take(Findings findings, bool is_engine) {
    const auto before = inventory_.devices.size();  // what one probe lists twice are two pieces
    OrderedMap<std::string> names;                  // this probe's name of a device: its final one
    const auto listed = findings.devices;
    for (auto& info : findings.devices) {
      const auto name = info.device.str();
      const auto known = std::span(inventory_.devices).first(before);
      auto match = std::ranges::find_if(known, [&](const DeviceInfo& each) { return same_hardware(each, info); });
      if (match == known.end() && is_engine) {
        const auto meant = meant_by_engine(known, by_probes_, info, listed);
        if (meant.size() > 1) {
          findings.report.notes.push_back(cannot_tell(info, known, meant));
          continue;
        }
        if (!meant.empty()) match = known.begin() + static_cast<std::ptrdiff_t>(meant.front());
      }
      if (match != known.end()) {
        if (info.pool == name) info.pool = match->device.str();
        add(*match, std::move(info));
        names.set(name, match->device.str());
        continue;
      }
      if (is_taken(info.device)) info.device = next_free(inventory_.devices, info.device.type());
      if (info.pool == name) info.pool = info.device.str();
      names.set(name, info.device.str());
      inventory_.devices.push_back(std::move(info));
    }
    for (const auto& info : findings.sightings) {
      sight(info);
      if (info.uuid.empty() && info.pci_id.empty() && !info.cpu)
        findings.report.notes.push_back(
            fmt::format("{} tells neither a UUID nor a PCI address: which device it is is unknown", name_of(info)));
    }
    for (auto& pool : findings.pools) {
      if (const auto* name = names.find(pool.id)) pool.id = *name;
      const auto known = std::ranges::find(inventory_.pools, pool.id, &MemoryPool::id);
      if (known == inventory_.pools.end())
        inventory_.pools.push_back(std::move(pool));
      else if (known->total_bytes == 0)
        *known = std::move(pool);
    }
    for (auto& link : findings.links) {
      for (auto* end : {&link.from, &link.to})
        if (const auto* name = names.find(*end)) *end = *name;
      links_.push_back(std::move(link));
    }
    if (!is_engine) by_probes_ = inventory_.devices.size();
    if (findings.uses_workers)
      for (auto& info : inventory_.devices)
        if (info.remote)
          info.engines.push_back(
              {findings.report.probe, fmt::format("{}/{}", info.remote->endpoint, info.remote->number)});
    inventory_.probes.push_back(std::move(findings.report));
  }

  Inventory finish() && {
    std::ranges::stable_sort(inventory_.devices, {}, &DeviceInfo::device);
    for (auto& info : inventory_.devices) settle_pool(info);
    std::erase_if(inventory_.pools, [&](const MemoryPool& pool) {
      return std::ranges::find(inventory_.devices, pool.id, &DeviceInfo::pool) == inventory_.devices.end();
    });
    for (auto& link : links_) add_link(std::move(link));
    return std::move(inventory_);
  }

 private:
  using Known = std::span<const DeviceInfo>;

  /// The known devices that one may be which an engine lists without UUID or PCI address: none, the one it is, or several
  /// that nothing tells apart. Its index counts only in the API that says it; otherwise it can be told where it is the only
  /// one of its type, or of its type and name, on both sides. Only what probes saw counts there (the first `by_probes`): an
  /// engine lists no more than it wants to use.
  static std::vector<std::size_t> meant_by_engine(Known known, std::size_t by_probes, const DeviceInfo& info,
                                                  Known listed) {
    const auto indices = [&](auto is_meant, std::size_t end) {
      std::vector<std::size_t> found;
      for (std::size_t i = 0; i < end; ++i)
        if (!are_elsewhere(known[i], info) && is_meant(known[i])) found.push_back(i);
      return found;
    };
    if (!info.apis.empty())
      return indices([&](const DeviceInfo& each) { return share_index(each, info); }, known.size());
    if (!info.pci_id.empty() || !info.uuid.empty()) return {};
    const auto type = info.device.type();
    const auto is_alike = [&](const DeviceInfo& each) {
      return goes_by_type(each, type) && may_be_called_alike(each, info);
    };
    auto found = indices(is_alike, by_probes);
    const auto twins = std::ranges::count_if(listed, [&](const DeviceInfo& each) {
      return each.device.type() == type && each.pci_id.empty() && each.uuid.empty() && may_be_called_alike(each, info);
    });
    if (found.size() == 1 && twins > 1) found.push_back(found.front());
    return found;
  }

  static std::string cannot_tell(const DeviceInfo& info, Known known, const std::vector<std::size_t>& meant) {
    std::vector<std::string> names;
    for (const auto i : meant)
      if (auto name = known[i].device.str(); std::ranges::find(names, name) == names.end())
        names.push_back(std::move(name));
    return fmt::format(
        "{} ({}) tells neither a UUID nor a PCI address and may be {}{}: it is not used, as nothing tells which it is",
        info.engines.empty() ? info.device.str() : info.engines.front().name, info.name, fmt::join(names, " or "),
        names.size() == 1 ? " as others of the engine may" : "");
  }

  bool is_taken(const Device& device) const {
    return std::ranges::find(inventory_.devices, device, &DeviceInfo::device) != inventory_.devices.end();
  }

  /// A GPU that is seen as a whole tells of each MIG instance on it, but not how much memory that has. What is in use by
  /// any account is in use.
  void sight(const DeviceInfo& info) {
    for (auto& known : inventory_.devices) {
      const bool same = same_identity(known, info) || (info.cpu && is_cpu(known));
      const bool whole = is_mig(known) && !is_mig(info) && !info.pci_id.empty() && known.pci_id == info.pci_id;
      if (!same && !whole) continue;
      add(known, info);
      if (same && info.total_bytes != 0 && info.free_is_known)
        known.free_bytes = std::min(known.free_bytes, info.free_bytes);
    }
  }

  /// The pool of a device is there, and neither has more free than there is, nor a device more than its pool.
  void settle_pool(DeviceInfo& info) {
    if (const auto* pool = inventory_.pool(info.pool); pool != nullptr && pool->total_bytes != 0 && !info.integrated)
      info.total_bytes = std::min(info.total_bytes, pool->total_bytes);
    info.free_bytes = info.free_is_known ? std::min(info.free_bytes, info.total_bytes) : info.total_bytes;
    if (info.pool.empty()) info.pool = is_cpu(info) || info.integrated ? "ram" : info.device.str();
    const auto pool = std::ranges::find(inventory_.pools, info.pool, &MemoryPool::id);
    if (pool != inventory_.pools.end()) {
      pool->free_bytes = std::min(pool->free_bytes, pool->total_bytes);
      if (pool->kind == PoolKind::device) pool->free_bytes = std::min(pool->free_bytes, info.free_bytes);
      if (pool->total_bytes != 0) info.free_bytes = std::min(info.free_bytes, pool->free_bytes);
      info.free_is_known |= pool->kind == PoolKind::host && pool->total_bytes != 0;
    }
    if (!info.free_is_known) add_note(info.note, "How much of its memory is in use is not known");
    if (pool != inventory_.pools.end()) return;
    const auto type = info.device.type();
    const auto kind = info.pool == "ram"         ? PoolKind::host
                      : type == DeviceType::disk ? PoolKind::disk
                      : type == DeviceType::rpc  ? PoolKind::remote
                                                 : PoolKind::device;
    inventory_.pools.push_back({info.pool, kind, info.total_bytes, info.free_bytes, {}});
  }

  /// The final name of what a link ends at: a device, by name, UUID or PCI id, or a NUMA node; empty where it is not
  /// there.
  std::string link_end(const std::string& end) const {
    for (const auto& info : inventory_.devices)
      if (info.device.str() == end || info.uuid == end || info.pci_id == end) return info.device.str();
    return end.starts_with("numa:") ? end : "";
  }

  void add_link(Link link) {
    if (link.from.empty() || link.to.empty()) return;
    link.from = link_end(link.from);
    link.to = link_end(link.to);
    const auto same = [&](const Link& known) {
      return known.kind == link.kind &&
             ((known.from == link.from && known.to == link.to) || (known.from == link.to && known.to == link.from));
    };
    if (link.from.empty() || link.to.empty() || link.from == link.to) return;
    if (std::ranges::none_of(inventory_.links, same)) inventory_.links.push_back(std::move(link));
  }

  Inventory inventory_;
  std::size_t by_probes_ = 0;  // of its devices
  std::vector<Link> links_;
};

}  // namespace

Inventory merge(std::vector<Findings> probes, std::vector<Findings> engines) {
  Merger merger;
  for (auto& each : probes) merger.take(std::move(each), false);
  for (auto& each : engines) merger.take(std::move(each), true);
  return std::move(merger).finish();
}

}  // namespace berth::discovery
