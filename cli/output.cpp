#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

namespace berth::cli {
namespace {

/// A stream stays bad after a write that failed, and then errno is none of its business.
template <class Write>
void require(Write write) {
  errno = 0;
  if (write()) return;
  const int reason = errno;
  throw OutputError("Cannot write to standard output" +
                    (reason == 0 ? std::string() : ": " + std::generic_category().message(reason)));
}

/// https://no-color.org
bool colours() {
  const char* off = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return error_is_terminal() && (off == nullptr || *off == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

}  // namespace

void print(std::string_view text) {
  require([&] { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size(); });
}

void flush() {
  require([] { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; });
}

void note(std::string_view text, Note kind) {
  std::string line = "berth: ";
  if (kind == Note::error) line += colours() ? "\x1b[1;31merror:\x1b[0m " : "error: ";
  line += text;
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

bool input_is_terminal() { return isatty(STDIN_FILENO) == 1; }
bool output_is_terminal() { return isatty(STDOUT_FILENO) == 1; }
bool error_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace berth::cli
