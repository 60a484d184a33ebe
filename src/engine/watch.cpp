#include "berth/watch.h"

#include <condition_variable>
#include <exception>
#include <mutex>

namespace berth {
namespace {

std::uint64_t distance(const Value& a, const Value& b) {
  if (!a.is_int() || !b.is_int()) return UINT64_MAX;
  const auto change = b.as_int() - a.as_int();  // both are counts: nothing overflows
  return static_cast<std::uint64_t>(change < 0 ? -change : change);
}

/// What is worth telling, from the machine as it was last told of.
std::vector<InventoryChange> changes_to_tell(const Inventory& told, const Inventory& now, std::uint64_t min_bytes) {
  auto changes = diff(told, now);
  std::erase_if(changes, [&](const InventoryChange& change) {
    return change.field == "free_bytes" && distance(change.before, change.after) < min_bytes;
  });
  return changes;
}

void watch(const std::stop_token& stop, Inventory told, const Watch::Callback& callback, const WatchOptions& options) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, stop, options.interval, [&] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) return;
    auto now = options.look();
    const auto changes = changes_to_tell(told, now, options.min_change_bytes);
    if (changes.empty()) continue;
    callback(now, changes);
    told = std::move(now);
  }
}

}  // namespace

Watch::Watch(Inventory start, Callback callback, WatchOptions options)
    : thread_([start = std::move(start), callback = std::move(callback),
               options = std::move(options)](const std::stop_token& stop) mutable {
        try {
          watch(stop, std::move(start), callback, options);
        } catch (const std::exception&) {
          return;  // as documented: it ends here, and not the program
        }
      }) {}

Watch::~Watch() = default;

}  // namespace berth
