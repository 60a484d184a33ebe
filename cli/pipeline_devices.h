/// Devices that are given on the command line in place of those in a pipeline's file.
#pragma once

#include <string>
#include <vector>

#include "berth/pipeline.h"

namespace berth::cli {

/// `pipeline` with components on other devices; `choices` are "COMPONENT=DEVICE". Throws std::invalid_argument for a
/// component that is not there or has no device, and for one that is chosen for twice.
Pipeline with_devices(Pipeline pipeline, const std::vector<std::string>& choices);

}  // namespace berth::cli
