#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace berth::process {
namespace {

/// Whether it is a child of ours still, so that its number is nobody else's.
bool is_ours(pid_t pid) {
  siginfo_t state{};
  return waitid(P_PID, static_cast<id_t>(pid), &state, WEXITED | WNOHANG | WNOWAIT) == 0;
}

enum class Ended { yes, not_yet, taken };  // taken: by somebody else

Ended try_reap(pid_t pid, siginfo_t& how) {
  how = {};
  int result = 0;
  do result = waitid(P_PID, static_cast<id_t>(pid), &how, WEXITED | WNOHANG);
  while (result != 0 && errno == EINTR);
  if (result != 0) return Ended::taken;
  return how.si_pid == pid ? Ended::yes : Ended::not_yet;
}

/// Children that sit in the kernel and cannot be killed, as some broken drivers do. They are looked after now and then,
/// since waiting could take for ever.
class Undead {
 public:
  void add(pid_t pid) {
    const std::lock_guard lock(mutex_);
    pids_.push_back(pid);
  }
  void reap() {
    const std::lock_guard lock(mutex_);
    siginfo_t ignored;
    std::erase_if(pids_, [&](pid_t pid) { return try_reap(pid, ignored) != Ended::not_yet; });
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> pids_;
};
Undead undead;

}  // namespace

Child::Child(Command command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "a pipe");
  answer_.reset(ends[0]);
  const Descriptor far_end(ends[1]);
  pid_ = spawn(std::move(command), far_end);
}

Child::Child(Command command, int third, int errors) : pid_(spawn(std::move(command), third, errors)) {}

Child::~Child() {
  if (pid_ <= 0) return;
  kill(Victims::all);
  undead.add(pid_);
}

bool Child::read_some(std::string& answer) {
  if (!listens()) return false;
  char buffer[1 << 16];
  const auto got = ::read(answer_, buffer, sizeof buffer);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got <= 0) {
    close();
    return false;
  }
  answer.append(buffer, static_cast<std::size_t>(got));
  return true;
}

void Child::kill(Victims victims) const {
  if (pid_ > 0 && is_ours(pid_)) ::kill(victims == Victims::all ? -pid_ : pid_, SIGKILL);
}

bool Child::ends_by(Clock::time_point time) const {
  for (auto pause = std::chrono::microseconds(50);; pause = std::min(2 * pause, std::chrono::microseconds(2000))) {
    siginfo_t state{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &state, WEXITED | WNOHANG | WNOWAIT) != 0 || state.si_pid == pid_) return true;
    if (Clock::now() > time) return false;
    std::this_thread::sleep_for(pause);
  }
}

std::optional<Exit> Child::reap(Clock::time_point dead_by) {
  const pid_t pid = std::exchange(pid_, -1);
  siginfo_t how;
  for (auto pause = std::chrono::microseconds(50);; pause = std::min(2 * pause, std::chrono::microseconds(2000))) {
    const auto ended = try_reap(pid, how);
    if (ended == Ended::yes) return Exit{how.si_code != CLD_EXITED, how.si_status};
    if (ended == Ended::taken) return std::nullopt;
    if (Clock::now() > dead_by) break;
    std::this_thread::sleep_for(pause);
  }
  undead.add(pid);
  return Exit{true, SIGKILL};
}

std::vector<bool> wait_for_some(std::span<Child* const> children, std::chrono::milliseconds timeout) {
  std::vector<pollfd> watched;
  for (const Child* child : children) watched.push_back({child->answer_, POLLIN, 0});
  const auto limit = std::clamp<std::int64_t>(timeout.count(), 0, std::numeric_limits<int>::max());
  const bool any = poll(watched.data(), watched.size(), static_cast<int>(limit)) > 0;
  std::vector<bool> ready;
  for (const auto& each : watched) ready.push_back(any && each.revents != 0);
  return ready;
}

void reap_undead() { undead.reap(); }

}  // namespace berth::process
