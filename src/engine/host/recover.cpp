#include "engine/host/recover.h"

#include <fmt/format.h>

#include <exception>
#include <string_view>

namespace berth::host {
namespace {

/// "rpc:0 (10.0.0.5:50052)", or the engine where all workers are there.
std::string names_of(const std::set<std::string>& silent, const OrderedMap<DeviceKey>& keys) {
  std::string names;
  for (const auto& [name, key] : keys)
    if (silent.contains(key.endpoint)) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", name, key.endpoint);
  return names.empty() ? "the engine" : names;
}

[[noreturn]] void give_up(const EngineLost& why, std::string_view what, std::string_view problem) {
  throw EngineLost(why.engine(), why.device(), fmt::format("{}; {}: {}", why.cause(), what, problem));
}

}  // namespace

std::string recover(WorkerWatch& watch, const OrderedMap<DeviceKey>& keys, const EngineLost& why, int most_tries,
                    const WaysOn& ways) {
  for (int tries = 1;; ++tries) try {
      const auto silent = watch.silent(endpoints_of(keys));
      auto lost = fmt::format("{} was lost: {}", names_of(silent, keys), why.cause());
      if (silent.empty() && tries == 1)
        ways.again();
      else
        ways.elsewhere(silent);
      return lost;
    } catch (const Cancelled&) {
      throw;
    } catch (const ModelDoesNotFit& problem) {
      give_up(why, "nothing else can go on", problem.what());
    } catch (const EngineError& problem) {
      if (tries >= most_tries) give_up(why, "loading anew failed", problem.cause());
    } catch (const std::exception& problem) {  // of a file that is gone, say
      give_up(why, "loading anew failed", problem.what());
    }
}

void load_or_recover(WorkerWatch& watch, const OrderedMap<DeviceKey>& keys, int most_tries,
                     const std::function<void()>& load, const std::function<void(const EngineLost&)>& go_on) {
  try {
    load();
  } catch (const EngineLost& problem) {
    if (most_tries == 0) throw;
    go_on(problem);
  } catch (const EngineError& problem) {  // a worker that went before its first byte of the model is no less lost
    if (most_tries == 0 || watch.silent(endpoints_of(keys)).empty()) throw;
    go_on(EngineLost(problem.engine(), problem.device(), problem.cause()));
  }
}

}  // namespace berth::host
