#include "engine/host/worker_child.h"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <utility>

#include "discover/driver_probes.h"

namespace berth::host {
namespace {

constexpr std::chrono::seconds time_for_child_to_end{2};

process::Command command_of_child(const WorkerOptions& options) {
  auto machine = discovery::Machine::this_one();
  machine.environment["GGML_NO_BACKTRACE"] = "1";
  const auto program = discovery::probe_helper(machine, "berth-engine-host");
  return {{program.string(), "--worker", options.to_dict().to_json()}, std::move(machine.environment)};
}

}  // namespace

WorkerChild::WorkerChild(const WorkerOptions& options) : WorkerChild(options, Connection::pair()) {}

WorkerChild::WorkerChild(const WorkerOptions& options, std::pair<Descriptor, Descriptor> ends)
    : line_(std::move(ends.first)) {
  process::reap_undead();
  process_.emplace(command_of_child(options), ends.second, words_.for_writing());
  words_.close_writing();
}

WorkerChild::~WorkerChild() { end(); }

bool WorkerChild::is_ready_by(process::Clock::time_point time) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(time - process::Clock::now()).count();
    pollfd watched{line_.socket(), POLLIN, 0};
    const int found = left <= 0 ? 0 : poll(&watched, 1, static_cast<int>(left));
    if (found > 0) try {
        return line_.receive().has_value();
      } catch (const ConnectionLost&) {
        return false;
      }
    if (left <= 0) return false;
  }
}

bool WorkerChild::has_ended() {
  words_.read();
  return process_->ends_by(process::Clock::now());
}

bool WorkerChild::hand(int client) try {
  line_.send(Kind::open_session, {}, client);
  return true;
} catch (const ConnectionLost&) {
  return false;
}

void WorkerChild::wait() {
  bool speaks = true;
  for (;;) {
    std::array<pollfd, 2> watched = {{{line_.socket(), POLLRDHUP, 0}, {speaks ? words_.for_reading() : -1, POLLIN, 0}}};
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    if (watched[1].revents != 0) words_.read();
    speaks = (watched[1].revents & POLLHUP) == 0;
  }
}

std::string WorkerChild::end() {
  if (!process_) return {};
  line_.shut_down();
  process_->ends_by(process::Clock::now() + time_for_child_to_end);
  process_->kill(process::Child::Victims::all);
  const auto exit = process_->reap(process::Clock::now() + time_for_child_to_end);
  process_.reset();
  words_.read();
  if (exit == process::Exit{} && words_.text().empty()) return {};
  return ending(exit) + words_.text();
}

}  // namespace berth::host
