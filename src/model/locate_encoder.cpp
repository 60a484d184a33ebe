#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <system_error>

#include "berth/error.h"
#include "berth/model.h"
#include "model/hub_cache.h"
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

std::filesystem::path checked_encoder_folder(std::filesystem::path folder) {
  if (is_encoder_folder(folder)) return folder;
  throw ModelNotFound(
      fmt::format("The folder {} holds no config.json: an encoder is a folder of Hugging Face with config.json, "
                  "tokenizer.json and safetensors",
                  in_quotes(folder.string())));
}

/// The name in the cache, which can leave out sentence-transformers' organization.
std::optional<model::HubName> cached_name(std::string_view text, const std::filesystem::path& hub_cache) {
  const auto name = model::parse_hub_name(text);
  if (name && model::is_cached(hub_cache, *name)) return name;
  const auto full = model::parse_hub_name(std::string(sentence_organization) + std::string(text));
  if (full && text.find('/') == text.npos && model::is_cached(hub_cache, *full)) return full;
  return std::nullopt;
}

[[noreturn]] void fail_unknown_encoder(std::string_view text, const std::filesystem::path& hub_cache) {
  const auto best = nearest(text, model::cached_repositories(hub_cache));
  const auto hint = best.empty() ? std::string() : fmt::format(" Did you mean {}?", in_quotes(best));
  const auto wanted =
      model::parse_hub_name(std::string(text.find('/') == text.npos ? sentence_organization : "") + std::string(text));
  const auto get = wanted ? fmt::format(" Get it:\n  hf download {}", wanted->repository) : std::string();
  throw ModelNotFound(fmt::format("There is no folder {}, and no such model in the Hugging Face cache ({}).{}{}",
                                  in_quotes(text), in_quotes(hub_cache.string()), hint, get));
}

}  // namespace

std::filesystem::path locate_encoder(std::string_view name_or_path, const ModelSearch& search) {
  if (name_or_path.empty()) throw std::invalid_argument("The name of the model is empty");
  if (name_or_path.find('\0') != name_or_path.npos)
    throw std::invalid_argument("The name of the model holds a NUL byte: " + in_quotes(name_or_path));
  const std::filesystem::path path(name_or_path);
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) return checked_encoder_folder(path);
  if (std::filesystem::exists(status)) {
    const auto folder = path.parent_path();
    return checked_encoder_folder(folder.empty() ? "." : folder);
  }
  if (const auto name = cached_name(name_or_path, search.hub_cache))
    return checked_encoder_folder(model::locate_snapshot(search.hub_cache, *name, "hf download " + name->repository));
  if (auto folder = find_small_encoder(name_or_path, search.model_cache); !folder.empty()) return folder;
  if (name_or_path == small_encoder) fail_small_encoder(search.model_cache);
  fail_unknown_encoder(name_or_path, search.hub_cache);
}

}  // namespace berth
