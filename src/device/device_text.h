/// The text of a device without an allocation.
#pragma once

#include <string_view>

#include "berth/device.h"

namespace berth {

class DeviceText {
 public:
  explicit DeviceText(const Device& device);
  DeviceText(const DeviceText&) = delete;
  DeviceText& operator=(const DeviceText&) = delete;

  /// Holds as long as this object.
  std::string_view view() const { return view_; }

 private:
  char buffer_[32];  // the longest is "vulkan:2147483647"
  std::string_view view_;
};

}  // namespace berth
