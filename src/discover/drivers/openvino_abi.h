/// The part of OpenVINO's C interface that its probe uses, 2022.1 and later: openvino/c/ov_core.h.
#pragma once

#include <cstddef>

namespace berth::discovery::openvino {

using Status = int;  // 0 is success

using Core = struct CoreHandle*;

/// ov_available_devices_t
struct DeviceNames {
  char** names;
  std::size_t size;
};

/// ov_version_t
struct Version {
  const char* build;
  const char* description;
};

}  // namespace berth::discovery::openvino
