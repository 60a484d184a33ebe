#include "engine/reservation.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <string>
#include <system_error>

#include "discover/host/system_file.h"
#include "engine/run_folder.h"
#include "text/file.h"

namespace berth {
namespace {

/// One that looks at its drivers takes some seconds; one that was stopped must not stop all others.
constexpr std::chrono::seconds patience{20};
/// Who looks for what a crash has left has the lock of a new file for a moment.
constexpr std::chrono::seconds moment{1};

std::uint64_t less(std::uint64_t most, std::uint64_t held) { return most - std::min(most, held); }

std::atomic<pid_t> owner_of_models = 0;  // none: this process

/// What `most` has beyond `held`, part by part: a cache that is not full yet does not free room for weights.
std::vector<DeviceUse> beyond(std::vector<DeviceUse> most, const std::vector<DeviceUse>& held) {
  for (auto& use : most) {
    const auto found = std::ranges::find(held, use.device, &DeviceUse::device);
    if (found == held.end()) continue;
    use.weights = less(use.weights, found->weights);
    use.cache = less(use.cache, found->cache);
    use.compute = less(use.compute, found->compute);
    use.overhead = found->total() > 0 ? 0 : use.overhead;  // once the device is in use
  }
  return most;
}

}  // namespace

Reservation::Reservation(std::filesystem::path model, std::vector<DeviceUse> most) : most_(std::move(most)) {
  static std::atomic<int> count = 0;
  std::erase_if(most_, [](const DeviceUse& use) { return use.device.type() == DeviceType::disk; });  // no memory
  model_ = {.pid = getpid(),
            .program = discovery::first_line("/proc/self/comm"),
            .path = std::move(model),
            .kept = most_,
            .since = std::time(nullptr),
            .owner = owner_of_models};
  const auto folder = run_folder();
  if (!folder) return;
  const auto name = std::to_string(model_.pid) + "-" + std::to_string(count++);
  lock_ = lock_file(*folder / (name + ".lock"), moment);
  file_ = *folder / (name + ".json");
  write();
}

Reservation::~Reservation() { release(); }

void Reservation::release() {
  const std::lock_guard lock(mutex_);
  if (!lock_) return;
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  std::filesystem::remove(file_.replace_extension(".lock"), ignored);
  lock_.reset();
}

void Reservation::set_held(std::vector<DeviceUse> held) {
  const std::lock_guard lock(mutex_);
  if (held == model_.held) return;
  model_.held = std::move(held);
  model_.kept = beyond(most_, model_.held);
  write();
}

RunningModel Reservation::model() const {
  const std::lock_guard lock(mutex_);
  return model_;
}

void Reservation::keep_for(pid_t owner) { owner_of_models = owner; }

void Reservation::write() const {
  if (!lock_) return;
  try {
    write_file(file_, model_.to_dict().to_json());
  } catch (const std::exception&) {  // nobody else can be told, which is no reason to stop
  }
}

std::optional<Descriptor> lock_of_planning() {
  const auto folder = run_folder();
  return folder ? lock_file(*folder / "planning", patience) : std::nullopt;
}

}  // namespace berth
