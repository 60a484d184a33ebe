/// A module tree with the sizes that accelerate 1.15 computes for it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plan/device_map/accelerate_count.h"
#include "plan/device_map/module_graph.h"

namespace berth::plan {

/// A module or a tensor that waits for its device. Of a list of them, the last is the next in turn.
struct Item {
  std::string name;
  bool is_tensor;
  std::size_t index;  ///< in the tree
};

/// What the strategies ask of a model. Sizes are those of the names that PyTorch lists: tensors with several names count
/// under their first, modules with several places at their first.
class AccelerateModel {
 public:
  AccelerateModel(const ModuleGraph& graph, std::optional<std::string_view> dtype);

  /// Names with their sizes: parameters, then buffers, each after the modules around it that were not there yet.
  const std::vector<std::pair<std::string, Count>>& sizes() const { return sizes_; }
  Count size(std::string_view name) const;                   ///< 0 where nothing is counted under that name
  const ModuleInfo* module_at(std::string_view path) const;  ///< nullptr for a tensor
  const std::vector<std::vector<std::string>>& tied() const { return graph_.tree().tied; }

  /// The parameters, children and buffers of the model itself, the first of them last.
  std::vector<Item> top() const;
  /// What `item` is divided into: its parameters and its children, the first of them last. Buffers are left out.
  std::vector<Item> parts(const Item& item) const;
  bool can_be_divided(const Item& item) const;
  Count buffer_size(const Item& item) const;  ///< of all buffers in it, each once

 private:
  const ModuleGraph& graph_;
  std::optional<std::string_view> dtype_;
  std::vector<std::pair<std::string, Count>> sizes_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::unordered_map<std::string_view, std::size_t> modules_;
};

/// The largest module that is never divided, and the names of all that are as large.
struct LargestLayer {
  Count size;
  std::vector<std::string> names;
};
LargestLayer largest_layer(const AccelerateModel& model, std::vector<Item> items);

/// The sum of an item's size and of the modules that hold what is tied to it.
struct TiedSize {
  Count size;
  std::vector<std::string> names;  ///< of those modules, one for each tied name
};
/// The names that are tied to something in `name` and lie outside of it.
std::vector<std::string_view> tied_outside(const AccelerateModel& model, std::string_view name);
/// Throws AccelerateError "IndexError" where no item holds one of them.
TiedSize size_with_ties(const AccelerateModel& model, std::string_view name, const std::vector<std::string_view>& tied,
                        const std::vector<Item>& waiting);

}  // namespace berth::plan
