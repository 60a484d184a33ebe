#include "engine/shared_model.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "engine/cancellable_mutex.h"

namespace berth {
namespace {

struct Entry {
  CancellableMutex loading;
  std::weak_ptr<const void> model;
};

/// What two wishes must share to get the same weights: also the file's time, since it may be replaced.
std::string key_of(std::string_view kind, const std::filesystem::path& file, const Value& wish) {
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(file, error);
  const auto time = std::filesystem::last_write_time(file, error);
  const auto when = error ? 0 : time.time_since_epoch().count();
  const auto bytes = std::filesystem::file_size(file, error);  // a folder has none
  return fmt::format("{}\n{}\n{}\n{}\n{}", kind, wish.to_json(), path.string(), when, error ? 0 : bytes);
}

std::shared_ptr<Entry> entry(const std::string& key) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<Entry>> entries;
  const std::lock_guard lock(mutex);
  std::erase_if(entries, [](const auto& each) { return each.second.use_count() == 1 && each.second->model.expired(); });
  auto& found = entries[key];
  if (!found) found = std::make_shared<Entry>();
  return found;
}

}  // namespace

std::shared_ptr<const void> shared_object(std::string_view kind, const std::filesystem::path& file, const Value& wish,
                                          const std::stop_token& stop,
                                          const std::function<std::shared_ptr<const void>()>& load) {
  const auto own = entry(key_of(kind, file, wish));
  const auto lock = own->loading.lock(stop);
  auto model = own->model.lock();
  if (!model) own->model = model = load();
  return model;
}

}  // namespace berth
