#include "engine/host/last_words.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <system_error>
#include <vector>

#include "text/printable.h"
#include "text/trimmed.h"

namespace berth::host {
namespace {
constexpr std::size_t most_bytes = 4096;  // that are kept
constexpr std::size_t most_lines = 6;     // that are told
}  // namespace

LastWords::LastWords() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::system_error(errno, std::generic_category(), "a pipe");
  here_.reset(ends[0]);
  there_.reset(ends[1]);
}

void LastWords::read() {
  std::array<char, most_bytes> buffer{};
  for (;;) {
    const auto got = ::read(here_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    end_.append(buffer.data(), static_cast<std::size_t>(got));
    if (end_.size() > most_bytes) end_.erase(0, end_.size() - most_bytes);
  }
}

std::string LastWords::text() const {
  std::vector<std::string_view> lines;
  for (std::string_view rest = end_; !rest.empty();) {
    const auto end = rest.find('\n');
    if (const auto line = trimmed(rest.substr(0, end)); !line.empty()) lines.push_back(line);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (lines.size() > most_lines) lines.erase(lines.begin(), lines.end() - most_lines);
  std::string text;
  for (const auto line : lines) text += (text.empty() ? "; its last words: " : "; ") + printable(line, 300);
  return text;
}

std::string ending(const std::optional<process::Exit>& exit) {
  if (!exit) return "ended";
  if (!exit->by_signal) return fmt::format("ended with exit status {}", exit->number);
  const char* name = sigabbrev_np(exit->number);
  return fmt::format("was ended by {}{}",
                     name == nullptr ? fmt::format("signal {}", exit->number) : fmt::format("SIG{}", name),
                     exit->number == SIGKILL ? ", as the kernel does where memory runs out" : "");
}

}  // namespace berth::host
