#include "berth/inventory.h"
#include "berth/resolve.h"

namespace berth {

ComponentDevice ComponentDevice::resolve_device(std::optional<ComponentDevice> device) {
  if (device) return *std::move(device);  // nothing of the machine is asked
  // What engines can use is all that counts here, and they are quick to ask.
  return resolve({}, discover(DiscoverOptions::engines_only()), ResolvePolicy::from_environment()).device;
}

}  // namespace berth
