#include "berth/watch.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "inventory/inventory_fields.h"
#include "inventory/matching.h"

namespace berth {
namespace {

using Changes = std::vector<InventoryChange>;

/// What changed of what is told. All else (power, temperature, swap, ...) changes at nearly every look.
class Comparison {
 public:
  /// Free memory in `now` becomes what it was before where it changed by less than `least`: else what grows slowly would
  /// never be told.
  Comparison(const Inventory& told, Inventory& now, std::uint64_t least) : now_(now), least_(least) {
    compare("machine", "host", told.host, now.host);
    compare("machine", "machine_id", told.machine_id, now.machine_id);
    const auto parts = match(told, now);
    parts.devices.for_each([&](const DeviceInfo* before, const DeviceInfo* after) { compare(before, after); });
    parts.pools.for_each([&](const MemoryPool* before, const MemoryPool* after) { compare(before, after); });
    parts.links.for_each([&](const Link* before, const Link* after) { comes_or_goes(before, after); });
  }

  Changes changes() && { return std::move(changes_); }

 private:
  template <class T>
  void compare(const std::string& what, std::string_view field, const T& before, const T& after) {
    if (before != after) changes_.push_back({what, std::string(field), structs::write(before), structs::write(after)});
  }

  template <class T>
  bool comes_or_goes(const T* before, const T* after) {
    if (before != nullptr && after != nullptr) return false;
    const auto value = [](const T* part) { return part == nullptr ? Value() : structs::write(*part); };
    changes_.push_back({what_is(before == nullptr ? *after : *before), "", value(before), value(after)});
    return true;
  }

  void compare(const DeviceInfo* before, const DeviceInfo* after) {
    if (comes_or_goes(before, after)) return;
    const auto what = what_is(*before);
    compare(what, "device", before->device, after->device);
    compare(what, "name", before->name, after->name);
    compare_free_bytes(*before, own(now_.devices, after));
    compare(what, "pci_id", before->pci_id, after->pci_id);
    compare(what, "uuid", before->uuid, after->uuid);
    compare(what, "gpu.throttled_by", throttled_by(*before), throttled_by(*after));
  }

  void compare(const MemoryPool* before, const MemoryPool* after) {
    if (!comes_or_goes(before, after)) compare_free_bytes(*before, own(now_.pools, after));
  }

  template <class T>
  static T& own(std::vector<T>& list, const T* part) {
    return list[static_cast<std::size_t>(part - list.data())];
  }

  template <class T>
  void compare_free_bytes(const T& before, T& now) {
    const auto [less, more] = std::minmax(before.free_bytes, now.free_bytes);
    if (more - less >= least_)
      compare(what_is(before), "free_bytes", before.free_bytes, now.free_bytes);
    else
      now.free_bytes = before.free_bytes;
  }

  /// None also where a probe was late and nothing is known of the GPU.
  static std::optional<std::vector<std::string>> throttled_by(const DeviceInfo& info) {
    if (!info.gpu || info.gpu->throttled_by.empty()) return std::nullopt;
    return info.gpu->throttled_by;
  }

  Inventory& now_;
  std::uint64_t least_;
  Changes changes_;
};

void watch(const std::stop_token& stop, Inventory told, const Watch::Callback& callback, const WatchOptions& options) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, stop, options.interval, [&] { return stop.stop_requested(); })) {
    const auto now = options.look();
    auto compared = now;
    const auto to_tell = Comparison(told, compared, options.min_change_bytes).changes();
    told = std::move(compared);
    if (!to_tell.empty()) callback(now, to_tell);
  }
}

}  // namespace

Watch::Watch(Inventory start, Callback callback, WatchOptions options) {
  if (options.interval <= std::chrono::milliseconds(0))
    throw std::invalid_argument("The interval of a Watch is above 0");
  thread_ = std::jthread([start = std::move(start), callback = std::move(callback),
                          options = std::move(options)](const std::stop_token& stop) mutable {
    try {
      watch(stop, std::move(start), callback, options);
    } catch (...) {
      return;  // as documented: it ends here, and not the program
    }
  });
}

Watch::~Watch() {
  if (thread_.get_id() != std::this_thread::get_id()) return;
  thread_.request_stop();
  thread_.detach();  // in its own callback it cannot wait for itself; what the thread uses is the thread's own
}

}  // namespace berth
