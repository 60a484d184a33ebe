#include "engine/host/host_process.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "berth/error.h"
#include "discover/driver_probes.h"
#include "discover/host/system_file.h"
#include "engine/host/failure.h"

namespace berth::host {
namespace {

using process::Clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds time_of_a_message{30};  // that was begun
constexpr milliseconds time_to_end{2000};
constexpr milliseconds between_looks{500};
constexpr std::chrono::seconds patience_when_stopped{5};

/// Ticks of the processor that a process has used, in all its threads; none where that is not known.
std::optional<std::uint64_t> ticks_of(pid_t pid) {
  const auto line = discovery::first_line("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  unsigned long long user = 0;
  unsigned long long system = 0;
  if (std::sscanf(line.c_str() + name_end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
                  &system) != 2)
    return std::nullopt;
  return user + system;
}

process::Command command(const std::string& engine) {
  auto machine = discovery::Machine::this_one();
  const auto program = discovery::probe_helper(machine, "berth-engine-host");
  machine.environment["GGML_NO_BACKTRACE"] = "1";  // it would start a debugger when it aborts
  return {{program.string(), engine}, std::move(machine.environment)};
}

}  // namespace

HostProcess::HostProcess(Subject subject, std::chrono::seconds patience, std::shared_ptr<WorkerWatch> watch)
    : subject_(std::move(subject)), patience_(patience), watch_(std::move(watch)) {
  process::reap_undead();
  auto [here, there] = Connection::pair();
  child_ = std::make_unique<process::Child>(command(subject_.engine), there, log_.for_writing());
  log_.close_writing();
  pid_ = child_->pid();
  control_ = std::make_unique<Connection>(std::move(here), time_of_a_message);
}

HostProcess::~HostProcess() {
  control_->shut_down();  // at which it ends by itself
  const std::lock_guard lock(mutex_);
  end(time_to_end);
}

std::unique_ptr<Connection> HostProcess::connect() {
  auto [here, there] = Connection::pair();
  send(*control_, Kind::open_session, {}, there);
  return std::make_unique<Connection>(std::move(here), time_of_a_message);
}

void HostProcess::send(Connection& connection, Kind kind, std::string_view body, int descriptor) {
  try {
    connection.send(kind, body, descriptor);
  } catch (const ConnectionLost& problem) {
    lose(problem.what());
  }
}

Message HostProcess::receive(Connection& connection, const std::stop_token& stop) {
  auto quiet_since = Clock::now();
  std::optional<std::uint64_t> ticks;
  bool logs = true;
  for (;;) {
    std::array<pollfd, 2> watched = {{{connection.socket(), POLLIN, 0}, {logs ? log_.for_reading() : -1, POLLIN, 0}}};
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(between_looks.count()));
    if (ready > 0 && watched[0].revents != 0) {
      try {
        if (auto message = connection.receive()) return std::move(*message);
      } catch (const ConnectionLost& problem) {
        lose(problem.what());
      }
      lose("");
    }
    if (ready > 0 && watched[1].revents != 0) {
      const std::lock_guard lock(mutex_);
      log_.read();
      logs = (watched[1].revents & POLLIN) != 0;
      continue;
    }
    if (const auto now = ticks_of(pid_); now != ticks) {
      ticks = now;
      quiet_since = Clock::now();
      continue;
    }
    const auto patience = stop.stop_requested() ? patience_when_stopped : patience_;
    if (patience.count() != 0 && Clock::now() - quiet_since > patience)
      lose(fmt::format("it neither answered nor computed for {} s", patience.count()));
    if (const auto problem = watch_->look(); !problem.empty()) lose(problem);
  }
}

Value HostProcess::json_of(const Message& message) {
  try {
    return Value::from_json(message.body);
  } catch (const FormatError& problem) {
    lose(std::string("it sent what is no JSON: ") + problem.what());
  }
}

Value HostProcess::ask(Kind kind, const Value& what, const std::stop_token& stop) {
  const std::lock_guard lock(asking_);
  send(*control_, kind, what.to_json());
  const auto answer = receive(*control_, stop);
  if (answer.kind == Kind::failed) throw_failure(answer.body);
  if (answer.kind != Kind::done) lose("it answered what it was not asked for");
  return json_of(answer);
}

/// One that is ending by itself keeps its own reason: a signal does not change it any more.
void HostProcess::end(milliseconds grace) {
  if (!child_) return;
  const auto child = std::exchange(child_, nullptr);
  child->ends_by(Clock::now() + grace);
  child->kill(process::Child::Victims::all);
  exit_ = child->reap(Clock::now() + time_to_end);
  log_.read();
}

void HostProcess::lose(std::string_view problem) {
  const std::lock_guard lock(mutex_);
  end(problem.empty() ? time_to_end : milliseconds(0));
  throw EngineLost(subject_.engine, subject_.devices,
                   fmt::format("the process of the engine {}{}{}",
                               problem.empty() ? ending(exit_) : "was ended: ", problem, log_.text()));
}

}  // namespace berth::host
