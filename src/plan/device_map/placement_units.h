/// The parts of a model that are placed as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/device_map/module_graph.h"

namespace berth::plan {

/// What may not be divided: a no_split module, a module without children, a tensor that a divided module has itself; or
/// several of them that share a tensor.
struct Unit {
  std::vector<std::string> names;  ///< keys of a device map
  std::uint64_t bytes = 0;         ///< once loaded, each tensor once
  std::size_t first = 0;           ///< the first of its tensors: parameters count before buffers
};

/// All units that hold tensors, in the order of the modules.
std::vector<Unit> units_of(const ModuleGraph& graph, std::optional<std::string_view> dtype);

}  // namespace berth::plan
