#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "discover/driver_probes.h"
#include "text/descriptor.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t most_bytes = 16 << 20;  // of an answer
constexpr milliseconds time_to_die{1000};     // for those that were killed, together
constexpr milliseconds longest_timeout = std::chrono::hours(1);
constexpr milliseconds time_of_a_gpu{3000};  // that its driver may take to start
constexpr std::size_t most_slow_gpus = 16;

/// Whether it is a child of ours still, so that its number is nobody else's. This program may have a handler that takes
/// the exit status of all children, or ignore SIGCHLD.
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

/// Children that sit in the kernel and cannot be killed, as some broken drivers do. Each discovery looks after them,
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

void require(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

struct FileActions {
  posix_spawn_file_actions_t value;
  FileActions() { require(posix_spawn_file_actions_init(&value), "posix_spawn"); }
  ~FileActions() { posix_spawn_file_actions_destroy(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
};

struct Attributes {
  posix_spawnattr_t value;
  Attributes() { require(posix_spawnattr_init(&value), "posix_spawn"); }
  ~Attributes() { posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> arguments_of(const std::filesystem::path& helper, const Probe& probe, const Machine& machine) {
  std::vector<std::string> arguments{helper.string(), std::string(probe.name), machine.root.string(),
                                     machine.library_dir.string()};
  for (const auto& endpoint : machine.rpc_endpoints) arguments.push_back("rpc=" + endpoint);
  for (const auto& folder : machine.folders) arguments.push_back("folder=" + folder.string());
  return arguments;
}

/// Starts it in a process group of its own, with `answer` as descriptor 3 and no other file of this process: a driver
/// prints, and must not meet a lock or a terminal of ours.
pid_t spawn(std::vector<std::string> arguments, const Machine& machine, int answer) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : machine.environment) environment.push_back(name + '=' + value);
  FileActions files;
  require(posix_spawn_file_actions_adddup2(&files.value, answer, 3), "posix_spawn");
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    require(posix_spawn_file_actions_addopen(&files.value, standard, "/dev/null", O_RDWR, 0), "posix_spawn");
  require(posix_spawn_file_actions_addclosefrom_np(&files.value, 4), "posix_spawn");
  Attributes attributes;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setsigdefault(&attributes.value, &all);
  posix_spawnattr_setpgroup(&attributes.value, 0);
  posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  require(posix_spawn(&pid, arguments[0].c_str(), &files.value, &attributes.value, pointers(arguments).data(),
                      pointers(environment).data()),
          arguments[0].c_str());
  return pid;
}

milliseconds within_limits(milliseconds timeout) { return std::clamp(timeout, milliseconds(0), longest_timeout); }

/// One probe in its process. The destructor ends it.
class Child {
 public:
  Child(const Probe& probe, const Machine& machine, std::optional<milliseconds> timeout)
      : probe_(probe), timeout_(within_limits(timeout.value_or(default_probe_timeout))), may_ask_for_more_(!timeout) {
    const auto helper = probe_helper(machine, probe.program);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) require(errno, "a pipe");
    out_.reset(ends[0]);
    const Descriptor answer(ends[1]);
    pid_ = spawn(arguments_of(helper, probe, machine), machine, answer);
  }
  ~Child() {
    if (pid_ <= 0) return;
    kill_it();
    undead.add(pid_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool running() const { return out_ >= 0; }
  int descriptor() const { return out_; }
  milliseconds left() const { return std::chrono::ceil<milliseconds>(started_ + timeout_ - Clock::now()); }

  /// Whether its driver may take longer to start; asked of the machine only where that matters.
  bool has_more_time(const Machine& machine) {
    if (!std::exchange(may_ask_for_more_, false)) return false;
    timeout_ = time_for(probe_, machine, std::nullopt);
    return left() > milliseconds(0);
  }

  /// Takes in what is there.
  void read_some() {
    char buffer[1 << 16];
    const auto got = read(out_, buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got > 0) text_.append(buffer, static_cast<std::size_t>(got));
    if (got <= 0 || text_.size() > most_bytes || answered()) stop();
  }

  /// An answer that is there counts, also where this process slept past the deadline.
  void give_up() {
    for (pollfd answer{descriptor(), POLLIN, 0}; running() && poll(&answer, 1, 0) > 0;) read_some();
    if (!running()) return;
    in_time_ = false;
    stop();
  }

  /// One that hangs or crashed may leave processes behind. One that answered is at its end, and what a driver started for
  /// good may stay.
  void kill_it() const {
    if (is_ours(pid_)) kill(answered() ? pid_ : -pid_, SIGKILL);
  }

  /// After it was killed.
  Findings findings(Clock::time_point dead_by) {
    const auto how = reap(dead_by);
    Findings result;
    auto& report = result.report;
    if (answered()) {
      try {
        result = Findings::from_json(std::string_view(text_).substr(answer_start()));
      } catch (const std::exception& problem) {
        result = {};
        report.outcome = ProbeOutcome::failed;
        report.message = "The process of this probe answered with what makes no sense: " + printable(problem.what());
      }
    } else if (text_.size() > most_bytes) {
      report.outcome = ProbeOutcome::failed;
      report.message = fmt::format("The process of this probe wrote more than {} MiB and was ended.", most_bytes >> 20);
    } else if (!in_time_ && ended_late(how)) {
      report.outcome = ProbeOutcome::timed_out;
      report.message =
          fmt::format("No answer in {} ms{}, given up. {} BERTH_PROBE_TIMEOUT={} waits longer; to do without it, {}.",
                      timeout_.count(), in_library(), probe_.why_slow, 5 * timeout_.count(), probe_.to_do_without);
    } else {
      report.outcome = ProbeOutcome::crashed;
      report.message = fmt::format("{}{}. Installing the driver anew may help; to do without it, {}.", what_ended(how),
                                   in_library(), probe_.to_do_without);
    }
    report.probe = probe_.name;
    if (report.library.empty() && !answered()) report.library = library();
    report.milliseconds = std::chrono::duration<double, std::milli>(stopped_ - started_).count();
    return result;
  }

 private:
  void stop() {
    out_.reset();
    stopped_ = Clock::now();
  }

  std::size_t answer_start() const {
    const auto end_before = text_.rfind('\n', text_.size() - 2);
    return end_before == std::string::npos ? 0 : end_before + 1;
  }
  /// A line of JSON is the last thing that it says.
  bool answered() const { return text_.size() >= 2 && text_.back() == '\n' && text_[answer_start()] == '{'; }

  /// The last one that it opened.
  std::string library() const {
    constexpr std::string_view word = "library ";
    const auto last = text_.rfind(word);
    if (last == std::string::npos) return {};
    return printable(std::string_view(text_).substr(last + word.size(), text_.find('\n', last) - last - word.size()));
  }
  std::string in_library() const { return library().empty() ? "" : " in " + library(); }

  /// Killed by us, or at its end while nobody listened any more.
  static bool ended_late(const std::optional<siginfo_t>& how) {
    if (!how) return true;
    if (how->si_code == CLD_EXITED) return how->si_status == 0;
    return how->si_status == SIGKILL || how->si_status == SIGPIPE;
  }

  static std::string what_ended(const std::optional<siginfo_t>& how) {
    if (!how) return "Ended without an answer";
    if (how->si_code == CLD_EXITED) return fmt::format("Ended itself with exit status {}", how->si_status);
    const char* name = sigabbrev_np(how->si_status);
    return name == nullptr ? fmt::format("Crashed: signal {}", how->si_status) : fmt::format("Crashed: SIG{}", name);
  }

  /// What ended it; none where that is not known.
  std::optional<siginfo_t> reap(Clock::time_point dead_by) {
    const pid_t pid = std::exchange(pid_, -1);
    siginfo_t how;
    for (auto pause = std::chrono::microseconds(50);; pause = std::min(2 * pause, std::chrono::microseconds(2000))) {
      const auto ended = try_reap(pid, how);
      if (ended == Ended::yes) return how;
      if (ended == Ended::taken) return std::nullopt;
      if (Clock::now() > dead_by) break;
      std::this_thread::sleep_for(pause);
    }
    undead.add(pid);
    how.si_code = CLD_KILLED;
    how.si_status = SIGKILL;
    return how;
  }

  const Probe& probe_;
  milliseconds timeout_;
  bool may_ask_for_more_;
  bool in_time_ = true;
  Clock::time_point started_ = Clock::now();
  Clock::time_point stopped_ = started_;
  Descriptor out_;
  pid_t pid_ = -1;
  std::string text_;
};

Findings not_started(const Probe& probe, const std::string& why) {
  Findings findings;
  findings.report = {
      .probe = std::string(probe.name), .outcome = ProbeOutcome::failed, .message = printable(why, 1000)};
  return findings;
}

/// Until each has answered, ended or used up its time.
void wait_for(std::deque<Child>& children, const Machine& machine) {
  for (;;) {
    std::vector<pollfd> watched;
    std::vector<Child*> running;
    auto left = milliseconds::max();
    for (auto& child : children) {
      if (!child.running()) continue;
      if (child.left() <= milliseconds(0) && !child.has_more_time(machine)) {
        child.give_up();
        continue;
      }
      watched.push_back({child.descriptor(), POLLIN, 0});
      running.push_back(&child);
      left = std::min(left, std::max(child.left(), milliseconds(0)));
    }
    if (running.empty()) return;
    if (poll(watched.data(), watched.size(), static_cast<int>(left.count())) <= 0) continue;
    for (std::size_t i = 0; i < running.size(); ++i)
      if (watched[i].revents != 0) running[i]->read_some();
  }
}

}  // namespace

milliseconds time_for(const Probe& probe, const Machine& machine, std::optional<milliseconds> timeout) {
  if (timeout) return within_limits(*timeout);
  const auto gpus = probe.slow_gpus == nullptr ? 0 : std::min(probe.slow_gpus(machine), most_slow_gpus);
  return default_probe_timeout + gpus * time_of_a_gpu;
}

std::vector<Findings> run_in_children(std::span<const Probe* const> probes, const Machine& machine,
                                      std::optional<milliseconds> timeout) {
  undead.reap();
  std::vector<Findings> all(probes.size());
  std::vector<std::size_t> started;
  std::deque<Child> children;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    try {
      children.emplace_back(*probes[i], machine, timeout);
      started.push_back(i);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& problem) {
      all[i] = not_started(*probes[i], problem.what());
    }
  }
  wait_for(children, machine);
  for (const auto& child : children) child.kill_it();
  const auto dead_by = Clock::now() + time_to_die;
  for (std::size_t i = 0; i < started.size(); ++i) all[started[i]] = children[i].findings(dead_by);
  return all;
}

}  // namespace berth::discovery
