/// What a loaded model computes elsewhere than it was asked to.
#pragma once

#include <string>
#include <vector>

#include "berth/placement.h"

namespace berth::llama {

/// "layers 3 to 5 are computed on cpu, not on vulkan:0", and the same of the output. Empty where `found` is as `asked`.
std::vector<std::string> placement_notes(const Placement& asked, const Placement& found);

}  // namespace berth::llama
