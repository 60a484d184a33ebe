/// The command line as a process of its own, with everything that a user's shell and terminal give it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace berth::test {

struct ProcessOptions {
  std::string input = {};  ///< standard input, then its end; not with terminal_input
  std::map<std::string, std::optional<std::string>> environment = {};  ///< on top of this process's; none: unset
  /// These are one pseudo-terminal, the process's own; the others are pipes.
  bool terminal_input = false;
  bool terminal_output = false;
  bool terminal_error = false;
  std::string output_file = {};  ///< where standard output goes instead
  std::string folder = {};       ///< where it runs
  std::string program = BERTH_BINARY;
  std::chrono::seconds timeout{60};
};

struct Outcome {
  int exit_code = -1;  ///< -1 where a signal ended it
  int signal = 0;      ///< that signal
  std::string out;     ///< with what was written to the terminal
  std::string err;
  double seconds = 0;
};

/// The command line, where it is linked into the test: a fork of the test then runs it as `berth` would. That saves the
/// start of a program with sanitizers, and the writing of counted lines, which take 0.3 s. The first process of each
/// test counts its lines and looks for leaks when it ends; the others do not.
inline int (*command_line)(int argc, char** argv) = nullptr;

/// A program that runs. The destructor ends it.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments, ProcessOptions options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void type(std::string_view text);  ///< at the terminal
  void send(int signal);
  pid_t pid() const { return pid_; }
  /// Whether `text` came on standard output, the terminal, or standard error, after what was waited for before.
  bool wait_for(std::string_view text);
  /// Whether its first thread waits for something: a key, where it was to be ready for one.
  bool waits() const;
  const std::string& output() const { return outcome_.out; }  ///< as far as it was waited for
  Outcome wait();  ///< until it ends; past the timeout it is killed, with "TIMEOUT" in `err`

  termios terminal_attributes() const;

 private:
  bool read_some(std::chrono::steady_clock::time_point deadline);

  ProcessOptions options_;
  pid_t pid_ = -1;
  int terminal_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  int ended_ = -1;  // readable once the process is gone
  std::size_t written_ = 0;
  std::size_t out_seen_ = 0;
  std::size_t err_seen_ = 0;
  Outcome outcome_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// `berth ARGUMENTS...`
inline Outcome berth_command(std::vector<std::string> arguments, ProcessOptions options = {});

namespace detail {

using Clock = std::chrono::steady_clock;

inline void require(bool holds, const char* what) {
  if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

/// The end to read and the end to write.
inline std::pair<int, int> make_pipe() {
  int ends[2];
  require(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  return {ends[0], ends[1]};
}

/// A fork has one thread only: what others held stays locked there.
inline bool is_single_threaded() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}) == 1;
}

inline bool is_first_of_this_test() {
  static const testing::TestInfo* last = nullptr;
  const auto* current = testing::UnitTest::GetInstance()->current_test_info();
  return std::exchange(last, current) != current;
}

/// As exec() would begin, with one descriptor more.
[[noreturn]] inline void run_command_line(std::vector<char*> argv, int kept, bool counted) {
  close_range(STDERR_FILENO + 1, static_cast<unsigned>(kept) - 1, 0);
  close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
  const int code = command_line(static_cast<int>(argv.size()) - 1, argv.data());
  if (counted) std::exit(code);
  std::fflush(nullptr);
  _exit(code);
}

inline void close_if_open(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

}  // namespace detail

inline Process::Process(std::vector<std::string> arguments, ProcessOptions options) : options_(std::move(options)) {
  int slave = -1;
  const bool terminal = options_.terminal_input || options_.terminal_output || options_.terminal_error;
  if (terminal) {
    winsize size = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    detail::require(openpty(&terminal_, &slave, nullptr, nullptr, &size) == 0, "openpty");
    fcntl(terminal_, F_SETFD, FD_CLOEXEC);
    fcntl(slave, F_SETFD, FD_CLOEXEC);
  }
  const auto in = detail::make_pipe();
  const auto out = detail::make_pipe();
  const auto err = detail::make_pipe();
  const auto ended = detail::make_pipe();
  const int file = options_.output_file.empty() ? -1 : open(options_.output_file.c_str(), O_WRONLY | O_CLOEXEC);

  arguments.insert(arguments.begin(), options_.program);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const bool here = command_line != nullptr && options_.program == BERTH_BINARY && detail::is_single_threaded();
  const bool counted = detail::is_first_of_this_test();
  std::fflush(nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a process may end before it has read all of its input
  pid_ = fork();
  detail::require(pid_ >= 0, "fork");
  if (pid_ == 0) {
    setsid();
    if (terminal) ioctl(slave, TIOCSCTTY, 0);
    dup2(options_.terminal_input ? slave : in.first, STDIN_FILENO);
    dup2(file >= 0 ? file : options_.terminal_output ? slave : out.second, STDOUT_FILENO);
    dup2(options_.terminal_error ? slave : err.second, STDERR_FILENO);
    fcntl(ended.second, F_SETFD, 0);  // closed by the end of the process only
    for (const auto& [name, value] : options_.environment)
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    if (!options_.folder.empty() && chdir(options_.folder.c_str()) != 0) _exit(126);
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGPIPE, SIG_DFL);
    if (here) detail::run_command_line(argv, ended.second, counted);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  if (slave >= 0) close(slave);
  if (file >= 0) close(file);
  close(in.first);
  close(out.second);
  close(err.second);
  close(ended.second);
  in_ = in.second;
  out_ = out.first;
  err_ = err.first;
  ended_ = ended.first;
  fcntl(in_, F_SETFL, O_NONBLOCK);
  if (options_.input.empty()) detail::close_if_open(in_);
}

inline Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int* descriptor : {&terminal_, &in_, &out_, &err_, &ended_}) detail::close_if_open(*descriptor);
}

inline void Process::type(std::string_view text) {
  detail::require(write(terminal_, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
                  "write to the terminal");
}

inline void Process::send(int signal) { kill(pid_, signal); }

/// Takes in what is there; false where the process is gone and all is read, or the time is over.
inline bool Process::read_some(detail::Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - detail::Clock::now()).count();
  if (left <= 0) return false;
  std::array<pollfd, 5> watched = {
      {{in_, POLLOUT, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}, {terminal_, POLLIN, 0}, {ended_, POLLIN, 0}}};
  if (poll(watched.data(), watched.size(), static_cast<int>(left)) <= 0) return false;

  const auto take = [](int& descriptor, std::string& text) {
    char buffer[65536];
    const auto n = ::read(descriptor, buffer, sizeof buffer);
    if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR))
      detail::close_if_open(descriptor);  // a terminal without a process answers EIO
  };
  bool read_any = false;
  if (watched[1].revents != 0) take(out_, outcome_.out), read_any = true;
  if (watched[2].revents != 0) take(err_, outcome_.err), read_any = true;
  if (watched[3].revents & POLLIN) take(terminal_, outcome_.out), read_any = true;
  if (watched[0].revents != 0) {
    const auto n = write(in_, options_.input.data() + written_, options_.input.size() - written_);
    if (n > 0) written_ += static_cast<std::size_t>(n);
    if (written_ == options_.input.size() || (n < 0 && errno != EAGAIN)) detail::close_if_open(in_);
  }
  return read_any || watched[4].revents == 0;
}

inline bool Process::wait_for(std::string_view text) {
  const auto deadline = started_ + options_.timeout;
  for (bool more = true;; more = read_some(deadline)) {
    const auto found = [&](const std::string& all, std::size_t& seen) {
      const auto at = all.find(text, seen);
      if (at == std::string::npos) return false;
      seen = at + text.size();
      return true;
    };
    if (found(outcome_.out, out_seen_) || found(outcome_.err, err_seen_)) return true;
    if (!more) return false;
  }
}

/// proc_pid_stat(5): the state stands behind the name, which is in parentheses.
inline bool Process::waits() const {
  const auto deadline = started_ + options_.timeout;
  while (detail::Clock::now() < deadline) {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    const std::string stat((std::istreambuf_iterator<char>(file)), {});
    if (const auto name_end = stat.rfind(')'); name_end != stat.npos && stat.substr(name_end + 2, 1) == "S")
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

inline Outcome Process::wait() {
  const auto deadline = started_ + options_.timeout;
  while (read_some(deadline)) {
  }
  if (detail::Clock::now() >= deadline) {
    outcome_.err += "TIMEOUT";
    kill(pid_, SIGKILL);
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  outcome_.seconds = std::chrono::duration<double>(detail::Clock::now() - started_).count();
  if (WIFEXITED(status)) outcome_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome_.signal = WTERMSIG(status);
  return outcome_;
}

inline termios Process::terminal_attributes() const {
  termios attributes = {};
  detail::require(tcgetattr(terminal_, &attributes) == 0, "tcgetattr");
  return attributes;
}

inline Outcome berth_command(std::vector<std::string> arguments, ProcessOptions options) {
  return Process(std::move(arguments), std::move(options)).wait();
}

}  // namespace berth::test
