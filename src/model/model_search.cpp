#include <cstdlib>
#include <string_view>

#include "berth/model.h"

namespace berth {
namespace {

/// A variable's value as a path, "~" at its start being the home folder. An empty variable counts as unset.
std::filesystem::path folder(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return {};
  const std::string_view text = value;
  const char* home = std::getenv("HOME");
  if (home != nullptr && text == "~") return home;
  if (home != nullptr && text.starts_with("~/")) return std::filesystem::path(home) / text.substr(2);
  return text;
}

}  // namespace

ModelSearch ModelSearch::from_environment() {
  auto cache = folder("XDG_CACHE_HOME");
  if (const auto home = folder("HOME"); cache.empty() && !home.empty()) cache = home / ".cache";
  ModelSearch search;
  if (!cache.empty()) {
    search.hub_cache = cache / "huggingface" / "hub";
    search.model_cache = cache / "berth" / "models";
  }
  if (const auto hf_home = folder("HF_HOME"); !hf_home.empty()) search.hub_cache = hf_home / "hub";
  if (const auto hub_cache = folder("HF_HUB_CACHE"); !hub_cache.empty()) search.hub_cache = hub_cache;
  return search;
}

}  // namespace berth
