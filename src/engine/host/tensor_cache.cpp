#include "engine/host/tensor_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "text/file.h"
#include "text/trimmed.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr auto mark_name = "user.berth.checked";
constexpr std::size_t most_awaited = 64;

/// ggml-rpc.cpp names a tensor by FNV-1a of 64 bits.
std::string name_of(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

std::string name_by_content(int file) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  std::vector<unsigned char> part(1U << 20U);
  for (off_t at = 0;;) {
    const auto got = pread(file, part.data(), part.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {};
    if (got == 0) return name_of(hash);
    at += got;
    for (ssize_t i = 0; i < got; ++i) hash = (hash ^ part[static_cast<std::size_t>(i)]) * 0x100000001b3U;
  }
}

/// Each start of the machine has its own: what it did not bring to the disk before is looked at again.
const std::string& this_boot() {
  static const std::string it = [] {
    try {
      return std::string(trimmed(read_text_file("/proc/sys/kernel/random/boot_id", 100)));
    } catch (const std::exception&) {
      return std::string();
    }
  }();
  return it;
}

/// What a file says of itself when it was checked and not changed since.
std::string mark_of(const struct stat& info) {
  return fmt::format("{} {}.{} {}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, this_boot());
}

/// Whether a file holds what its name says. It is read once, unless it changes; where the folder can keep no marks, each time.
bool is_right(const fs::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (file < 0 || fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  const auto mark = mark_of(info);
  std::array<char, 200> found{};
  const auto size = fgetxattr(file, mark_name, found.data(), found.size());
  if (size > 0 && !this_boot().empty() && std::string_view(found.data(), static_cast<std::size_t>(size)) == mark)
    return true;
  if (name_by_content(file) != path.filename()) return false;
  (void)fsetxattr(file, mark_name, mark.data(), mark.size(), 0);
  return true;
}

/// Of a folder of one client; none where another process has it, or it is gone.
Descriptor lock_folder(const fs::path& folder) {
  Descriptor lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (lock >= 0 && (flock(lock, LOCK_EX | LOCK_NB) != 0 || access(folder.c_str(), F_OK) != 0)) lock.reset();
  return lock;
}

}  // namespace

void TensorCache::remove_what_was_left(const fs::path& folder) {
  std::error_code problem;
  for (fs::directory_iterator each(folder, problem), end; !problem && each != end; each.increment(problem)) {
    if (!each->path().filename().string().starts_with(client_prefix)) continue;
    std::error_code ignored;
    if (lock_folder(each->path()) >= 0) fs::remove_all(each->path(), ignored);
  }
}

void TensorCache::prepare(const fs::path& folder, std::uint64_t most_bytes) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!problem && !fs::is_directory(folder)) problem = std::make_error_code(std::errc::not_a_directory);
  if (!problem && access(folder.c_str(), R_OK | W_OK | X_OK) != 0) problem = {errno, std::generic_category()};
  if (problem)
    throw std::runtime_error(
        fmt::format("{} cannot be the folder for weights: {}", folder.string(), problem.message()));
  remove_what_was_left(folder);
  (void)KeptTensors(folder, most_bytes).make_room(0);
}

TensorCache::TensorCache(fs::path folder, std::uint64_t most_bytes, Tell tell)
    : kept_(std::move(folder), most_bytes), tell_(std::move(tell)) {
  // Somebody who looks for what was left may remove it before it is locked.
  for (int tries = 0; tries < 10 && lock_ < 0; ++tries) {
    auto name = kept_.path_of(fmt::format("{}XXXXXX", client_prefix)).string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error(
          fmt::format("{} cannot be the folder for weights: {}", kept_.folder().string(), std::strerror(errno)));
    mine_ = name;
    lock_ = lock_folder(mine_);
  }
}

void TensorCache::offer(std::uint64_t hash) {
  const auto name = name_of(hash);
  const auto kept = kept_.path_of(name);
  std::error_code problem;
  if (!fs::exists(fs::symlink_status(kept, problem))) {
    if (awaited_.size() < most_awaited) awaited_.insert(name);
    return;
  }
  if (!is_right(kept)) {
    fs::remove(kept, problem);
    tell_(fmt::format("{} did not hold what it was kept for, and was removed", kept.string()));
    awaited_.insert(name);
    return;
  }
  fs::create_hard_link(kept, mine_ / name, problem);
  if (problem) fs::create_symlink(fs::absolute(kept), mine_ / name, problem);
  offered_ = name;
  kept_.use(name);
}

void TensorCache::keep_new() {
  std::error_code ignored;
  if (!offered_.empty()) fs::remove(mine_ / std::exchange(offered_, {}), ignored);
  for (auto each = awaited_.begin(); each != awaited_.end();) {
    const bool written = fs::exists(mine_ / *each, ignored);
    if (written) keep(*each);
    each = written ? awaited_.erase(each) : std::next(each);
  }
}

void TensorCache::keep(const std::string& name) {
  std::error_code problem;
  const bool whole = is_right(mine_ / name);
  const bool has_room = whole && kept_.make_room(fs::file_size(mine_ / name, problem));
  if (has_room) fs::rename(mine_ / name, kept_.path_of(name), problem);
  if (has_room && !problem) return kept_.use(name);
  fs::remove(mine_ / name, problem);
  if (!whole || has_room)
    tell_(fmt::format("a tensor could not be kept in {}, and will be sent again: is the disk full?",
                      kept_.folder().string()));
  else if (!std::exchange(told_of_room_, true))
    tell_(fmt::format("{} has no room for all tensors of one model, and some will be sent again: see --cache-size",
                      kept_.folder().string()));
}

}  // namespace berth::host
