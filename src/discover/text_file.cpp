#include "discover/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>

#include "berth/error.h"

namespace berth::discovery {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path, int error) {
  throw std::filesystem::filesystem_error(what, path, std::error_code(error, std::generic_category()));
}

class File {
 public:
  File(const std::filesystem::path& path, int flags, const char* what)
      : path_(path), file_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (file_ < 0) fail(what, path, errno);
  }
  ~File() { ::close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Reads behind what `text` has, up to `size` bytes of it; false at the end.
  bool read_more(std::string& text, std::size_t size) {
    const std::size_t had = text.size();
    text.resize(size);
    ssize_t got = 0;
    do got = ::read(file_, text.data() + had, size - had);
    while (got < 0 && errno == EINTR);
    if (got < 0) fail("Cannot read", path_, errno);
    text.resize(had + static_cast<std::size_t>(got));
    return got > 0;
  }
  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(file_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("Cannot write", path_, errno);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void keep_mode_of(const struct stat& old) {
    if (::fchmod(file_, old.st_mode & 07777U) != 0) fail("Cannot set the permissions of", path_, errno);
  }
  void flush() {
    if (::fsync(file_) != 0) fail("Cannot write", path_, errno);
  }

 private:
  const std::filesystem::path& path_;
  int file_;
};

/// Removes a file unless it was given away.
struct Leftover {
  explicit Leftover(std::filesystem::path file) : path(std::move(file)) {}
  ~Leftover() {
    if (!path.empty()) ::unlink(path.c_str());
  }
  Leftover(const Leftover&) = delete;
  Leftover& operator=(const Leftover&) = delete;

  std::filesystem::path path;
};

/// A name that nobody else in this folder uses now: by process, and by number in it.
std::filesystem::path beside(const std::filesystem::path& path) {
  static std::atomic<unsigned> number = 0;
  std::filesystem::path name;
  do {
    name = path;
    name += fmt::format(".{}-{}.tmp", ::getpid(), number++);
  } while (std::filesystem::exists(name));  // what a process of that number left when it was killed
  return name;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& path, std::size_t most) {
  constexpr std::size_t chunk = std::size_t{1} << 20U;
  File file(path, O_RDONLY, "Cannot open");
  std::string text;
  while (file.read_more(text, std::min(text.size() + chunk, most + 1)))
    if (text.size() > most) throw FormatError(path, most, "more than that many bytes", fmt::format("at most {}", most));
  return text;
}

void write_text_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code no_link;
  auto target = std::filesystem::canonical(path, no_link);
  if (no_link) target = path;
  struct stat old = {};
  const bool is_there = ::stat(target.c_str(), &old) == 0;
  if (is_there && !S_ISREG(old.st_mode))
    fail("Cannot write: no regular file", path, S_ISDIR(old.st_mode) ? EISDIR : EINVAL);

  const auto temporary = beside(target);
  File file(temporary, O_WRONLY | O_CREAT | O_EXCL, "Cannot write");
  Leftover leftover(temporary);
  if (is_there) file.keep_mode_of(old);
  file.write(text);
  file.flush();
  if (::rename(temporary.c_str(), target.c_str()) != 0) fail("Cannot write", path, errno);
  leftover.path.clear();
  // The name is on the disk only with its folder. Some file systems cannot flush one; the file itself is safe.
  const int folder = ::open((target.has_parent_path() ? target.parent_path() : ".").c_str(), O_RDONLY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

}  // namespace berth::discovery
