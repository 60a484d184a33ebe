#include "engine/host/worker_watch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "discover/host/system_file.h"
#include "discover/remote/rpc_worker.h"
#include "net/sockets.h"

namespace berth::host {
namespace {

using std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;

constexpr milliseconds time_to_get_known{2000};
constexpr milliseconds time_for_a_second{250};
constexpr milliseconds least_patience{3500};
constexpr milliseconds most_patience{30'000};
constexpr milliseconds between_greetings{500};
constexpr milliseconds patience_after_a_loss{5000};
constexpr milliseconds time_to_connect{2000};
constexpr int least_stopped_looks = 3;  // this process may have been stopped itself

milliseconds since(Instant start) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

/// How long to wait for a greeting while it computes; none for one that serves nobody else meanwhile.
std::optional<milliseconds> patience_with(const std::string& endpoint) {
  try {
    const auto start = std::chrono::steady_clock::now();
    const discovery::RpcWorker first(endpoint, time_to_get_known);
    const auto usual = since(start);
    const auto second_start = std::chrono::steady_clock::now();
    discovery::RpcWorker::ask_front(endpoint, time_for_a_second + 5 * usual);
    return std::clamp(20 * since(second_start), least_patience, most_patience);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

bool greets(const std::string& endpoint, milliseconds patience, milliseconds to_connect) {
  try {
    discovery::RpcWorker::ask_front(endpoint, patience, to_connect);
    return true;
  } catch (const discovery::RpcError& problem) {  // one that answers anything is there
    return problem.kind != discovery::RpcError::Kind::silent && problem.kind != discovery::RpcError::Kind::unreachable;
  } catch (const std::exception&) {  // that is no fault of the worker
    return true;
  }
}

/// What `work` answers for each, side by side.
template <class Answer, class Each, class Work>
std::vector<std::pair<std::string, Answer>> side_by_side(const Each& endpoints, Work work) {
  std::vector<std::pair<std::string, std::future<Answer>>> asked;
  for (const auto& endpoint : endpoints) asked.emplace_back(endpoint, std::async(std::launch::async, work, endpoint));
  std::vector<std::pair<std::string, Answer>> answers;
  for (auto& [endpoint, answer] : asked) answers.emplace_back(endpoint, answer.get());
  return answers;
}

/// None for one on another machine, or of another user.
std::vector<pid_t> processes_of(const std::string& endpoint) try {
  const auto at = discovery::RpcEndpoint::parse(endpoint);
  return net::is_loopback(at.host) ? net::listeners_at(at.port) : std::vector<pid_t>();
} catch (const std::invalid_argument&) {  // what is wrong with it is told by who is to connect to it
  return {};
}

bool is_stopped(pid_t process) {
  const auto line = discovery::first_line("/proc/" + std::to_string(process) + "/stat");
  const auto end_of_name = line.rfind(") ");
  return end_of_name != line.npos && line.compare(end_of_name + 2, 1, "T") == 0;
}

std::set<std::string> silent_of(const std::map<std::string, milliseconds>& patience) {
  std::vector<std::string> endpoints;
  for (const auto& [endpoint, time] : patience) endpoints.push_back(endpoint);
  const auto greeted = side_by_side<bool>(
      endpoints, [&](const std::string& each) { return greets(each, patience.at(each), patience.at(each)); });
  std::set<std::string> silent;
  for (const auto& [endpoint, there] : greeted)
    if (!there) silent.insert(endpoint);
  return silent;
}

}  // namespace

std::set<std::string> endpoints_of(const OrderedMap<DeviceKey>& keys) {
  std::set<std::string> endpoints;
  for (const auto& [name, key] : keys)
    if (!key.endpoint.empty()) endpoints.insert(key.endpoint);
  return endpoints;
}

std::set<std::string> WorkerWatch::expect(const std::set<std::string>& endpoints) {
  const auto known = side_by_side<std::optional<milliseconds>>(endpoints, patience_with);
  const std::lock_guard lock(mutex_);
  patience_.clear();
  here_.clear();
  others_.clear();
  std::set<std::string> watched;
  for (const auto& [endpoint, patience] : known) {
    if (patience) {
      patience_[endpoint] = *patience;
      watched.insert(endpoint);
    } else if (auto pids = processes_of(endpoint); !pids.empty()) {
      here_[endpoint] = {std::move(pids)};
    } else {
      others_.insert(endpoint);
    }
  }
  return watched;
}

std::set<std::string> WorkerWatch::told_by_time() const {
  const std::lock_guard lock(mutex_);
  return others_;
}

std::set<std::string> WorkerWatch::stopped_too_long() {
  std::set<std::string> found;
  for (auto& [endpoint, process] : here_) {
    if (!std::ranges::all_of(process.pids, is_stopped))
      process.stopped_looks = 0;
    else if (++process.stopped_looks == 1)
      process.stopped_since = Clock::now();
    if (process.stopped_looks >= least_stopped_looks && Clock::now() - process.stopped_since >= least_patience)
      found.insert(endpoint);
  }
  return found;
}

std::string WorkerWatch::look() {
  const std::lock_guard lock(mutex_);
  if (patience_.empty() && here_.empty()) return {};
  if (!greeting_.valid()) {
    if (Clock::now() - greeted_ >= between_greetings)
      greeting_ = std::async(std::launch::async, [patience = patience_] { return silent_of(patience); });
    return {};
  }
  if (greeting_.wait_for(milliseconds(0)) != std::future_status::ready) return {};
  const auto silent = greeting_.get();
  greeted_ = Clock::now();
  const auto stopped = stopped_too_long();
  for (const auto* some : {&silent, &stopped}) lost_.insert(some->begin(), some->end());
  if (!silent.empty()) return fmt::format("the worker {} greets nobody any more", fmt::join(silent, " and "));
  return stopped.empty() ? std::string() : fmt::format("the worker {} is stopped", fmt::join(stopped, " and "));
}

std::set<std::string> WorkerWatch::silent(const std::set<std::string>& endpoints) {
  std::set<std::string> silent;
  std::vector<std::string> others;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& endpoint : endpoints)
      lost_.contains(endpoint) ? void(silent.insert(endpoint)) : others.push_back(endpoint);
    lost_.clear();
  }
  const auto greeted = side_by_side<bool>(others, [](const std::string& each) {
    try {
      discovery::RpcWorker::ask_front(each, patience_after_a_loss, time_to_connect);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  });
  for (const auto& [endpoint, there] : greeted)
    if (!there) silent.insert(endpoint);
  return silent;
}

}  // namespace berth::host
