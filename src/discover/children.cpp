#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <deque>
#include <utility>

#include "discover/driver_probes.h"
#include "process/child.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

using process::Clock;
using std::chrono::milliseconds;

constexpr std::size_t longest_answer = 16 << 20;  // of an answer
constexpr milliseconds time_to_die{1000};         // for those that were killed, together
constexpr milliseconds longest_timeout = std::chrono::hours(1);
constexpr milliseconds time_of_a_gpu{3000};  // that its driver may take to start
constexpr std::size_t most_slow_gpus = 16;

process::Command command_of(const Probe& probe, const Machine& machine) {
  std::vector<std::string> arguments{probe_helper(machine, probe.program).string(), std::string(probe.name),
                                     machine.root.string(), machine.library_dir.string()};
  for (const auto& endpoint : machine.rpc_endpoints) arguments.push_back("rpc=" + endpoint);
  for (const auto& folder : machine.folders) arguments.push_back("folder=" + folder.string());
  return {std::move(arguments), machine.environment};
}

milliseconds within_limits(milliseconds timeout) { return std::clamp(timeout, milliseconds(0), longest_timeout); }

/// One probe in its process, which ends with this.
class ProbeChild {
 public:
  ProbeChild(const Probe& probe, const Machine& machine, std::optional<milliseconds> timeout)
      : probe_(probe),
        timeout_(within_limits(timeout.value_or(default_probe_timeout))),
        may_ask_for_more_(!timeout),
        process_(command_of(probe, machine)) {}

  bool running() const { return process_.listens(); }
  process::Child& child() { return process_; }
  milliseconds left() const { return std::chrono::ceil<milliseconds>(started_ + timeout_ - Clock::now()); }

  /// Whether its driver may take longer to start; asked of the machine only where that matters.
  bool has_more_time(const Machine& machine) {
    if (!std::exchange(may_ask_for_more_, false)) return false;
    timeout_ = time_for(probe_, machine, std::nullopt);
    return left() > milliseconds(0);
  }

  /// Takes in what is there.
  void read_some() {
    if (!process_.read_some(text_) || text_.size() > longest_answer || answered()) stop();
  }

  /// An answer that is there counts, also where this process slept past the deadline.
  void give_up() {
    const std::array own{&process_};
    while (running() && process::wait_for_some(own, milliseconds(0))[0]) read_some();
    if (!running()) return;
    in_time_ = false;
    stop();
  }

  /// One that hangs or crashed may leave processes behind. One that answered is at its end, and what a driver started for
  /// good may stay.
  void kill_it() const {
    process_.kill(answered() ? process::Child::Victims::only_itself : process::Child::Victims::all);
  }

  /// After it was killed.
  Findings findings(Clock::time_point dead_by) {
    const auto how = process_.reap(dead_by);
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
    } else if (text_.size() > longest_answer) {
      report.outcome = ProbeOutcome::failed;
      report.message =
          fmt::format("The process of this probe wrote more than {} MiB and was ended.", longest_answer >> 20);
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
    process_.close();
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
  static bool ended_late(const std::optional<process::Exit>& how) {
    if (!how) return true;
    return how->by_signal ? how->number == SIGKILL || how->number == SIGPIPE : how->number == 0;
  }

  static std::string what_ended(const std::optional<process::Exit>& how) {
    if (!how) return "Ended without an answer";
    if (!how->by_signal) return fmt::format("Ended itself with exit status {}", how->number);
    const char* name = sigabbrev_np(how->number);
    return name == nullptr ? fmt::format("Crashed: signal {}", how->number) : fmt::format("Crashed: SIG{}", name);
  }

  const Probe& probe_;
  milliseconds timeout_;
  bool may_ask_for_more_;
  bool in_time_ = true;
  Clock::time_point started_ = Clock::now();
  Clock::time_point stopped_ = started_;
  process::Child process_;
  std::string text_;
};

Findings not_started(const Probe& probe, const std::string& why) {
  Findings findings;
  findings.report = {
      .probe = std::string(probe.name), .outcome = ProbeOutcome::failed, .message = printable(why, 1000)};
  return findings;
}

/// Until each has answered, ended or used up its time.
void wait_for(std::deque<ProbeChild>& children, const Machine& machine) {
  for (;;) {
    std::vector<ProbeChild*> running;
    std::vector<process::Child*> processes;
    auto left = milliseconds::max();
    for (auto& child : children) {
      if (!child.running()) continue;
      if (child.left() <= milliseconds(0) && !child.has_more_time(machine)) {
        child.give_up();
        continue;
      }
      running.push_back(&child);
      processes.push_back(&child.child());
      left = std::min(left, std::max(child.left(), milliseconds(0)));
    }
    if (running.empty()) return;
    const auto ready = process::wait_for_some(processes, left);
    for (std::size_t i = 0; i < running.size(); ++i)
      if (ready[i]) running[i]->read_some();
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
  process::reap_undead();
  std::vector<Findings> all(probes.size());
  std::vector<std::size_t> started;
  std::deque<ProbeChild> children;
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
