#include <fmt/format.h>

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
model::HubName cached_name(std::string_view text, const std::filesystem::path& hub_cache) {
  const auto name = model::parse_hub_name(text);
  if (name && model::is_cached(hub_cache, *name)) return *name;
  const auto full = model::parse_hub_name(std::string(sentence_organization) + std::string(text));
  if (full && text.find('/') == text.npos && model::is_cached(hub_cache, *full)) return *full;
  const auto best = nearest(text, model::cached_repositories(hub_cache));
  const auto hint = best.empty() ? std::string() : fmt::format(" Did you mean {}?", in_quotes(best));
  const auto& wanted = text.find('/') == text.npos ? full : name;
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
  const auto name = cached_name(name_or_path, search.hub_cache);
  const auto snapshot = model::locate_snapshot(search.hub_cache, name, "hf download " + name.repository);
  return checked_encoder_folder(snapshot);
}

}  // namespace berth
