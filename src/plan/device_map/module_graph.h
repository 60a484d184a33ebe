/// A module tree with its names resolved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "berth/module_tree.h"

namespace berth::plan {

/// A child or a tensor of a module, by the last part of its name.
struct Member {
  std::string_view name;
  std::size_t index;  ///< in the tree
};

/// What each path of a tree stands for. It looks into the tree, which has to outlive it.
class ModuleGraph {
 public:
  /// Throws std::invalid_argument as ModuleTree::check.
  explicit ModuleGraph(const ModuleTree& tree);

  const ModuleTree& tree() const { return tree_; }
  const ModuleInfo& module(std::size_t index) const { return tree_.modules[index]; }
  const ModuleTensor& tensor(std::size_t index) const { return tree_.tensors[index]; }

  /// The first place of the module that stands at `index`.
  std::size_t first_place(std::size_t index) const { return first_place_[index]; }
  /// The tensor that `index` is another name of, or `index`.
  std::size_t original(std::size_t index) const { return original_[index]; }

  /// Of the module whose first place is `index`; of the same child or tensor only the first name.
  const std::vector<Member>& children(std::size_t index) const { return nodes_[index].children; }
  const std::vector<Member>& parameters(std::size_t index) const { return nodes_[index].parameters; }
  const std::vector<Member>& buffers(std::size_t index) const { return nodes_[index].buffers; }

 private:
  struct Node {
    std::vector<Member> children, parameters, buffers;
  };

  void add_modules();
  void add_tensors();
  void check_ties() const;
  void check_size() const;

  const ModuleTree& tree_;
  std::unordered_map<std::string_view, std::size_t> modules_;  // by path
  std::unordered_map<std::string_view, std::size_t> tensors_;  // by name
  std::vector<std::size_t> first_place_;
  std::vector<std::size_t> original_;
  std::vector<Node> nodes_;
};

/// "a.b.c" is "a.b" and "c".
std::string_view parent_of(std::string_view name);
std::string_view last_part(std::string_view name);
/// "a.b" from "a" and "b".
std::string joined(std::string_view parent, std::string_view name);
/// Whether `name` is `path` or below it. Everything is below the empty path.
bool is_under(std::string_view name, std::string_view path);

}  // namespace berth::plan
