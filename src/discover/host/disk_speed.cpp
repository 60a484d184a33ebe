#include "discover/host/disk_speed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <system_error>

#include "text/descriptor.h"

namespace berth::discovery {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t piece = 4 << 20;
constexpr std::size_t alignment = 4096;  // O_DIRECT wants that of the disk's blocks

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  throw std::filesystem::filesystem_error(what, path, std::error_code(errno, std::generic_category()));
}

using Buffer = std::unique_ptr<unsigned char, decltype(&std::free)>;

/// Of bytes that no file system compresses.
Buffer random_buffer() {
  Buffer buffer(static_cast<unsigned char*>(std::aligned_alloc(alignment, piece)), &std::free);
  if (!buffer) throw std::bad_alloc();
  std::independent_bits_engine<std::mt19937, 8, unsigned> next;
  std::generate_n(buffer.get(), piece, [&] { return static_cast<unsigned char>(next()); });
  return buffer;
}

/// Writes until a limit is met, and to the disk.
void fill(int file, const std::filesystem::path& folder, const Buffer& buffer, const ReadLimits& limits) {
  const auto end = Clock::now() + limits.time;
  std::uint64_t written = 0;
  do {
    const auto count = write(file, buffer.get(), piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && written > 0 && errno == ENOSPC) break;
    if (count < 0) fail("cannot be written to, so that its speed is not known", folder);
    written += static_cast<std::uint64_t>(count);
  } while (written < limits.bytes && Clock::now() < end);
  if (fdatasync(file) != 0) fail("cannot be written to, so that its speed is not known", folder);
}

/// A file without a name in that folder.
int temporary_file(const std::filesystem::path& folder) {
  std::string name = (folder / "berth-speed-XXXXXX").string();
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) fail("cannot be written to, so that its speed is not known", folder);
  unlink(name.c_str());
  return file;
}

}  // namespace

ReadSpeed measure_read(const std::filesystem::path& path, const ReadLimits& limits) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) fail("cannot be measured", path);
  const bool is_folder = S_ISDIR(status.st_mode);
  if (!is_folder && !S_ISREG(status.st_mode)) {
    errno = EINVAL;
    fail("is no file and no folder", path);
  }
  const auto buffer = random_buffer();
  const Descriptor file(is_folder ? temporary_file(path) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file < 0) fail("cannot be read", path);
  if (is_folder) fill(file, path, buffer, limits);
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  const int flags = fcntl(file, F_GETFL);
  ReadSpeed speed{.past_the_cache = fcntl(file, F_SETFL, flags | O_DIRECT) == 0};
  const auto start = Clock::now();
  auto now = start;
  while (speed.bytes < limits.bytes && now - start < limits.time) {
    const auto wanted = std::min<std::uint64_t>(piece, limits.bytes - speed.bytes + alignment - 1) & ~(alignment - 1);
    const auto count = pread(file, buffer.get(), wanted, static_cast<off_t>(speed.bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EINVAL && speed.past_the_cache) {  // accepted the flag, but cannot
      speed.past_the_cache = false;
      fcntl(file, F_SETFL, flags);
      continue;
    }
    if (count < 0) fail("cannot be read", path);
    now = Clock::now();
    speed.bytes += static_cast<std::uint64_t>(count);
    if (count == 0 || speed.bytes % alignment != 0) break;  // the end
  }
  const std::chrono::duration<double> seconds = now - start;
  if (seconds.count() > 0) speed.bytes_per_s = static_cast<double>(speed.bytes) / seconds.count();
  return speed;
}

}  // namespace berth::discovery
