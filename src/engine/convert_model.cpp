#include "berth/convert_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <system_error>

#include "berth/error.h"
#include "engine/run_folder.h"
#include "model/safetensors.h"
#include "system/sha256.h"
#include "text/printable.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/gguf/convert.h"
#endif

namespace berth {
namespace {

namespace fs = std::filesystem;

constexpr int version_of_conversion = 3;
constexpr std::size_t digits_of_content = 16;
constexpr std::chrono::hours patience_with_others{1};
constexpr std::array files_beside = {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
                                     "chat_template.jinja"};

/// Digits for the place of the folder, and those that change with each of the files that are read.
std::string fingerprint(const fs::path& folder) {
  std::string text = fmt::format("{}\n", version_of_conversion);
  auto files = model::safetensors_files(folder);
  for (const auto* name : files_beside) files.push_back(folder / name);
  for (const auto& file : files) {
    std::error_code none;
    const auto path = fs::canonical(file, none);
    if (none) continue;
    text += fmt::format("{}\n{}\n{}\n", path.string(), fs::file_size(path, none),
                        fs::last_write_time(path, none).time_since_epoch().count());
  }
  std::error_code none;
  return sha256(fs::weakly_canonical(folder, none).string()).substr(0, 8) + sha256(text).substr(0, digits_of_content);
}

/// What was made of the same folder before it changed, and what a process left that ended while it wrote. The caller holds
/// the lock on `file`; what another process writes stays.
void remove_outdated(const fs::path& file) {
  const auto mine = file.stem().string();
  const auto place = mine.substr(0, mine.size() - digits_of_content);
  std::error_code none;
  for (fs::directory_iterator entry(file.parent_path(), none), end; !none && entry != end; entry.increment(none)) {
    const auto name = entry->path().filename().string();
    if (!name.starts_with(place)) continue;
    std::error_code ignored;
    const auto stem = name.substr(0, mine.size());
    const auto lock_path = file.parent_path() / (stem + ".lock");
    if (stem == mine) {
      if (name.starts_with(file.filename().string() + ".part-")) fs::remove(entry->path(), ignored);
    } else if (const auto lock = lock_file(lock_path)) {
      fs::remove(entry->path(), ignored);
      fs::remove(lock_path, ignored);
    }
  }
}

void check_space(const fs::path& folder, std::uint64_t needed) {
  std::error_code none;
  const auto space = fs::space(folder, none);
  if (!none && space.available < needed)
    throw fs::filesystem_error(fmt::format("A GGUF file of {} MB needs more than the {} MB that are left on the disk",
                                           needed / 1'000'000, space.available / 1'000'000),
                               folder, std::make_error_code(std::errc::no_space_on_device));
}

}  // namespace

void convert_model(const fs::path& folder, const fs::path& to, const ConvertContext& context) {
#ifdef BERTH_WITH_LLAMA
  gguf::convert(folder, to, context);
#else
  (void)to, (void)context;
  throw std::runtime_error(
      fmt::format("{} cannot be written as GGUF: this build has no llama.cpp; build it with "
                  "-DBERTH_LLAMA=ON",
                  in_quotes(folder.string())));
#endif
}

fs::path loadable_model(const fs::path& model, const ModelSearch& search, const ConvertContext& context) {
  std::error_code none;
  if (!fs::is_directory(model, none)) return model;
  if (search.model_cache.empty())
    throw ModelNotFound(
        fmt::format("{} holds safetensors, and there is no folder for its GGUF file: HOME and "
                    "XDG_CACHE_HOME are not set",
                    in_quotes(model.string())));
  const auto profile = model::read_safetensors_model(model);
  auto name = profile.name;
  std::replace(name.begin(), name.end(), '/', '-');
  const auto folder = search.model_cache.parent_path() / "converted";
  auto file = folder / fmt::format("{}-{}.gguf", name, fingerprint(model));
  fs::create_directories(folder);
  const auto lock = lock_file(fs::path(file).replace_extension(".lock"), patience_with_others, context.stop);
  if (fs::exists(file, none)) return file;
  if (context.stop.stop_requested()) throw Cancelled("The conversion was cancelled");
  remove_outdated(file);
  check_space(folder, profile.tensor_bytes);
  if (context.log)
    context.log(LogLevel::info, fmt::format("{} holds safetensors: it is written once as {} ({} MB)", model.string(),
                                            file.string(), profile.tensor_bytes / 1'000'000));
  convert_model(model, file, context);
  return file;
}

}  // namespace berth
