#include "text/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <system_error>

#include "berth/error.h"
#include "text/descriptor.h"

namespace berth {
namespace {

[[noreturn]] void cannot_write(const std::filesystem::path& path, std::error_code why) {
  throw std::filesystem::filesystem_error("cannot write", path, why);
}

std::error_code last_error() { return {errno, std::generic_category()}; }

/// A file of its own beside `target`, that is not there when this goes.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : target_(target),
        path_(target.parent_path() / fmt::format(".{}.{:08x}", target.filename().string(), std::random_device{}())),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (file_ < 0) cannot_write(target_, last_error());
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const auto n = ::write(file_, text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) cannot_write(target_, last_error());
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(file_) != 0) cannot_write(target_, last_error());  // before the name, lest a crash leave an empty file
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path target_;  // what the caller knows, for messages
  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace

std::string read_all(int file, std::size_t most) {
  constexpr std::size_t least = 64 << 10;
  std::string text;
  std::size_t filled = 0;
  while (filled < most) {
    if (filled == text.size()) text.resize(std::min(most, std::max(least, 2 * filled)));
    const auto n = ::read(file, text.data() + filled, text.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(last_error());
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  text.resize(filled);
  return text;
}

std::string read_text_file(const std::filesystem::path& path, std::size_t most) try {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file < 0) throw std::system_error(last_error());
  auto text = read_all(file, std::max(most, most + 1));
  if (text.size() > most) throw FormatError(path, most, "more than that many bytes", fmt::format("at most {}", most));
  return text;
} catch (const std::system_error& problem) {
  throw std::filesystem::filesystem_error("cannot read", path, problem.code());
}

std::string read_file(const std::filesystem::path& path, std::string_view expected) {
  const auto problem = [&](std::string found) { return FormatError(path, 0, std::move(found), std::string(expected)); };
  // Not blocking, so that a FIFO does not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file < 0) throw problem("a file that cannot be opened: " + last_error().message());
  struct stat status {};
  if (::fstat(file, &status) != 0) throw problem("a file that cannot be read: " + last_error().message());
  if (!S_ISREG(status.st_mode)) throw problem(S_ISDIR(status.st_mode) ? "a folder" : "a device, pipe or socket");

  try {
    return read_all(file, static_cast<std::size_t>(status.st_size));
  } catch (const std::system_error& error) {
    throw problem("a read error: " + error.code().message());
  }
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code error;
  const auto target = std::filesystem::weakly_canonical(path, error);  // a link stays one
  if (error) cannot_write(path, error);
  const auto status = std::filesystem::status(target, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    cannot_write(path, std::make_error_code(std::errc::invalid_argument));
  TemporaryFile file(target);
  file.write(text);
  if (std::filesystem::exists(status)) std::filesystem::permissions(file.path(), status.permissions(), error);
  std::filesystem::rename(file.path(), target, error);
  if (error) cannot_write(path, error);
}

}  // namespace berth
