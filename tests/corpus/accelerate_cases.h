// The device maps recorded from accelerate, read from BERTH_CORPUS_DIR or the copies in tests/data/corpus.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "berth/convert.h"
#include "berth/device_map_plan.h"

namespace berth::corpus {

inline std::filesystem::path accelerate_folder() {
  const char* folder = std::getenv("BERTH_CORPUS_DIR");
  return std::filesystem::path(folder != nullptr && *folder != '\0' ? folder : BERTH_TEST_DATA_DIR "/corpus") /
         "accelerate";
}

/// One recorded case.
struct AccelerateCase {
  std::string name;
  Value all;
  ModuleTree tree;
  DeviceMapRequest request;

  const Value& at(std::string_view field) const { return all.as_object().at(field); }
  bool is_bad() const {
    const auto* note = all.find("note");
    return note != nullptr && note->as_object().at("bad").as_bool();
  }
  const Value* error() const { return at("expected").find("error"); }
};

inline AccelerateCase read_accelerate_case(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  AccelerateCase found{path.stem().string(), Value::from_json(text.str()), {}, {}};
  found.tree = ModuleTree::from_dict(found.all);
  auto& request = found.request;
  request.strategy = map_strategy_from_str(found.at("strategy").as_string());
  request.max_memory = max_memory_from(found.at("max_memory"));
  if (const auto& dtype = found.at("dtype"); !dtype.is_null()) request.dtype = dtype.as_string();
  const auto& options = found.at("options").as_object();
  request.offload_buffers = options.at("offload_buffers").as_bool();
  request.fallback_allocation = options.at("fallback_allocation").as_bool();
  request.clean_result = options.at("clean_result").as_bool();
  return found;
}

inline std::vector<std::filesystem::path> accelerate_files() {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(accelerate_folder())) return files;
  for (const auto& entry : std::filesystem::directory_iterator(accelerate_folder()))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

/// 0 is cuda:0, "cpu" the CPU.
inline Device recorded_device(const Value& key) {
  return key.is_int() ? Device::gpu(static_cast<int>(key.as_int())) : Device::from_str(key.as_string());
}

/// [[name, device], ...]
inline DeviceMap recorded_map(const Value& pairs) {
  DeviceMap map;
  for (const auto& pair : pairs.as_array())
    map.set(pair.as_array()[0].as_string(), recorded_device(pair.as_array()[1]));
  return map;
}

inline std::vector<std::string> texts(const Value* list) {
  std::vector<std::string> all;
  if (list != nullptr)
    for (const auto& each : list->as_array()) all.push_back(each.as_string());
  return all;
}

}  // namespace berth::corpus
