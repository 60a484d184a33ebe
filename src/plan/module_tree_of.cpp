#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <unordered_set>

#include "berth/model.h"
#include "berth/module_tree.h"
#include "model/element_type.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::array torch_names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"F64", "float64"},
    {"F32", "float32"},
    {"F16", "float16"},
    {"BF16", "bfloat16"},
    {"F8_E4M3", "float8_e4m3fn"},
    {"F8_E5M2", "float8_e5m2"},
    {"F8_E4M3FNUZ", "float8_e4m3fnuz"},
    {"F8_E5M2FNUZ", "float8_e5m2fnuz"},
    {"F8_E8M0", "float8_e8m0fnu"},
    {"I64", "int64"},
    {"I32", "int32"},
    {"I16", "int16"},
    {"I8", "int8"},
    {"U64", "uint64"},
    {"U32", "uint32"},
    {"U16", "uint16"},
    {"U8", "uint8"},
    {"BOOL", "bool"},
    {"C64", "complex64"},
});

ModuleTensor module_tensor(const TensorInfo& info) {
  ModuleTensor tensor{.name = info.name, .shape = {info.shape.rbegin(), info.shape.rend()}, .bytes = info.bytes};
  const auto* known = std::ranges::find(torch_names, info.type, [](const auto& pair) { return pair.first; });
  if (known != torch_names.end()) {
    tensor.dtype = known->second;
  } else {  // packed in bytes, as PyTorch holds them
    tensor.dtype = "uint8";
    tensor.shape = {info.bytes};
  }
  return tensor;
}

/// Where a tensor stands in the order of the modules, which the order of a file does not tell.
std::tuple<int, bool, std::uint64_t> order_of(const TensorInfo& tensor) {
  constexpr std::array first = {"token_embd", "position_embd", "token_types", "token_embd_norm"};
  if (tensor.layer) return {1, tensor.role.starts_with("dec."), *tensor.layer};
  if (std::ranges::find(first, tensor.role) != first.end()) return {0, false, 0};
  return {tensor.role == "output" ? 3 : 2, false, 0};
}

/// The path of the layer that holds a tensor: "model.layers.3".
std::string layer_path(const TensorInfo& tensor) {
  const auto index = fmt::format(".{}.", *tensor.layer);
  return tensor.name.substr(0, tensor.name.find(index) + index.size() - 1);
}

bool is_index(std::string_view name) {
  return name.size() < 10 && !name.empty() && name.find_first_not_of("0123456789") == name.npos;
}

struct Module {
  std::string name;
  std::vector<std::unique_ptr<Module>> children = {};
  std::vector<ModuleTensor> tensors = {};
};

class TreeOfProfile {
 public:
  explicit TreeOfProfile(const ModelProfile& profile) : profile_(profile) {
    if (const auto* found = profile.metadata.find("config"); found != nullptr && found->is_object()) config_ = found;
  }

  ModuleTree make() {
    std::vector<const TensorInfo*> tensors;
    for (const auto& tensor : profile_.tensors) tensors.push_back(&tensor);
    std::ranges::stable_sort(tensors, {}, [](const auto* tensor) { return order_of(*tensor); });
    bool has_output = false;
    const TensorInfo* embeddings = nullptr;
    for (const auto* tensor : tensors) {
      if (tensor->layer) blocks_.insert(layer_path(*tensor));
      if (tensor->role == "token_embd" && embeddings == nullptr) embeddings = tensor;
      if (tensor->role == "output" && !has_output) add_rotary();
      has_output = has_output || tensor->role == "output";
      add(module_tensor(*tensor));
    }
    if (!has_output) add_rotary();
    if (!has_output && embeddings != nullptr && generates()) tie_output(*embeddings);
    emit(root_, "");
    tree_.check();
    return std::move(tree_);
  }

 private:
  /// The module of this path, made where it is not there yet.
  Module& module_at(std::string_view path) {
    if (path.empty()) return root_;
    auto& module = by_path_[std::string(path)];
    if (module == nullptr) {
      const auto dot = path.find_last_of('.');
      auto& parent = module_at(dot == path.npos ? std::string_view() : path.substr(0, dot));
      module = parent.children.emplace_back(std::make_unique<Module>()).get();
      module->name = path.substr(dot == path.npos ? 0 : dot + 1);
    }
    return *module;
  }

  void add(ModuleTensor tensor) {
    constexpr int deepest = 250;
    const std::string_view name = tensor.name;
    if (std::ranges::count(name, '.') > deepest)
      throw std::invalid_argument("tensor " + in_quotes(name) + " lies in too many modules");
    const auto dot = name.find_last_of('.');
    module_at(dot == name.npos ? std::string_view() : name.substr(0, dot)).tensors.push_back(std::move(tensor));
  }

  const Value* config(std::string_view name) const {
    if (config_ == nullptr) return nullptr;
    if (const Value* part = config_->find("text_config"); part != nullptr && part->is_object())
      if (const Value* found = part->find(name); found != nullptr && !found->is_null()) return found;
    const Value* found = config_->find(name);
    return found == nullptr || found->is_null() ? nullptr : found;
  }

  bool generates() const {
    const Value* classes = config("architectures");
    if (classes == nullptr || !classes->is_array()) return false;
    return std::ranges::any_of(classes->as_array(), [](const Value& name) {
      return name.is_string() && (name.as_string().find("CausalLM") != std::string::npos ||
                                  name.as_string().find("LMHead") != std::string::npos);
    });
  }

  /// Positions are turned by a module beside the layers, whose buffer is computed and stands in no file.
  void add_rotary() {
    if (config("rope_theta") == nullptr && config("rope_parameters") == nullptr) return;
    const auto first =
        std::ranges::find_if(profile_.tensors, [](const auto& tensor) { return tensor.layer.has_value(); });
    if (first == profile_.tensors.end() || profile_.layers.empty()) return;
    auto layers = layer_path(*first);
    layers.resize(layers.find_last_of('.'));
    const auto dot = layers.find_last_of('.');
    if (dot == std::string::npos) return;
    const Value* part = config("partial_rotary_factor");
    const double factor = part != nullptr && part->is_number() ? std::clamp(part->as_double(), 0.0, 1.0) : 1.0;
    const Value* mla = config("qk_rope_head_dim");
    const auto width = mla != nullptr && mla->is_int() ? static_cast<double>(std::max<std::int64_t>(mla->as_int(), 0))
                                                       : static_cast<double>(profile_.layers.front().key_length);
    const auto count = static_cast<std::uint64_t>(std::min(width, 1e6) * factor / 2);
    auto tensor = module_tensor(*first);
    tensor.bytes = count * (model::element_bits(first->type).value_or(8) / 8);
    tensor.name = layers.substr(0, dot) + ".rotary_emb.inv_freq";
    tensor.shape = {count};
    tensor.kind = TensorKind::buffer;
    tensor.persistent = false;
    add(std::move(tensor));
  }

  void tie_output(const TensorInfo& embeddings) {
    auto tensor = module_tensor(embeddings);
    tensor.name = "lm_head.weight";
    tensor.alias_of = embeddings.name;
    tree_.tied.push_back({tensor.name, embeddings.name});
    add(std::move(tensor));
  }

  void emit(Module& module, const std::string& path) {
    const bool is_block = blocks_.contains(path);
    auto name = module.name;
    if (is_block) {  // of one class with its neighbours
      const auto end = path.find_last_of('.');
      name = path.substr(0, end) + "[]";
    }
    tree_.modules.push_back({.path = path, .class_name = std::move(name), .no_split = is_block});
    for (auto& tensor : module.tensors) tree_.tensors.push_back(std::move(tensor));
    if (std::ranges::all_of(module.children, [](const auto& child) { return is_index(child->name); }))
      std::ranges::stable_sort(module.children, {}, [](const auto& child) { return std::stoi(child->name); });
    for (const auto& child : module.children) emit(*child, path.empty() ? child->name : path + "." + child->name);
  }

  const ModelProfile& profile_;
  const Value* config_ = nullptr;
  Module root_;
  std::map<std::string, Module*> by_path_;  // not a hash table: references stay while it grows
  std::unordered_set<std::string> blocks_;
  ModuleTree tree_;
};

}  // namespace

ModuleTree module_tree_of(const ModelProfile& profile) {
  if (profile.format != "safetensors") {
    throw std::invalid_argument(
        fmt::format("{} is a model in {}, whose tensors have no modules as in PyTorch; give one in safetensors",
                    in_quotes(profile.path.string()), profile.format));
  }
  return TreeOfProfile(profile).make();
}

}  // namespace berth
