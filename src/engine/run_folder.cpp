#include "engine/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>

#include "text/file.h"

namespace berth {
namespace {

constexpr std::size_t largest_text = 1 << 20;

std::filesystem::path folder_of_environment() {
  for (const auto& [variable, below] : {std::pair{"BERTH_RUN_DIR", ""}, {"XDG_RUNTIME_DIR", "berth"}}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return std::filesystem::path(value) / below;
  }
  std::error_code problem;
  return std::filesystem::temp_directory_path(problem) / ("berth-" + std::to_string(geteuid()));
}

/// The lock of NAME.json, of NAME.lock itself, and of ".NAME.json.1f2e3d4c", which write_file() had not renamed yet.
std::optional<std::filesystem::path> lock_of(const std::filesystem::path& path) {
  const auto name = path.filename().string();
  if (const auto end = name.find(".json."); name.starts_with('.') && end != std::string::npos)
    return path.parent_path() / (name.substr(1, end - 1) + ".lock");
  if (path.extension() != ".json" && path.extension() != ".lock") return std::nullopt;
  return std::filesystem::path(path).replace_extension(".lock");
}

}  // namespace

std::optional<std::filesystem::path> run_folder() {
  auto folder = folder_of_environment();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return std::nullopt;
  struct stat info {};
  if (lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return std::nullopt;
  const bool only_mine = info.st_uid == geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return only_mine ? std::optional(folder) : std::nullopt;
}

std::optional<Descriptor> lock_file(const std::filesystem::path& path, std::chrono::milliseconds patience,
                                    const std::stop_token& stop) {
  constexpr std::chrono::milliseconds pause{5};
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (file < 0) return std::nullopt;
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
      if (std::chrono::steady_clock::now() >= end || stop.stop_requested()) return std::nullopt;
      std::this_thread::sleep_for(pause);
      continue;
    }
    // Who held the lock before may have removed the file: then this lock is on nothing that others see.
    struct stat mine {};
    struct stat there {};
    if (fstat(file, &mine) == 0 && stat(path.c_str(), &there) == 0 && mine.st_ino == there.st_ino) return file;
  }
}

std::vector<std::string> texts_of_living(const std::filesystem::path& folder) {
  std::vector<std::string> texts;
  std::error_code problem;
  for (std::filesystem::directory_iterator each(folder, problem), end; each != end; each.increment(problem)) {
    if (problem) break;
    const auto path = each->path();
    const auto lock = lock_of(path);
    if (!lock) continue;
    std::error_code ignored;
    // Its owner holds the lock. Whoever gets it finds what a crash has left, and holds it until that is removed.
    std::optional<Descriptor> left;
    if (std::filesystem::exists(*lock, ignored) && !(left = lock_file(*lock))) {
      if (path.extension() != ".json") continue;
      try {
        texts.push_back(read_text_file(path, largest_text));
      } catch (const std::exception&) {  // it ended just now
      }
    } else {
      std::filesystem::remove(path, ignored);
      std::filesystem::remove(*lock, ignored);
    }
  }
  return texts;
}

}  // namespace berth
