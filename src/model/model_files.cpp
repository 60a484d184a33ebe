#include "model/model_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "berth/error.h"
#include "model/companion.h"
#include "model/split_name.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth::model {
namespace {

void add_file(ModelFiles& files, const std::filesystem::path& relative) {
  const auto name = lower(relative.filename().string());
  if (name.starts_with('.')) return;
  if (name.ends_with(".safetensors") && !is_companion_name(name)) files.has_safetensors = true;
  if (!name.ends_with(".gguf")) return;
  const auto split = parse_split_name(relative.filename().string());
  (split && split->part > 0 ? files.later_parts : files.models).push_back(relative);
}

[[noreturn]] void fail_unreadable(const std::filesystem::path& folder, const std::error_code& error) {
  throw ModelNotFound(fmt::format("The folder {} cannot be read: {}", in_quotes(folder.string()), error.message()));
}

void list_into(ModelFiles& files, const std::filesystem::path& root, const std::filesystem::path& relative,
               int levels) {
  std::error_code error;
  const auto folder = root / relative;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const auto path = relative / entry->path().filename();
    std::error_code ignored;
    const auto type = entry->symlink_status(ignored).type();
    if (type == std::filesystem::file_type::directory) {
      if (levels > 0) list_into(files, root, path, levels - 1);
    } else if (!entry->is_directory(ignored)) {
      // A link to nothing is kept: that it is broken says more than that there is no model.
      add_file(files, path);
    }
  }
  if (error) fail_unreadable(folder, error);
}

/// Unless one file remains, or none would.
template <class LeaveOut>
void leave_out(std::vector<std::filesystem::path>& files, LeaveOut is_left_out) {
  if (files.size() < 2) return;
  std::vector<std::filesystem::path> kept;
  std::remove_copy_if(files.begin(), files.end(), std::back_inserter(kept), is_left_out);
  if (!kept.empty()) files = std::move(kept);
}

}  // namespace

ModelFiles list_models(const std::filesystem::path& folder, int levels) {
  ModelFiles files;
  list_into(files, folder, {}, levels);
  std::vector<std::filesystem::path> named;  // as companions are
  std::erase_if(files.models, [&](const auto& file) {
    const auto told = is_companion(folder / file);
    if (told.value_or(false)) files.companions.push_back(file);
    if (!told && is_companion_name(lower(file.filename().string()))) named.push_back(file);
    return told.value_or(false);
  });
  leave_out(files.models, [&](const auto& file) { return std::ranges::find(named, file) != named.end(); });
  std::sort(files.companions.begin(), files.companions.end());
  std::sort(files.models.begin(), files.models.end());
  std::sort(files.later_parts.begin(), files.later_parts.end());
  return files;
}

std::filesystem::path pick_model(const std::filesystem::path& folder, ModelFiles files, const PickMessages& messages) {
  leave_out(files.models, [](const auto& file) { return is_draft_name(lower(file.filename().string())); });
  if (files.models.size() > 1) {
    std::string list;
    for (const auto& file : files.models) list += "\n  " + messages.prefix + file.string();
    throw std::invalid_argument(messages.several + list);
  }
  if (files.models.empty() && !files.later_parts.empty()) {
    const auto part = folder / files.later_parts.front();
    auto first = *parse_split_name(part.filename().string());
    first.part = 0;
    throw ModelNotFound(fmt::format("{} is a later part of a split model, whose first part {} is missing",
                                    in_quotes(part.string()), in_quotes(first.file_name())));
  }
  if (files.models.empty() && !files.companions.empty())
    throw ModelNotFound(fmt::format(
        "{} is no model: by its header it accompanies one, as a projector or an adapter does, and there is no "
        "GGUF file of a model beside it",
        in_quotes((folder / files.companions.front()).string())));
  if (files.models.empty()) throw ModelNotFound(messages.none);
  auto path = folder / files.models.front();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw ModelNotFound(fmt::format("{} is a link to nothing ({}): its download is incomplete, or the file was removed",
                                    in_quotes(path.string()),
                                    error ? error.message() : "the file that it names is missing"));
  }
  return path;
}

}  // namespace berth::model
