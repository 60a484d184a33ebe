#include "engine/shared_model.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "engine/cancellable_mutex.h"

namespace berth {
namespace {

struct Entry {
  CancellableMutex loading;
  std::weak_ptr<const LoadedModel> model;
};

/// What two requests must share to get the same weights: also the file's time, since it may be replaced.
std::string key_of(const Engine& engine, const LoadRequest& request) {
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(request.model, error);
  const auto time = std::filesystem::last_write_time(request.model, error);
  const auto bytes = std::filesystem::file_size(request.model, error);
  auto data = request;
  data.model.clear();  // its path stands below, without links and as it is on disk
  return fmt::format("{}\n{}\n{}\n{}\n{}", engine.name(), data.to_dict().to_json(), path.string(),
                     error ? 0 : time.time_since_epoch().count(), error ? 0 : bytes);
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

std::shared_ptr<const LoadedModel> shared_model(const Engine& engine, const LoadRequest& request,
                                                const LoadContext& context) {
  const auto own = entry(key_of(engine, request));
  const auto lock = own->loading.lock(context.stop);
  auto model = own->model.lock();
  if (!model) {
    model = engine.load(request, context);
    own->model = model;
  }
  return model;
}

}  // namespace berth
