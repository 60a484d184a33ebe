/// From placements to device maps, the way back of placement_of().
#pragma once

#include "berth/device.h"
#include "berth/model.h"
#include "berth/placement.h"

namespace berth::plan {

/// For people and programs that ask where a model is: one device where all that computes is there, else a map of the
/// embeddings, the layers and the output in GGUF's names.
ComponentDevice device_of(const Placement& placement);

/// A map of each tensor of the model, of which placement_of() makes the same placement.
DeviceMap map_of(const Placement& placement, const ModelProfile& profile);

}  // namespace berth::plan
