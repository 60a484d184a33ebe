#include "model/hub_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "berth/error.h"
#include "model/model_files.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth::model {
namespace {

constexpr std::size_t max_repository_bytes = 96;  // as huggingface_hub checks
constexpr std::string_view folder_prefix = "models--";

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_name(std::string_view text) {
  if (text.empty() || text.find("..") != text.npos || text.find("--") != text.npos) return false;
  const auto at_end = [](char c) { return is_alnum(c) || c == '_'; };
  return at_end(text.front()) && at_end(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

/// A branch, a tag ("v2", "refs/pr/1") or a commit. It comes from outside and goes into paths and commands to be copied.
bool is_revision(std::string_view text) {
  return !text.empty() && text.front() != '/' && text.front() != '-' && text.find("..") == text.npos &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == '/'; });
}

/// The commit that a file in refs names, or nothing. The file is not trusted: it must be a plain name.
std::string commit_of(const std::filesystem::path& repository, std::string_view ref) {
  std::ifstream file(repository / "refs" / ref, std::ios::binary);
  std::array<char, 64> text{};
  file.read(text.data(), text.size());
  std::string commit(text.data(), static_cast<std::size_t>(file.gcount()));
  while (!commit.empty() && (commit.back() == '\n' || commit.back() == '\r' || commit.back() == ' ')) commit.pop_back();
  return std::all_of(commit.begin(), commit.end(), is_alnum) ? commit : std::string();
}

/// The folder of a revision's files, as huggingface_hub finds it. Empty where there is none.
std::filesystem::path find_revision(const std::filesystem::path& repository, std::string_view revision) {
  if (!is_revision(revision)) return {};
  auto commit = commit_of(repository, revision);
  if (commit.empty() && std::ranges::all_of(revision, is_alnum)) commit = revision;
  std::error_code error;
  const auto snapshot = repository / "snapshots" / commit;
  return !commit.empty() && std::filesystem::is_directory(snapshot, error) ? snapshot : std::filesystem::path();
}

/// The folder of the files: that of refs/main, else the only one. Empty where there is none.
std::filesystem::path find_snapshot(const std::filesystem::path& repository) {
  std::error_code error;
  const auto snapshots = repository / "snapshots";
  if (const auto commit = commit_of(repository, "main");
      !commit.empty() && std::filesystem::is_directory(snapshots / commit, error))
    return snapshots / commit;
  std::vector<std::filesystem::path> found;
  std::filesystem::directory_iterator entry(snapshots, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) found.push_back(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw ModelNotFound(
        fmt::format("The folder {} cannot be read: {}", in_quotes(snapshots.string()), error.message()));
  }
  return found.size() == 1 ? found.front() : std::filesystem::path();
}

/// Whether `quant` stands in `text` as a word of its own: Q4_K is not in "model-Q4_K_M.gguf".
bool has_word(std::string_view text, std::string_view quant) {
  const auto in_word = [&](std::size_t i) { return i < text.size() && (is_alnum(text[i]) || text[i] == '_'); };
  for (auto at = text.find(quant); at != text.npos; at = text.find(quant, at + 1)) {
    if ((at == 0 || !in_word(at - 1)) && !in_word(at + quant.size())) return true;
  }
  return false;
}

/// The files that `choice` means: the one with this path or name, else those with this word in it.
std::vector<std::filesystem::path> choose(const std::vector<std::filesystem::path>& files, std::string_view choice) {
  std::vector<std::filesystem::path> chosen;
  const auto keep = [&](auto fits) {
    if (chosen.empty()) std::copy_if(files.begin(), files.end(), std::back_inserter(chosen), fits);
  };
  keep([&](const auto& file) { return file.string() == choice; });
  keep([&](const auto& file) { return file.filename().string() == choice; });
  keep([&](const auto& file) { return has_word(lower(file.string()), lower(choice)); });
  return chosen;
}

}  // namespace

std::string HubName::folder_name() const {
  std::string name(folder_prefix);
  for (const char c : repository) name += c == '/' ? std::string("--") : std::string(1, c);
  return name;
}

std::optional<HubName> parse_hub_name(std::string_view text) {
  const auto colon = text.find(':');
  const auto repository = text.substr(0, colon);
  const auto choice = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  if (repository.size() > max_repository_bytes || (colon != text.npos && choice.empty())) return std::nullopt;
  const auto slash = repository.find('/');
  if (slash != repository.npos && !is_name(repository.substr(0, slash))) return std::nullopt;
  if (!is_name(slash == repository.npos ? repository : repository.substr(slash + 1))) return std::nullopt;
  return HubName{std::string(repository), std::string(choice)};
}

bool is_cached(const std::filesystem::path& hub_cache, const HubName& name) {
  // Of the link itself, so that one that leads nowhere is reported as such.
  std::error_code ignored;
  return !hub_cache.empty() &&
         std::filesystem::exists(std::filesystem::symlink_status(hub_cache / name.folder_name(), ignored));
}

bool is_main(std::string_view revision) { return revision.empty() || revision == "main"; }

std::filesystem::path locate_snapshot(const std::filesystem::path& hub_cache, const HubName& name, std::string_view get,
                                      std::string_view revision) {
  const auto repository = hub_cache / name.folder_name();
  auto snapshot = is_main(revision) ? find_snapshot(repository) : find_revision(repository, revision);
  if (snapshot.empty())
    throw ModelNotFound(fmt::format("{} has no complete download{} in {}; get it:\n  {}", name.repository,
                                    is_main(revision) ? "" : " of the revision " + in_quotes(revision),
                                    in_quotes(repository.string()), get));
  return snapshot;
}

std::string download_command(const std::string& repository, std::string_view revision) {
  const auto get = "hf download " + repository;
  return is_main(revision) || !is_revision(revision) ? get : fmt::format("{} --revision {}", get, revision);
}

std::filesystem::path locate_cached(const std::filesystem::path& hub_cache, const HubName& name) {
  const auto get = "get it:\n  " + download_command(name);
  const auto snapshot = locate_snapshot(hub_cache, name, download_command(name));
  auto files = list_models(snapshot, 2);
  if (holds_only_safetensors(files) && name.choice.empty()) return snapshot;
  PickMessages messages;
  messages.none =
      fmt::format("{} is cached in {} without a GGUF file; {}", name.repository, in_quotes(snapshot.string()), get);
  messages.several =
      fmt::format("{} holds several models; name one, or a quantization that only one has:", name.repository);
  messages.prefix = name.repository + ":";
  if (!name.choice.empty()) {
    auto chosen = choose(files.models, name.choice);
    if (chosen.empty() && !files.models.empty()) {
      messages.none =
          fmt::format("{} is cached without {}; {}\nThere are:", name.repository, in_quotes(name.choice), get);
      for (const auto& file : files.models) messages.none += "\n  " + messages.prefix + file.string();
    }
    if (!files.models.empty()) files.companions.clear();  // the choice is what is wrong
    files.models = std::move(chosen);
    files.later_parts = choose(files.later_parts, name.choice);
  }
  return pick_model(snapshot, files, messages);
}

std::string download_command(const HubName& name) {
  const bool has_gguf = !name.choice.empty() || lower(name.repository).find("gguf") != std::string::npos;
  if (!has_gguf) return download_command(name.repository, {});  // safetensors do as well
  if (name.choice.empty()) return fmt::format("hf download {} --include '*.gguf'", name.repository);
  // It comes from outside and goes into a command to be copied: only what a shell leaves alone.
  const auto plain = std::all_of(name.choice.begin(), name.choice.end(),
                                 [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == '/'; });
  if (!plain) return download_command({name.repository, ""});
  if (lower(name.choice).ends_with(".gguf")) return fmt::format("hf download {} {}", name.repository, name.choice);
  return fmt::format("hf download {} --include '*{}*.gguf'", name.repository, name.choice);
}

std::vector<std::string> cached_repositories(const std::filesystem::path& hub_cache) {
  std::vector<std::string> repositories;
  std::error_code error;
  std::filesystem::directory_iterator entry(hub_cache, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    auto name = entry->path().filename().string();
    if (!name.starts_with(folder_prefix)) continue;
    name.erase(0, folder_prefix.size());
    if (const auto dashes = name.find("--"); dashes != name.npos) name.replace(dashes, 2, "/");
    repositories.push_back(name);
  }
  std::sort(repositories.begin(), repositories.end());
  return repositories;
}

}  // namespace berth::model
