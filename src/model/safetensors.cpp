#include "model/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <unordered_map>

#include "berth/error.h"
#include "model/hf_config.h"
#include "model/named_file.h"
#include "model/safetensors_header.h"
#include "text/printable.h"

namespace berth::model {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_ending = ".safetensors";
constexpr std::string_view index_ending = ".safetensors.index.json";
constexpr std::uint64_t most_index_bytes = 100'000'000;  // as of a header
constexpr std::size_t most_shards = 100'000;

/// "llama-3-8b" of ".../llama-3-8b", and "org/name" of the Hugging Face cache.
std::string model_name(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  auto full = fs::absolute(folder, error).lexically_normal();
  if (full.filename().empty()) full = full.parent_path();
  constexpr std::string_view prefix = "models--";
  if (const auto cached = full.parent_path().parent_path().filename().string();
      full.parent_path().filename() == "snapshots" && cached.starts_with(prefix)) {
    auto name = cached.substr(prefix.size());
    if (const auto dashes = name.find("--"); dashes != name.npos) name.replace(dashes, 2, "/");
    return name;
  }
  return full.filename().empty() ? path.stem().string() : full.filename().string();
}

/// Adds the tensors of one file.
void add_shard(ModelProfile& profile, const fs::path& path, std::uint32_t part) {
  ByteReader reader(path, 8192);  // the header of a shard is short
  auto header = read_safetensors(reader);
  profile.file_bytes += reader.size();
  for (auto& tensor : header.tensors) {
    tensor.part = part;
    profile.tensor_bytes += tensor.bytes;
    profile.tensors.push_back(std::move(tensor));
  }
  if (part == 0 && !header.metadata.empty()) profile.metadata.set("__metadata__", std::move(header.metadata));
}

/// Where `text` stands in quotes in a file of JSON; 0 where it is written in another way. Only what is wrong is looked for.
std::uint64_t place_of(const fs::path& path, std::string_view text) {
  ByteReader reader(path);
  const auto at = reader.read_bytes(reader.size()).find(Value(text).to_json());
  return at == std::string::npos ? 0 : at;
}

const Value::Object& weight_map(const fs::path& path, const Value& index) {
  const Value* map = index.is_object() ? index.find("weight_map") : nullptr;
  if (map == nullptr || !map->is_object() || map->as_object().empty())
    throw FormatError(path, 0, "no weight_map", "an index of safetensors, which says which file holds each tensor");
  return map->as_object();
}

/// The files that an index names, in the order of their names.
std::vector<std::string> shard_names(const fs::path& path, const Value::Object& map) {
  std::vector<std::string> names;
  for (const auto& [tensor, file] : map) {
    if (!file.is_string())
      throw FormatError(path, place_of(path, tensor), "something else than a file name for " + in_quotes(tensor),
                        "the name of a file");
    names.push_back(file.as_string());
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > most_shards)
    throw FormatError(path, 0, fmt::format("{} files", names.size()), fmt::format("at most {}", most_shards));
  return names;
}

void check_against(const fs::path& path, const Value::Object& map, const std::vector<std::string>& files,
                   const ModelProfile& profile) {
  std::unordered_map<std::string_view, std::uint32_t> parts;
  for (const auto& tensor : profile.tensors) {
    const auto& file = files[tensor.part];
    if (!parts.emplace(tensor.name, tensor.part).second)
      throw FormatError(path, place_of(path, tensor.name),
                        fmt::format("tensor {} in two files", in_quotes(tensor.name)), "each name once");
    const Value* named = map.find(tensor.name);
    if (named == nullptr || named->as_string() != file) {
      throw FormatError(path, named == nullptr ? 0 : place_of(path, tensor.name),
                        fmt::format("tensor {}, which {} holds, {}", in_quotes(tensor.name), in_quotes(file),
                                    named == nullptr ? "not at all" : "in another file"),
                        "the index of these files");
    }
  }
  for (const auto& [name, file] : map) {
    if (!parts.contains(name)) {
      throw FormatError(
          path, place_of(path, name),
          fmt::format("tensor {} in {}, which does not hold it", in_quotes(name), in_quotes(file.as_string())),
          "the index of these files");
    }
  }
}

std::vector<fs::path> shard_paths(const fs::path& index, const std::vector<std::string>& files) {
  std::vector<fs::path> paths;
  for (const auto& file : files) {
    try {
      paths.push_back(named_file(index, 0, file));
    } catch (const FormatError& problem) {
      throw FormatError(index, place_of(index, file), problem.found(), problem.expected());
    }
  }
  return paths;
}

ModelProfile read_index(const fs::path& path) {
  const auto index = read_strict_json(path, most_index_bytes);
  const auto& map = weight_map(path, index);
  const auto files = shard_names(path, map);
  ModelProfile profile;
  profile.part_count = static_cast<std::uint32_t>(files.size());
  const auto paths = shard_paths(path, files);  // all are looked at before the first one is read
  for (std::uint32_t part = 0; part < profile.part_count; ++part) add_shard(profile, paths[part], part);
  check_against(path, map, files, profile);
  return profile;
}

/// The index that names `file` and stands beside it, or nothing.
std::optional<fs::path> index_of(const fs::path& file) {
  // "model-00001-of-00002.safetensors" is a shard of what "model.safetensors.index.json" lists.
  const auto stem = file.stem().string();
  constexpr std::string_view form = "-00001-of-00002";
  if (stem.size() <= form.size() || stem.substr(stem.size() - 9, 4) != "-of-") return std::nullopt;
  auto index = file.parent_path() / (stem.substr(0, stem.size() - form.size()) + std::string(index_ending));
  std::error_code error;
  return fs::exists(index, error) ? std::optional(index) : std::nullopt;
}

/// What stands for the model in a folder: "model.safetensors", else its index, else its only file.
fs::path main_file(const fs::path& folder) {
  std::vector<fs::path> indexes;
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const auto name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    if (name.ends_with(index_ending)) indexes.push_back(entry->path());
    if (name.ends_with(file_ending)) files.push_back(entry->path());
  }
  if (error)
    throw ModelNotFound(fmt::format("The folder {} cannot be read: {}", in_quotes(folder.string()), error.message()));
  // transformers asks for this file first, whatever an index lists.
  const auto is_whole = [&](const fs::path& file) {
    return file.filename() == "model.safetensors" && fs::exists(file, error);
  };
  if (const auto whole = std::ranges::find_if(files, is_whole); whole != files.end()) return *whole;
  for (auto* found : {&indexes, &files}) {
    std::ranges::sort(*found);
    for (const auto& path : *found)
      if (path.filename().string().starts_with("model.safetensors")) return path;
    if (found->size() == 1) return found->front();
  }
  if (files.empty())
    throw ModelNotFound(fmt::format("The folder {} holds no model in safetensors", in_quotes(folder.string())));
  std::string list;
  for (const auto& file : files) list += "\n  " + file.string();
  throw ModelNotFound(fmt::format("The folder {} holds several files and no index of them; give one of them:{}",
                                  in_quotes(folder.string()), list));
}

/// The index or the only file of the model that `path` means.
fs::path index_or_file(const fs::path& path) {
  std::error_code error;
  const auto file = fs::is_directory(path, error) ? main_file(path) : path;
  return index_of(file).value_or(file);
}

bool is_index(const fs::path& file) { return file.filename().string().ends_with(".json"); }

}  // namespace

bool is_safetensors_name(const fs::path& path) {
  const auto name = path.filename().string();
  return name.ends_with(file_ending) || name.ends_with(index_ending);
}

std::vector<fs::path> safetensors_files(const fs::path& path) {
  const auto file = index_or_file(path);
  if (!is_index(file)) return {file};
  const auto index = read_strict_json(file, most_index_bytes);
  return shard_paths(file, shard_names(file, weight_map(file, index)));
}

ModelProfile read_safetensors_model(const fs::path& path) {
  const auto file = index_or_file(path);
  const auto folder = file.parent_path();
  ModelProfile profile;
  if (is_index(file)) {
    profile = read_index(file);
  } else {
    add_shard(profile, file, 0);
  }
  profile.path = path;
  profile.format = "safetensors";
  profile.name = model_name(file, folder);
  set_from_config(profile, folder);
  return profile;
}

}  // namespace berth::model
