/// Indices of devices of which a model has one at most: its CPU, and the disk that its file is on.
#pragma once

#include "berth/placement.h"

namespace berth::plan {

/// "cpu" for "cpu:0", and "disk" for a disk of any index, as the mapped file lies on its own; other devices as they are.
/// Throws std::invalid_argument for another CPU.
Device without_host_index(const Device& device);

/// The same of all devices of a placement.
Placement without_host_index(Placement placement);

}  // namespace berth::plan
