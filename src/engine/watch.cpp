#include "berth/watch.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string_view>

namespace berth {
namespace {

using Changes = std::vector<InventoryChange>;

constexpr std::string_view pool_mark = "pool ";

std::uint64_t distance(const Value& a, const Value& b) {
  if (!a.is_int() || !b.is_int()) return UINT64_MAX;
  const auto change = b.as_int() - a.as_int();  // both are counts: nothing overflows
  return static_cast<std::uint64_t>(change < 0 ? -change : change);
}

Value part(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  return found == nullptr ? Value() : *found;
}

/// All but this (power, temperature, swap, ...) changes at nearly every look.
bool is_worth_telling(const InventoryChange& change, std::uint64_t min_bytes) {
  constexpr std::array<std::string_view, 8> always = {"",     "host", "machine_id", "device",
                                                      "name", "uuid", "pci_id",     "gpu.throttled_by"};
  if (change.field == "free_bytes") return distance(change.before, change.after) >= min_bytes;
  return std::ranges::find(always, change.field) != always.end();
}

/// What changed of what is told, and of free memory also what is too little to be told.
Changes changes_of(const Inventory& told, const Inventory& now) {
  auto changes = diff(told, now);
  for (auto& change : changes)
    if (change.field == "gpu") {  // a probe that was late does not hide that a GPU is throttled
      constexpr std::string_view name = "throttled_by";
      auto before = part(change.before, name);
      auto after = part(change.after, name);
      if (before != after) change = {change.what, "gpu.throttled_by", std::move(before), std::move(after)};
    }
  return changes;
}

/// What a device or pool is called after `changes`.
std::string name_after(const Changes& changes, const std::string& what) {
  const bool is_pool = what.starts_with(pool_mark);
  for (const auto& change : changes)
    if (change.what == what && change.field == (is_pool ? "id" : "device")) return change.after.as_string();
  return is_pool ? what.substr(pool_mark.size()) : what;
}

/// Free memory stays as it was told until its change is told: else what grows slowly never would be.
void keep_as_told(Inventory& now, const Changes& changes, const InventoryChange& untold) {
  const auto name = name_after(changes, untold.what);
  const auto bytes = static_cast<std::uint64_t>(untold.before.as_int());
  if (untold.what.starts_with(pool_mark)) {
    const auto pool = std::ranges::find(now.pools, name, &MemoryPool::id);
    if (pool != now.pools.end()) pool->free_bytes = bytes;
  } else {
    const auto named = [&](const DeviceInfo& info) { return info.device.str() == name; };
    const auto device = std::ranges::find_if(now.devices, named);
    if (device != now.devices.end()) device->free_bytes = bytes;
  }
}

void watch(const std::stop_token& stop, Inventory told, const Watch::Callback& callback, const WatchOptions& options) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, stop, options.interval, [&] { return stop.stop_requested(); })) {
    auto now = options.look();
    const auto changes = changes_of(told, now);
    Changes to_tell;
    told = now;
    for (const auto& change : changes)
      if (is_worth_telling(change, options.min_change_bytes))
        to_tell.push_back(change);
      else if (change.field == "free_bytes")
        keep_as_told(told, changes, change);
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
