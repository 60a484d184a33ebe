#include "text_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "text/file.h"

namespace berth::cli {

std::string read_standard_input(const std::string& what) try {
  return read_all(STDIN_FILENO);
} catch (const std::system_error& problem) {
  throw std::system_error(problem.code(), "Cannot read " + what + " from standard input");
}

std::string read_file_or_input(const std::string& path, const std::string& what) try {
  return path == "-" ? read_standard_input(what) : berth::read_text_file(path);
} catch (const std::filesystem::filesystem_error& problem) {
  throw std::runtime_error(fmt::format("Cannot read {} from {}: {}", what, path, problem.code().message()));
}

void write_output_file(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int reason = errno;
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  if (!written) throw std::runtime_error("Cannot write " + path + ": " + std::generic_category().message(reason));
}

std::string file_name_for_messages(const std::string& path) { return path == "-" ? "standard input" : path; }

}  // namespace berth::cli
