#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <system_error>

#include "berth/error.h"
#include "berth/model.h"
#include "model/default_model.h"
#include "model/hub_cache.h"
#include "model/is_gguf.h"
#include "model/model_files.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::string_view sentence_organization = "sentence-transformers/";
constexpr std::string_view small_encoder = "minilm";  // that `make model` gets
constexpr std::string_view small_encoder_name = "all-MiniLM-L6-v2";

/// The folder of `model_cache` that a name means which no cache of Hugging Face has; empty where it is not there.
std::filesystem::path find_small_encoder(std::string_view name, const std::filesystem::path& model_cache) {
  if (name.starts_with(sentence_organization)) name.remove_prefix(sentence_organization.size());
  if ((name != small_encoder && name != small_encoder_name) || model_cache.empty()) return {};
  std::error_code error;
  const auto folder = model_cache / small_encoder;
  return std::filesystem::exists(folder, error) ? folder : std::filesystem::path();
}

[[noreturn]] void fail_small_encoder(const std::filesystem::path& model_cache) {
  throw ModelNotFound(fmt::format(
      "'minilm' is all-MiniLM-L6-v2, and it is not on this machine yet ({}). Get it (84 MB) by 'make model' in "
      "Berth's source, or into the Hugging Face cache:\n  hf download sentence-transformers/all-MiniLM-L6-v2",
      in_quotes((model_cache / small_encoder).string())));
}

bool is_encoder_folder(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::exists(folder / "config.json", error) ||
         std::filesystem::exists(folder / "modules.json", error);
}

bool has_gguf(const model::ModelFiles& files) {
  return !files.models.empty() || !files.later_parts.empty() || !files.companions.empty();
}

/// Whether the folder is the model: its weights are those of Hugging Face's own form, or are missing.
bool is_itself_the_model(const std::filesystem::path& folder, const model::ModelFiles& files) {
  return is_encoder_folder(folder) && (files.has_safetensors || !has_gguf(files));
}

[[noreturn]] void fail_no_encoder(const std::filesystem::path& folder) {
  throw ModelNotFound(
      fmt::format("The folder {} holds no config.json and no GGUF file: an encoder is a folder of Hugging Face with "
                  "config.json, tokenizer.json and safetensors, or a GGUF file",
                  in_quotes(folder.string())));
}

std::filesystem::path encoder_in_folder(const std::filesystem::path& folder) {
  const auto files = model::list_models(folder, 0);
  if (is_itself_the_model(folder, files)) return folder;
  if (!has_gguf(files)) fail_no_encoder(folder);
  model::PickMessages messages;
  messages.several = fmt::format("The folder {} holds several models; give one of them:", in_quotes(folder.string()));
  messages.prefix = (folder / "").string();
  return model::pick_model(folder, files, messages);
}

std::filesystem::path cached_encoder(const std::filesystem::path& hub_cache, const model::HubName& name,
                                     std::string_view revision) {
  if (!name.choice.empty() && model::is_main(revision)) return model::locate_cached(hub_cache, name);
  const auto get = model::download_command(name.repository, revision);
  const auto snapshot = model::locate_snapshot(hub_cache, name, get, revision);
  const auto files = model::list_models(snapshot, 2);
  if (name.choice.empty() && is_itself_the_model(snapshot, files)) return snapshot;
  if (!has_gguf(files)) fail_no_encoder(snapshot);
  if (!model::is_main(revision))
    throw std::invalid_argument(
        fmt::format("The revision {} of {} holds GGUF files: give the path of one of them, in {}", in_quotes(revision),
                    name.repository, in_quotes(snapshot.string())));
  return model::locate_cached(hub_cache, name);
}

/// The name in the cache, which can leave out sentence-transformers' organization.
std::optional<model::HubName> cached_name(std::string_view text, const std::filesystem::path& hub_cache) {
  const auto name = model::parse_hub_name(text);
  if (name && model::is_cached(hub_cache, *name)) return name;
  const auto full = model::parse_hub_name(std::string(sentence_organization) + std::string(text));
  if (full && text.find('/') == text.npos && model::is_cached(hub_cache, *full)) return full;
  return std::nullopt;
}

[[noreturn]] void fail_unknown_encoder(std::string_view text, const std::filesystem::path& hub_cache,
                                       std::string_view revision) {
  const auto best = nearest(text, model::cached_repositories(hub_cache));
  const auto hint = best.empty() ? std::string() : fmt::format(" Did you mean {}?", in_quotes(best));
  const auto wanted =
      model::parse_hub_name(std::string(text.find('/') == text.npos ? sentence_organization : "") + std::string(text));
  const auto get = wanted ? " Get it:\n  " + model::download_command(wanted->repository, revision) : std::string();
  throw ModelNotFound(
      fmt::format("There is no file or folder {}, and no such model in the Hugging Face cache ({}).{}{}",
                  in_quotes(text), in_quotes(hub_cache.string()), hint, get));
}

}  // namespace

std::filesystem::path locate_encoder(std::string_view name_or_path, const ModelSearch& search,
                                     std::string_view revision) {
  if (name_or_path.empty()) throw std::invalid_argument("The name of the model is empty");
  if (name_or_path.find('\0') != name_or_path.npos)
    throw std::invalid_argument("The name of the model holds a NUL byte: " + in_quotes(name_or_path));
  const std::filesystem::path path(name_or_path);
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) return encoder_in_folder(path);
  if (std::filesystem::exists(status)) {
    if (model::is_gguf(path)) return path;
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    if (!is_encoder_folder(folder)) fail_no_encoder(folder);
    return folder;
  }
  if (const auto name = cached_name(name_or_path, search.hub_cache))
    return cached_encoder(search.hub_cache, *name, revision);
  if (!model::is_main(revision)) fail_unknown_encoder(name_or_path, search.hub_cache, revision);
  if (auto folder = find_small_encoder(name_or_path, search.model_cache); !folder.empty()) return folder;
  if (model::is_default_model(name_or_path)) return locate_model(name_or_path, search);
  if (name_or_path == small_encoder) fail_small_encoder(search.model_cache);
  fail_unknown_encoder(name_or_path, search.hub_cache, revision);
}

}  // namespace berth
