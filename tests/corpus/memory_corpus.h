// Rows of the corpora gguf_memory and gguf_memory_cuda: how many bytes llama.cpp puts where. Their READMEs say what a row
// holds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "berth/memory.h"
#include "berth/model.h"
#include "model/ggml_type.h"

namespace berth::memory_corpus {

inline std::filesystem::path folder(std::string_view name) {
  const char* folder = std::getenv("BERTH_CORPUS_DIR");
  return std::filesystem::path(folder != nullptr && *folder != '\0' ? folder : BERTH_TEST_DATA_DIR "/corpus") / name;
}

inline Value read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("There is no " + path.string());
  std::stringstream text;
  text << file.rdbuf();
  return Value::from_json(text.str());
}

/// A GGUF file with the header that `model` describes and a hole instead of weights.
class GgufFile {
 public:
  static void write(const Value& model, const std::filesystem::path& path) {
    GgufFile file;
    file.add_header(model);
    std::ofstream out(path, std::ios::binary);
    out.write(file.bytes_.data(), static_cast<std::streamsize>(file.bytes_.size()));
    out.close();
    std::filesystem::resize_file(path, file.bytes_.size() + file.data_bytes_);
  }

 private:
  static constexpr std::uint64_t alignment = 32;
  static std::uint64_t padded(std::uint64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

  template <class T>
  void number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    number<std::uint64_t>(value.size());
    bytes_.append(value);
  }
  static std::uint32_t type_number(std::string_view type) {
    static const std::map<std::string, std::uint32_t, std::less<>> numbers = {
        {"u8", 0}, {"u32", 4}, {"i32", 5}, {"f32", 6}, {"bool", 7}, {"str", 8}, {"u64", 10}};
    return numbers.find(type)->second;
  }
  void scalar(std::string_view type, const Value& value) {
    if (type == "str") text(value.as_string());
    if (type == "u8") number(static_cast<std::uint8_t>(value.as_int()));
    if (type == "u32") number(static_cast<std::uint32_t>(value.as_int()));
    if (type == "i32") number(static_cast<std::int32_t>(value.as_int()));
    if (type == "u64") number(static_cast<std::uint64_t>(value.as_int()));
    if (type == "f32") number(static_cast<float>(value.as_double()));
    if (type == "bool") number(static_cast<std::uint8_t>(value.is_bool() ? value.as_bool() : value.as_int() != 0));
  }
  void entry(std::string_view key, std::string_view type, const Value& value) {
    text(key);
    if (!type.starts_with("arr:")) {
      number(type_number(type));
      scalar(type, value);
      return;
    }
    type.remove_prefix(4);
    number<std::uint32_t>(9);
    number(type_number(type));
    number<std::uint64_t>(value.as_array().size());
    for (const auto& each : value.as_array()) scalar(type, each);
  }
  static std::uint32_t ggml_number(std::string_view name) {
    for (std::uint32_t number = 0; number < 64; ++number)
      if (model::ggml_type(number) != nullptr && model::ggml_type(number)->name == name) return number;
    throw std::runtime_error("no type " + std::string(name));
  }

  void add_header(const Value& model) {
    const auto& arch = model.find("arch")->as_string();
    const auto& entries = model.find("kv")->as_array();
    const auto& tensors = model.find("tensors")->as_array();
    bytes_ = "GGUF";
    number<std::uint32_t>(3);
    number<std::uint64_t>(tensors.size());
    number<std::uint64_t>(entries.size() + 3);
    entry("general.architecture", "str", arch);
    for (const auto& each : entries)
      entry(each.as_array()[0].as_string(), each.as_array()[1].as_string(), each.as_array()[2]);
    entry(arch + ".vocab_size", "u32", *model.find("vocab_size"));
    entry("tokenizer.ggml.model", "str", "none");
    for (const auto& each : tensors) add_tensor(each.as_array());
    bytes_.resize(padded(bytes_.size()));
  }
  void add_tensor(const Value::Array& tensor) {
    const auto type = ggml_number(tensor[1].as_string());
    const auto& shape = tensor[2].as_array();
    text(tensor[0].as_string());
    number(static_cast<std::uint32_t>(shape.size()));
    std::uint64_t elements = 1;
    for (const auto& extent : shape) {
      number(static_cast<std::uint64_t>(extent.as_int()));
      elements *= static_cast<std::uint64_t>(extent.as_int());
    }
    number(type);
    number(data_bytes_);
    data_bytes_ += padded(elements / model::ggml_type(type)->block_elements * model::ggml_type(type)->block_bytes);
  }

  std::string bytes_;
  std::uint64_t data_bytes_ = 0;
};

/// One configuration of one model, and what the engine made of it.
struct Row {
  std::string model;
  Value::Object config;
  Value all;

  bool is(std::string_view key) const {
    const Value* value = config.find(key);
    return value != nullptr && value->is_bool() && value->as_bool();
  }
  int number(std::string_view key, int fallback) const {
    const Value* value = config.find(key);
    return value == nullptr ? fallback : static_cast<int>(value->as_int());
  }
  std::string text(std::string_view key) const { return config.at(key).as_string(); }
};

/// The device that the engine calls `name` there.
inline Device device_of(const std::string& name) {
  if (name.starts_with("RPC")) return Device::rpc(std::stoi(name.substr(3)));
  if (name.starts_with("CUDA")) return Device::gpu(std::stoi(name.substr(4)));
  return Device::cpu();
}

/// What Berth is asked for a row.
struct Question {
  Placement placement;
  ContextSpec context;
  MemoryOptions options;
};

inline void override_tensors(const Row& row, const ModelProfile& profile, Placement& placement) {
  std::vector<std::pair<std::regex, Device>> rules;
  if (row.is("cpu_moe")) rules.emplace_back(R"(\.ffn_(up|down|gate|gate_up)_(ch|)exps)", Device::cpu());
  if (const Value* text = row.config.find("override_tensor")) {
    std::istringstream parts(text->as_string());
    for (std::string part; std::getline(parts, part, ';');) {
      const auto at = part.find_last_of('=');
      rules.emplace_back(part.substr(0, at), device_of(part.substr(at + 1)));
    }
  }
  for (const auto& tensor : profile.tensors) {
    const auto rule =
        std::ranges::find_if(rules, [&](const auto& each) { return std::regex_search(tensor.name, each.first); });
    if (rule != rules.end()) placement.tensors.set(tensor.name, rule->second);
  }
}

inline Question question_of(const Row& row, const ModelProfile& profile) {
  Question question;
  const auto& runs = row.all.find("layers")->as_array();
  const int layers = static_cast<int>(profile.layers.size());
  int next = 0;
  for (const auto& run : runs) {
    const auto device = device_of(run.as_array()[0].as_string());
    const int count = std::min(static_cast<int>(run.as_array()[1].as_int()), layers - next);
    if (count > 0) question.placement.layers.push_back({next, count, device});
    next += count;
    question.placement.output = device;
  }
  override_tensors(row, profile, question.placement);
  auto& context = question.context;
  context.n_ctx = row.number("n_ctx", 0);
  context.n_seq = row.number("n_seq_max", 1);
  context.n_ubatch = row.number("n_ubatch", 512);
  context.type_k = row.text("type_k");
  context.type_v = row.text("type_v");
  const auto flash = row.text("flash_attn");
  context.flash_attention = flash == "on"    ? FlashAttention::on
                            : flash == "off" ? FlashAttention::off
                                             : FlashAttention::automatic;
  context.unified = row.is("kv_unified");
  context.offload_cache = !row.is("no_kv_offload");
  question.options.n_outputs_max = row.number("n_outputs_max", 0);
  question.options.swa_full = row.is("swa_full");
  question.options.embeddings = row.is("embeddings");
  if (row.is("no_repack")) question.options.repacked_types.clear();
  const auto placement = row.text("placement");
  if (placement == "rpc1") question.options.devices = {Device::rpc(0)};
  if (placement == "rpc2") question.options.devices = {Device::rpc(0), Device::rpc(1)};
  if (placement == "cuda") question.options.devices = {Device::gpu(0)};
  return question;
}

/// Bytes of each device as the row says; what counts as the host's is the CPU's.
inline std::map<Device, DeviceUse> truth_of(const Row& row) {
  std::map<Device, DeviceUse> uses;
  for (const auto& buffer : row.all.find("buffers")->as_array()) {
    const bool host = buffer.find("host")->as_bool();
    const auto device = host ? Device::cpu() : device_of(buffer.find("device")->as_string());
    auto& use = uses[device];
    use.device = device;
    const auto bytes = [&](std::string_view name) { return static_cast<std::uint64_t>(buffer.find(name)->as_int()); };
    use.weights += bytes("model");
    use.cache += bytes("context");
    use.compute += bytes("compute");
  }
  return uses;
}

inline std::vector<std::string> model_names(const std::filesystem::path& corpus) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(corpus / "rows"))
    if (file.path().extension() == ".json") names.push_back(file.path().stem().string());
  std::ranges::sort(names);
  return names;
}

/// All rows of a model, and its profile as Berth reads it from a file.
struct ModelRows {
  ModelProfile profile;
  std::vector<Row> rows;
};

inline ModelRows read_rows(const std::filesystem::path& corpus, const std::filesystem::path& models,
                           const std::string& name, const std::filesystem::path& scratch) {
  ModelRows result;
  const auto path = scratch / (name + ".gguf");
  GgufFile::write(read_json(models / (name + ".json")), path);
  result.profile = read_model(path);
  std::filesystem::remove(path);
  const auto document = read_json(corpus / "rows" / (name + ".json"));
  for (const auto& row : document.find("rows")->as_array())
    result.rows.push_back({name, row.find("config")->as_object(), row});
  return result;
}

}  // namespace berth::memory_corpus
