#include "engine/host/worker_child.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "discover/driver_probes.h"

namespace berth::host {
namespace {

constexpr std::chrono::seconds time_for_child_to_end{2};
constexpr int most_silent_looks = 8;  // 4 s, counted in looks: the front itself may have been stopped

process::Command command_of_child(const WorkerOptions& options) {
  auto machine = discovery::Machine::this_one();
  machine.environment["GGML_NO_BACKTRACE"] = "1";
  const auto program = discovery::probe_helper(machine, "berth-engine-host");
  return {{program.string(), "--worker", options.to_dict().to_json()}, std::move(machine.environment)};
}

}  // namespace

WorkerChild::WorkerChild(const WorkerOptions& options, MemoryCount* memory)
    : WorkerChild(options, memory, Connection::pair()) {}

WorkerChild::WorkerChild(const WorkerOptions& options, MemoryCount* memory, std::pair<Descriptor, Descriptor> ends)
    : memory_(memory), line_(std::move(ends.first)) {
  process::reap_undead();
  process_.emplace(command_of_child(options), ends.second, words_.for_writing());
  words_.close_writing();
  if (memory_ == nullptr) return;
  number_ = memory_->enter();
  try {
    line_.send(Kind::memory, std::to_string(number_), memory_->file());
  } catch (const ConnectionLost&) {  // it ended, which is_ready_by() and hand() tell
  }
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

void WorkerChild::end_if_frozen() {
  std::array<char, 1024> signs;
  const auto got = recv(line_.socket(), signs.data(), signs.size(), MSG_DONTWAIT);
  silent_looks_ = got < 0 && was_heard_ ? silent_looks_ + 1 : 0;
  was_heard_ = was_heard_ || got > 0;
  if (silent_looks_ < most_silent_looks) return;
  was_frozen_ = true;
  process_->kill(process::Child::Victims::all);
}

std::string WorkerChild::end() {
  if (!process_) return {};
  line_.shut_down();
  process_->ends_by(process::Clock::now() + time_for_child_to_end);
  process_->kill(process::Child::Victims::all);
  const auto exit = process_->reap(process::Clock::now() + time_for_child_to_end);
  process_.reset();
  if (memory_ != nullptr) memory_->leave(number_);
  words_.read();
  if (was_frozen_) return "was frozen, and was ended after 4 s" + words_.text();
  if (exit == process::Exit{} && words_.text().empty()) return {};
  return ending(exit) + words_.text();
}

}  // namespace berth::host
