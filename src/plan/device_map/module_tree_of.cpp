#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_set>

#include "berth/model.h"
#include "berth/module_tree.h"
#include "model/element_type.h"
#include "model/hf_layers.h"
#include "plan/device_map/class_tree.h"
#include "plan/device_map/file_modules.h"
#include "plan/device_map/module_graph.h"
#include "text/printable.h"

namespace berth {
namespace {

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

/// The first class that config.json names; empty where it names none.
std::string class_of(const Value& config) {
  const Value* classes = config.is_object() ? config.find("architectures") : nullptr;
  if (classes == nullptr || !classes->is_array() || classes->as_array().empty()) return {};
  const auto& first = classes->as_array().front();
  return first.is_string() ? first.as_string() : std::string();
}

/// The modules of a model whose class is not known, by the roles of its tensors.
class TreeOfRoles {
 public:
  TreeOfRoles(const ModelProfile& profile, const Value& config) : profile_(profile), config_(config) {}

  ModuleTree make() {
    std::vector<const TensorInfo*> tensors;
    for (const auto& tensor : profile_.tensors) tensors.push_back(&tensor);
    std::ranges::stable_sort(tensors, {}, [](const auto* tensor) { return order_of(*tensor); });
    bool has_output = false;
    const TensorInfo* embeddings = nullptr;
    std::unordered_set<std::string> blocks;
    for (const auto* tensor : tensors) {
      if (tensor->layer) blocks.insert(layer_path(*tensor));
      if (tensor->role == "token_embd" && embeddings == nullptr) embeddings = tensor;
      if (tensor->role == "output" && !has_output) add_rotary();
      has_output = has_output || tensor->role == "output";
      modules_.add(plan::module_tensor(*tensor));
    }
    if (!has_output) add_rotary();
    std::vector<std::vector<std::string>> tied;
    if (!has_output && embeddings != nullptr && generates()) tied.push_back(tie_output(*embeddings));
    for (const auto& path : blocks)  // of one class with their neighbours
      modules_.at(path).block = std::string(plan::parent_of(path)) + "[]";
    return modules_.tree(std::move(tied));
  }

 private:
  bool generates() const {
    const auto name = class_of(config_);
    return name.find("CausalLM") != name.npos || name.find("LMHead") != name.npos;
  }

  /// Positions are turned by a module beside the layers, whose buffer is computed and stands in no file.
  void add_rotary() {
    if (model::HfConfig(config_).find({"rope_theta", "rope_parameters"}) == nullptr) return;
    const auto first =
        std::ranges::find_if(profile_.tensors, [](const auto& tensor) { return tensor.layer.has_value(); });
    if (first == profile_.tensors.end() || profile_.layers.empty()) return;
    const auto path = layer_path(*first);
    const auto layers = plan::parent_of(path);
    if (layers.find('.') == layers.npos) return;
    const auto count = plan::rotary_angles(profile_, config_);
    auto tensor = plan::module_tensor(*first);
    tensor.bytes = count * (model::element_bits(first->type).value_or(8) / 8);
    tensor.name = plan::joined(plan::parent_of(layers), "rotary_emb.inv_freq");
    tensor.shape = {count};
    tensor.kind = TensorKind::buffer;
    tensor.persistent = false;
    modules_.add(std::move(tensor));
  }

  std::vector<std::string> tie_output(const TensorInfo& embeddings) {
    auto tensor = plan::module_tensor(embeddings);
    tensor.name = "lm_head.weight";
    tensor.alias_of = embeddings.name;
    modules_.add(std::move(tensor));
    return {"lm_head.weight", embeddings.name};
  }

  const ModelProfile& profile_;
  const Value& config_;
  plan::FileModules modules_;
};

}  // namespace

ModuleTree module_tree_of(const ModelProfile& profile) {
  if (profile.format != "safetensors") {
    throw std::invalid_argument(
        fmt::format("{} is a model in {}, whose tensors have no modules as in PyTorch; give one in safetensors",
                    in_quotes(profile.path.string()), profile.format));
  }
  const Value nothing;
  const Value* config = profile.metadata.find("config");
  if (config == nullptr) config = &nothing;
  if (const auto layout = plan::hf_layout(class_of(*config)); layout && !profile.tensors.empty())
    if (auto tree = plan::class_tree(profile, *layout, *config)) return std::move(*tree);
  return TreeOfRoles(profile, *config).make();
}

}  // namespace berth
