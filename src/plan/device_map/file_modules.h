/// The tensors of a file as modules hold them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "berth/model.h"
#include "berth/module_tree.h"

namespace berth::plan {

struct FileModule {
  std::string name;
  std::vector<std::unique_ptr<FileModule>> children = {};
  std::vector<ModuleTensor> tensors = {};
  std::string block = {};    ///< its class, where it stays whole
  std::string same_as = {};  ///< as in ModuleInfo

  FileModule* child(std::string_view wanted) const;
  ModuleTensor* tensor(std::string_view wanted);  ///< by the last part of its name
};

class FileModules {
 public:
  FileModule& root() { return root_; }
  /// The module of this path, made where it is not there yet.
  FileModule& at(std::string_view path);
  FileModule* find(std::string_view path);
  ModuleTensor* find_tensor(std::string_view name);
  /// Throws std::invalid_argument where its name lies in too many modules.
  void add(ModuleTensor tensor);
  void remove(std::string_view name);

  /// Numbered modules by their numbers, all others as they stand.
  ModuleTree tree(std::vector<std::vector<std::string>> tied);

 private:
  FileModule root_;
  std::map<std::string, FileModule*, std::less<>> by_path_;
};

/// A tensor of a file as PyTorch holds it.
ModuleTensor module_tensor(const TensorInfo& info);

/// How many angles turn each position, of which a computed buffer holds one number each; 0 where none do.
std::uint64_t rotary_angles(const ModelProfile& profile, const Value& config);

bool is_index(std::string_view name);

}  // namespace berth::plan
