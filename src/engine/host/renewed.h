/// A model in a process of its own that is loaded anew, on what is left, when that process or a device is lost.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "berth/engine.h"
#include "berth/error.h"
#include "engine/cancellable_mutex.h"
#include "engine/host/recover.h"

namespace berth::host {

/// How it went.
struct Recovery {
  std::string what;  ///< was lost, and where it goes on
  bool is_new;       ///< false: another thread did it
};

/// What is loaded, by which request, and losses that nobody was told of yet. A `Known` is made of each `Model` and stays when that is
/// lost: what the owner of this tells of it, and where() it is. Safe to use from several threads.
template <class Model, class Request, class Known>
class Renewed {
 public:
  using Loaded = std::shared_ptr<const Model>;
  /// How it is loaded: as a request says, and by another plan without the workers that are silent, with the request for that.
  struct Ways {
    std::function<Loaded(const Request&, const LoadContext&)> load;
    std::function<std::pair<Loaded, Request>(const std::set<std::string>& silent, const LoadContext&)> elsewhere;
  };
  using TellLoss = std::function<void(Recovery&&)>;

  Renewed(Request first, int most_tries, WorkerWatch& watch, Ways ways)
      : most_tries_(most_tries), watch_(watch), ways_(std::move(ways)), latest_(std::move(first)) {}

  /// To be called once, before all else.
  void load(const LoadContext& context) {
    load_or_recover(
        watch_, latest_.keys, most_tries_, [&] { set_current(ways_.load(latest_, context)); },
        [&](const EngineLost& problem) {
          const auto what = recover(nullptr, problem, context.stop, context.log).what;
          if (context.log) context.log(LogLevel::warning, what);
        });
  }

  Loaded current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  /// Of the model as it was loaded last; what this answered before stays.
  const Known& known() const {
    const std::lock_guard lock(mutex_);
    return known_.back();
  }

  int most_tries() const { return most_tries_; }

  /// Loads the model anew where `lost` is still the current one. Throws EngineLost where that is given up, and Cancelled.
  Recovery recover(const Loaded& lost, const EngineLost& why, const std::stop_token& stop, const LogCallback& log) {
    const auto one_at_a_time = recovering_.lock(stop);
    if (current() != lost) return {last_recovery_, false};
    const LoadContext context{.stop = stop, .log = log};
    const auto elsewhere = [&](const std::set<std::string>& silent) {
      auto [model, request] = ways_.elsewhere(silent, context);
      latest_ = std::move(request);
      set_current(std::move(model));
    };
    const WaysOn ways{.again = [&] { set_current(ways_.load(latest_, context)); }, .elsewhere = elsewhere};
    const auto what = host::recover(watch_, latest_.keys, why, most_tries_, ways);
    last_recovery_ = fmt::format("{}; going on on {}", what, known().where());
    return {last_recovery_, true};
  }

  /// What `work` answers, on a model that was loaded anew where need be; `tell` hears of each loss. Throws as recover().
  template <class Work>
  auto outlive(Work work, const TellLoss& tell, const std::stop_token& stop, const LogCallback& log = {}) {
    for (int tries = 1;; ++tries) {
      const auto model = current();
      try {
        return work(*model);
      } catch (const EngineLost& problem) {
        if (stop.stop_requested()) throw Cancelled("The model was lost, and its caller does not want it anew");
        if (tries > most_tries_) throw;
        tell(recover(model, problem, stop, log));
      }
    }
  }

  /// The same for a question that has no log: a loss waits in take_untold().
  template <class Work>
  auto ask(Work work, const std::stop_token& stop = {}) {
    const auto keep = [this](Recovery&& loss) {
      const std::lock_guard lock(mutex_);
      if (loss.is_new) untold_.push_back(std::move(loss.what));
    };
    return outlive(work, keep, stop);
  }

  /// Whoever takes them tells them.
  std::vector<std::string> take_untold() {
    const std::lock_guard lock(mutex_);
    return std::exchange(untold_, {});
  }

 private:
  void set_current(Loaded model) {
    const std::lock_guard lock(mutex_);
    known_.emplace_back(*model);
    current_ = std::move(model);
  }

  const int most_tries_;
  WorkerWatch& watch_;
  const Ways ways_;
  CancellableMutex recovering_;  // of what follows
  Request latest_;               // what is loaded
  std::string last_recovery_;
  mutable std::mutex mutex_;  // of what follows
  Loaded current_;
  std::list<Known> known_;  // the last one counts
  std::vector<std::string> untold_;
};

}  // namespace berth::host
