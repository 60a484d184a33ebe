/// The modules of a model and the tensors in them, as PyTorch sees them: what device maps are made for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berth/model.h"
#include "berth/value.h"

namespace berth {

/// One module. Its children are the modules whose path is its own and one name more.
struct ModuleInfo {
  std::string path = {};        ///< "model.layers.0"; empty for the model itself
  std::string class_name = {};  ///< "LlamaDecoderLayer"
  bool no_split = false;        ///< stays whole on one device
  std::string same_as = {};     ///< an earlier path where the very same module stands; empty: none

  bool operator==(const ModuleInfo&) const = default;
};

enum class TensorKind { parameter, buffer };

/// One parameter or buffer of a module.
struct ModuleTensor {
  std::string name = {};                  ///< "model.layers.0.mlp.up_proj.weight"
  std::vector<std::uint64_t> shape = {};  ///< in PyTorch's order
  std::string dtype = {};                 ///< as PyTorch names it: "bfloat16", "int64"
  std::uint64_t bytes = 0;                ///< in that type
  TensorKind kind = TensorKind::parameter;
  bool persistent = true;     ///< a buffer that is saved with the model
  std::string alias_of = {};  ///< an earlier tensor that this is another name of; empty: none

  bool operator==(const ModuleTensor&) const = default;
};

/// A model as a tree of modules.
struct ModuleTree {
  std::vector<ModuleInfo> modules = {};             ///< parents first, children in their order; the first is the model
  std::vector<ModuleTensor> tensors = {};           ///< those of a module in their order
  std::vector<std::vector<std::string>> tied = {};  ///< names of tensors that are one and the same

  /// Throws std::invalid_argument naming what is wrong: a parent that is missing, a name that is there twice, an alias of
  /// nothing, more bytes than 2^48.
  void check() const;

  Value to_dict() const;
  /// From that form, checked. Throws std::invalid_argument saying where what is wrong.
  static ModuleTree from_dict(const Value& dict);

  bool operator==(const ModuleTree&) const = default;
};

/// The modules of a model in safetensors, as the class has them that config.json names: in its order, with its names for
/// shared tensors. Of a class that is not known by the names of the tensors: embeddings first, then layers, which stay whole,
/// then the rest and the output. Throws std::invalid_argument for another format.
///
///     plan_device_map(module_tree_of(read_model("llama-3-8b/")), request).device_map;  // for transformers
ModuleTree module_tree_of(const ModelProfile& profile);

}  // namespace berth
