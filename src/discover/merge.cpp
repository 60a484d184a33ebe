#include "discover/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

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
    fill(known.pool, news.pool);
  }
  known.integrated |= news.integrated;
  fill(known.pci_id, news.pci_id);
  if (!is_mig(known)) fill(known.uuid, news.uuid);
  fill(known.numa_node, news.numa_node);
  fill(known.driver, news.driver);
  append_new(known.engines, news.engines);
  append_new(known.apis, news.apis);
  append_new(known.types, news.types);
  if (known.note.empty())
    known.note = std::move(news.note);
  else if (!news.note.empty() && known.note.find(news.note) == known.note.npos)
    known.note += "; " + news.note;
  if (known.gpu && news.gpu)
    fill_gpu(*known.gpu, *news.gpu);
  else
    fill(known.gpu, news.gpu);
  fill(known.cpu, news.cpu);
  fill(known.disk, news.disk);
  fill(known.remote, news.remote);
  fill(known.speed, news.speed);
}

/// MIG instances share the PCI id of their GPU, not its UUID.
bool same_hardware(const DeviceInfo& a, const DeviceInfo& b) {
  if (!a.uuid.empty() && !b.uuid.empty() && uuid_digits(a.uuid) == uuid_digits(b.uuid)) return true;
  if (a.device.type() == DeviceType::cpu && b.device.type() == DeviceType::cpu) return true;
  return !is_mig(a) && !is_mig(b) && !a.pci_id.empty() && a.pci_id == b.pci_id;
}

/// An engine counts as the API does that it uses.
bool same_by_name(const DeviceInfo& known, const DeviceInfo& info) {
  const DeviceName name{std::string(to_string(info.device.type())), std::to_string(info.device.id().value_or(0))};
  return same_hardware(known, info) || known.device == info.device ||
         std::ranges::find(known.apis, name) != known.apis.end();
}

Device next_free(const std::vector<DeviceInfo>& devices, DeviceType type) {
  int next = 0;
  for (const auto& info : devices)
    if (info.device.type() == type) next = std::max(next, info.device.id().value_or(0) + 1);
  return Device(type, next);
}

class Merger {
 public:
  template <class Same>
  void take(Findings findings, Same same) {
    const auto before = inventory_.devices.size();  // what one probe lists twice are two pieces
    OrderedMap<std::string> names;                  // this probe's name of a device: its final one
    for (auto& info : findings.devices) {
      const auto name = info.device.str();
      const auto known = std::span(inventory_.devices).first(before);
      const auto match = std::ranges::find_if(known, [&](const DeviceInfo& each) { return same(each, info); });
      if (match != known.end()) {
        add(*match, std::move(info));
        names.set(name, match->device.str());
        continue;
      }
      if (inventory_.find(info.device) != nullptr) info.device = next_free(inventory_.devices, info.device.type());
      names.set(name, info.device.str());
      inventory_.devices.push_back(std::move(info));
    }
    for (const auto& info : findings.sightings) sight(info);
    for (auto& pool : findings.pools)
      if (inventory_.pool(pool.id) == nullptr) inventory_.pools.push_back(std::move(pool));
    for (auto& link : findings.links) add_link(std::move(link), names);
    inventory_.probes.push_back(std::move(findings.report));
  }

  Inventory finish() && {
    std::ranges::stable_sort(inventory_.devices, {}, &DeviceInfo::device);
    std::erase_if(inventory_.pools, [&](const MemoryPool& pool) {
      return std::ranges::find(inventory_.devices, pool.id, &DeviceInfo::pool) == inventory_.devices.end();
    });
    return std::move(inventory_);
  }

 private:
  /// A GPU that is seen as a whole tells of each MIG instance on it, but not how much memory that has.
  void sight(const DeviceInfo& info) {
    for (auto& known : inventory_.devices) {
      const bool part_of_it = is_mig(known) && !is_mig(info) && !info.pci_id.empty() && known.pci_id == info.pci_id;
      if (part_of_it || same_hardware(known, info)) add(known, info);
    }
  }

  void add_link(Link link, const OrderedMap<std::string>& names) {
    for (auto* end : {&link.from, &link.to})
      if (const auto* name = names.find(*end)) *end = *name;
    const auto same = [&](const Link& known) {
      return known.kind == link.kind &&
             ((known.from == link.from && known.to == link.to) || (known.from == link.to && known.to == link.from));
    };
    if (std::ranges::none_of(inventory_.links, same)) inventory_.links.push_back(std::move(link));
  }

  Inventory inventory_;
};

}  // namespace

Inventory merge(std::vector<Findings> probes, std::vector<Findings> engines) {
  Merger merger;
  for (auto& each : probes) merger.take(std::move(each), same_hardware);
  for (auto& each : engines) merger.take(std::move(each), same_by_name);
  return std::move(merger).finish();
}

}  // namespace berth::discovery
