#include "berth/resolve.h"

namespace berth {

ComponentDevice ComponentDevice::resolve_device(std::optional<ComponentDevice> device) {
  if (device) return *std::move(device);  // nothing of the machine is asked
  return resolve_here().device;
}

}  // namespace berth
