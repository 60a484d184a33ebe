#include "engine/checked_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "berth/value.h"
#include "text/file.h"

namespace berth {
namespace {

constexpr std::size_t most_kept = 512;

std::filesystem::path file_of_answered(const ModelSearch& search) {
  return search.model_cache.empty() ? search.model_cache : search.model_cache.parent_path() / "answered.json";
}

/// What is kept of a file; none where it is not there.
std::optional<std::string> state_of_file(const std::filesystem::path& path) {
  std::error_code problem;
  const auto bytes = std::filesystem::file_size(path, problem);
  if (problem) return std::nullopt;
  const auto time = std::filesystem::last_write_time(path, problem);
  if (problem) return std::nullopt;
  return fmt::format("{} bytes, {}", bytes, time.time_since_epoch().count());
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return !folder.empty() && std::ranges::mismatch(folder, path).in1 == folder.end();
}

Value::Object answered_before(const std::filesystem::path& file) {
  std::error_code problem;
  if (file.empty() || !std::filesystem::is_regular_file(file, problem)) return {};
  try {
    const auto kept = Value::from_json(read_text_file(file, std::size_t{4} << 20U));
    return kept.is_object() ? kept.as_object() : Value::Object();
  } catch (const std::exception&) {
    return {};  // it is only a cache
  }
}

}  // namespace

bool is_checked(const std::filesystem::path& model, const ModelSearch& search) {
  std::error_code problem;
  const auto path = std::filesystem::weakly_canonical(model, problem);
  if (problem) return false;
  if (is_below(path, std::filesystem::weakly_canonical(search.model_cache, problem))) return true;
  const auto kept = answered_before(file_of_answered(search));
  const auto* state = kept.find(path.string());
  return state != nullptr && state->is_string() && state->as_string() == state_of_file(path);
}

void keep_checked(const std::filesystem::path& model, const ModelSearch& search) {
  const auto file = file_of_answered(search);
  if (file.empty() || is_checked(model, search)) return;
  try {
    const auto path = std::filesystem::weakly_canonical(model);
    const auto state = state_of_file(path);
    if (!state) return;
    const auto before = answered_before(file);
    Value::Object kept;
    auto surplus = before.size() + 1 > most_kept ? before.size() + 1 - most_kept : 0;
    for (const auto& [name, value] : before) {
      if (surplus > 0)
        --surplus;  // the oldest
      else if (name != path.string())
        kept.set(name, value);
    }
    kept.set(path.string(), *state);
    std::filesystem::create_directories(file.parent_path());
    write_file(file, Value(std::move(kept)).to_json(1) + "\n");
  } catch (const std::exception&) {
  }
}

}  // namespace berth
