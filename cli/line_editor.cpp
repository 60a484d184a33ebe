#include "line_editor.h"

#include <editline/readline.h>
#include <pthread.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "output.h"

namespace berth::cli {
namespace {

constexpr int longest_history = 1000;

termios found = {};     // the terminal as it was before a line was typed
pthread_t reader = {};  // the thread in which libedit waits for keys

/// Nothing but what POSIX allows in a handler.
void end_process(int signal) {
  // libedit holds the signal back while it sends it on, so that another thread may get it. The reader would then take
  // the terminal over once more while that one gives it back.
  if (pthread_equal(pthread_self(), reader) == 0) {
    pthread_kill(reader, signal);
    return;
  }
  tcsetattr(STDIN_FILENO, TCSANOW, &found);
  const auto written = write(STDERR_FILENO, "\n", 1);
  static_cast<void>(written);
  _exit(128 + signal);
}

/// How Ctrl-C and SIGTERM act as long as a line is typed.
class EndOnSignal {
 public:
  EndOnSignal() {
    reader = pthread_self();
    tcgetattr(STDIN_FILENO, &found);
    int_ = set(SIGINT);
    term_ = set(SIGTERM);
  }
  ~EndOnSignal() {
    sigaction(SIGINT, &int_, nullptr);
    sigaction(SIGTERM, &term_, nullptr);
  }
  EndOnSignal(const EndOnSignal&) = delete;
  EndOnSignal& operator=(const EndOnSignal&) = delete;

 private:
  static struct sigaction set(int signal) {
    struct sigaction mine = {};
    struct sigaction before = {};
    mine.sa_handler = end_process;
    sigemptyset(&mine.sa_mask);
    sigaction(signal, &mine, &before);
    return before;
  }

  struct sigaction int_ = {};
  struct sigaction term_ = {};
};

}  // namespace

std::filesystem::path history_path() {
  // Relative paths are to be ignored (XDG Base Directory Specification 0.8).
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::filesystem::path(state) / "berth" / "history";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".local" / "state" / "berth" / "history";
}

LineEditor::LineEditor() : history_(history_path()) {
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");  // else libedit takes letters beyond ASCII apart
  static char name[] = "berth";
  rl_readline_name = name;
  rl_inhibit_completion = 1;  // Tab is text, not the name of a file
  if (!output_is_terminal()) rl_outstream = stderr;
  // libedit takes the terminal over when it waits for the first key; a Ctrl-D between the prompt and that would be lost.
  rl_pre_input_hook = [](auto...) {
    rl_prep_terminal(1);
    return 0;
  };
  using_history();
  stifle_history(longest_history);
  if (history_.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(history_.parent_path(), ignored);
  read_history(history_.c_str());
}

std::optional<std::string> LineEditor::read(const char* prompt) {
  const EndOnSignal signals;
  std::unique_ptr<char, decltype(&std::free)> line(nullptr, &std::free);
  // libedit takes a Ctrl-Z that stops nothing, as where no shell is above this, for the end of input.
  do {
    errno = 0;
    line.reset(readline(prompt));
  } while (line == nullptr && errno == EINTR);
  if (line == nullptr) return std::nullopt;
  if (*line != '\0' && line.get() != last_) remember(line.get());
  return std::string(line.get());
}

void LineEditor::remember(const char* line) {
  add_history(line);
  last_ = line;
  if (history_.empty()) return;
  const auto others_may_read = umask(S_IRWXG | S_IRWXO);
  write_history(history_.c_str());
  umask(others_may_read);
}

}  // namespace berth::cli
