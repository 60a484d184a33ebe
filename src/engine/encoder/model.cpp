#include "engine/encoder/model.h"

#include <algorithm>

#include "discover/host/usable.h"
#include "engine/encoder/batch.h"
#include "engine/encoder/check_request.h"

namespace berth::encoder {
namespace {

// A pack's intermediate results stay in the caches of a core; a device wants more to do at once.
constexpr std::size_t pack_tokens_on_cpu = 256;
constexpr std::size_t pack_tokens_on_devices = 4096;

}  // namespace

std::vector<ggml_backend_dev_t> Model::lane_devices(const Parts& parts) {
  std::vector<ggml_backend_dev_t> devices;
  for (const auto& place : parts.places)
    if (place.handle != parts.cpu && std::ranges::find(devices, place.handle) == devices.end())
      devices.push_back(place.handle);
  devices.push_back(parts.cpu);
  return devices;
}

Model::Model(EncoderInfo info, Parts parts)
    : info_(std::move(info)),
      parts_(std::move(parts)),
      devices_(lane_devices(parts_)),
      // Graphs on other devices run one after the other there anyway.
      lanes_(devices_, devices_.size() == 1 ? static_cast<std::size_t>(discovery::usable_cores()) : 1) {}

std::size_t Model::pack_tokens() const { return devices_.size() == 1 ? pack_tokens_on_cpu : pack_tokens_on_devices; }

EncodeResult Model::encode(const EncodeRequest& request, const EncodeContext& context) const {
  check_request(request, *this);
  return Batch(*this, parts_, lanes_, request, context).run(pack_tokens());
}

std::vector<DeviceUse> Model::memory() const {
  DeviceUse host{.device = Device::cpu(), .pool = "ram"};
  host.weights = parts_.modules.bytes() + (parts_.packed ? parts_.packed->bytes() : 0);
  std::vector<DeviceUse> others;
  for (std::size_t i = 0; i < parts_.places.size(); ++i) {
    const auto& place = parts_.places[i];
    if (place.handle == parts_.cpu) {
      host.weights += parts_.weights->bytes_on(i);
      continue;
    }
    const auto device = std::ranges::find(devices_, place.handle) - devices_.begin();
    others.push_back({.device = place.device,
                      .key = place.key,
                      .pool = place.key.pool,
                      .weights = parts_.weights->bytes_on(i),
                      .compute = lanes_.bytes_on(static_cast<std::size_t>(device))});
  }
  host.compute = lanes_.bytes_on(devices_.size() - 1);
  std::vector<DeviceUse> uses{host};
  uses.insert(uses.end(), others.begin(), others.end());
  return uses;
}

}  // namespace berth::encoder
