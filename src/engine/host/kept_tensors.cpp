#include "engine/host/kept_tensors.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>
#include <tuple>
#include <vector>

#include "text/descriptor.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string name;
  std::uint64_t bytes;
  timespec used;

  bool operator<(const Entry& other) const {
    return std::tie(used.tv_sec, used.tv_nsec) < std::tie(other.used.tv_sec, other.used.tv_nsec);
  }
};

bool is_name(std::string_view text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// The names of what is in a folder; none where that is gone.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  for (fs::directory_iterator each(folder, problem), end; !problem && each != end; each.increment(problem))
    names.push_back(each->path().filename().string());
  return names;
}

/// What was used longest ago first.
std::vector<Entry> entries_in(const fs::path& folder) {
  std::vector<Entry> entries;
  for (auto& name : names_in(folder)) {
    struct stat info {};
    if (is_name(name) && lstat((folder / name).c_str(), &info) == 0 && S_ISREG(info.st_mode))
      entries.push_back({std::move(name), static_cast<std::uint64_t>(info.st_size), info.st_atim});
  }
  std::ranges::sort(entries, std::less<>());
  return entries;
}

std::uint64_t sum_of(const std::vector<Entry>& entries) {
  std::uint64_t bytes = 0;
  for (const auto& each : entries) bytes += each.bytes;
  return bytes;
}

/// Of processes that make room in one folder, one does at a time.
Descriptor lock_of(const fs::path& folder) {
  Descriptor lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock >= 0) (void)flock(lock, LOCK_EX);
  return lock;
}

}  // namespace

/// The time of the last use is that of the last access, which the kernel does not keep on each disk by itself.
void KeptTensors::use(const std::string& name) {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_NOW}, {.tv_sec = 0, .tv_nsec = UTIME_OMIT}};
  (void)utimensat(AT_FDCWD, path_of(name).c_str(), times, AT_SYMLINK_NOFOLLOW);
  used_.insert(name);
}

std::set<std::string> KeptTensors::in_use() const {
  auto names = used_;
  for (const auto& folder : names_in(folder_))
    if (folder.starts_with(client_prefix))
      for (auto& name : names_in(folder_ / folder)) names.insert(std::move(name));
  return names;
}

bool KeptTensors::make_room(std::uint64_t bytes) {
  if (bytes > most_bytes_) return false;
  const auto lock = lock_of(folder_);
  auto entries = entries_in(folder_);
  auto held = sum_of(entries);
  const auto most = most_bytes_ - bytes;
  if (held <= most) return true;
  const auto kept = in_use();
  std::erase_if(entries, [&](const Entry& each) { return kept.contains(each.name); });
  if (held - sum_of(entries) > most) return false;
  for (const auto& each : entries) {
    if (held <= most) break;
    std::error_code problem;
    fs::remove(path_of(each.name), problem);
    if (!problem) held -= each.bytes;
  }
  return held <= most;
}

}  // namespace berth::host
