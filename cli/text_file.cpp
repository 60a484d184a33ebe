#include "text_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace berth::cli {

std::string read_standard_input(const std::string& what) {
  std::string text;
  char buffer[65536];
  for (ssize_t n = 0; (n = read(STDIN_FILENO, buffer, sizeof buffer)) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "Cannot read " + what + " from standard input");
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

std::string read_text_file(const std::string& path, const std::string& what) {
  if (path == "-") return read_standard_input(what);
  const auto fail = [&](int reason) {
    throw std::runtime_error(
        fmt::format("Cannot read {} from {}: {}", what, path, std::generic_category().message(reason)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) fail(errno);
  std::string text;
  char buffer[65536];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, n);
  if (std::ferror(file.get()) != 0) fail(errno);
  return text;
}

std::string file_name_for_messages(const std::string& path) { return path == "-" ? "standard input" : path; }

}  // namespace berth::cli
