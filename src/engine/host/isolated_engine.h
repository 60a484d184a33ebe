/// An engine whose models all live in processes of their own.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "berth/engine.h"
#include "engine/host/worker_watch.h"

namespace berth::host {

/// Loads there, and asks there what a model on workers, or one in a file that nobody checked, would take. Asks `here` for everything
/// else.
class IsolatedEngine : public Engine {
 public:
  /// `here` runs in this process, and is listed by its name in the other. `watch` looks after the workers of its models.
  /// A `patience_s` stands for that of each request.
  explicit IsolatedEngine(const Engine& here, std::shared_ptr<WorkerWatch> watch = std::make_shared<WorkerWatch>(),
                          std::optional<int> patience_s = {})
      : here_(here), watch_(std::move(watch)), patience_s_(patience_s) {}

  std::string_view name() const override { return here_.name(); }
  std::string version() const override { return here_.version(); }
  std::vector<DeviceInfo> devices() const override { return here_.devices(); }
  bool uses_workers() const override { return here_.uses_workers(); }
  Measurement measure(const Device& device, const DeviceKey& key, std::chrono::milliseconds budget) const override {
    return here_.measure(device, key, budget);
  }
  MemoryUse memory(const std::filesystem::path& model, const Placement& placement, const ContextSpec& context,
                   const OrderedMap<DeviceKey>& keys) const override;
  std::shared_ptr<const LoadedModel> load(const LoadRequest& request, const LoadContext& context) const override;

 protected:
  const Engine& here_;
  std::shared_ptr<WorkerWatch> watch_;
  std::optional<int> patience_s_;
};

}  // namespace berth::host
