/// The modules of a model whose class is known.
#pragma once

#include <optional>

#include "berth/model.h"
#include "berth/module_tree.h"
#include "plan/device_map/hf_layout.h"

namespace berth::plan {

/// The tensors of a file in the modules of `layout`, with names as the class has them, whatever the file calls them.
/// Nothing where most tensors have no place there. What the layout does not know comes behind what it knows.
std::optional<ModuleTree> class_tree(const ModelProfile& profile, const HfLayout& layout, const Value& config);

}  // namespace berth::plan
