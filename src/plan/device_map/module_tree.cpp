#include "berth/module_tree.h"

#include "plan/device_map/module_graph.h"
#include "plan/device_map/module_tree_fields.h"

namespace berth {

void ModuleTree::check() const { plan::ModuleGraph{*this}; }

Value ModuleTree::to_dict() const { return structs::write(*this); }

ModuleTree ModuleTree::from_dict(const Value& dict) {
  auto tree = structs::read<ModuleTree>(dict, {});
  tree.check();
  return tree;
}

}  // namespace berth
