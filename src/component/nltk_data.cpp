#include "component/nltk_data.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace berth {
namespace {

std::string_view variable_text(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// "~" and "~/..." are the home folder.
std::filesystem::path without_tilde(std::string_view text) {
  const auto home = variable_text("HOME");
  if (home.empty() || (text != "~" && !text.starts_with("~/"))) return text;
  return std::filesystem::path(home) / text.substr(std::min<std::size_t>(2, text.size()));
}

}  // namespace

std::vector<std::filesystem::path> nltk_data_folders() {
  std::vector<std::filesystem::path> folders;
  for (auto given = variable_text("NLTK_DATA"); !given.empty();) {
    const auto one = given.substr(0, given.find(':'));
    if (!one.empty()) folders.push_back(without_tilde(one));
    given.remove_prefix(std::min(given.size(), one.size() + 1));
  }
  if (const auto home = variable_text("HOME"); !home.empty())
    folders.push_back(std::filesystem::path(home) / "nltk_data");
  for (const char* prefix : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const std::filesystem::path folder = variable_text(prefix); !folder.empty())
      for (const char* below : {"nltk_data", "share/nltk_data", "lib/nltk_data"}) folders.push_back(folder / below);
  for (const char* folder : {"/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib"})
    folders.push_back(std::filesystem::path(folder) / "nltk_data");
  return folders;
}

std::optional<std::filesystem::path> find_nltk_data(const std::string& name) {
  for (const auto& folder : nltk_data_folders()) {
    std::error_code unreadable;
    if (auto found = folder / name; std::filesystem::is_directory(found, unreadable)) return found;
  }
  return std::nullopt;
}

std::optional<std::filesystem::path> find_nltk_archive(const std::string& package) {
  for (const auto& folder : nltk_data_folders()) {
    std::error_code unreadable;
    auto archive = folder / (package + ".zip");
    if (std::filesystem::is_regular_file(archive, unreadable) &&
        !std::filesystem::is_directory(folder / package, unreadable))
      return archive;
  }
  return std::nullopt;
}

}  // namespace berth
