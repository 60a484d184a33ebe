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

// Longer sequences are measured as several of this length: from here on scores are computed in pieces, so that buffers
// grow with the tokens.
constexpr std::size_t longest_measured = 8192;

/// The devices that compute, the CPU last.
std::vector<ggml_backend_dev_t> lane_devices(const Parts& parts) {
  std::vector<ggml_backend_dev_t> devices;
  for (const auto& place : parts.places)
    if (place.handle != parts.cpu && std::ranges::find(devices, place.handle) == devices.end())
      devices.push_back(place.handle);
  devices.push_back(parts.cpu);
  return devices;
}

/// Graphs on other devices run one after the other there anyway.
std::size_t most_lanes(const std::vector<ggml_backend_dev_t>& devices) {
  return devices.size() == 1 ? static_cast<std::size_t>(discovery::usable_cores()) : 1;
}

std::size_t most_pack_tokens(const std::vector<ggml_backend_dev_t>& devices) {
  return devices.size() == 1 ? pack_tokens_on_cpu : pack_tokens_on_devices;
}

}  // namespace

Model::Model(EncoderInfo info, Parts parts, std::shared_ptr<Reservation> reservation)
    : info_(std::move(info)),
      parts_(std::move(parts)),
      devices_(lane_devices(parts_)),
      lanes_(devices_, most_lanes(devices_)),
      reservation_(std::move(reservation)) {
  tell_held();
}

/// Pages of a mapped file can be given up, so that other processes count them as free.
void Model::tell_held() const {
  auto held = memory();
  held.front().weights -= std::min(held.front().weights, parts_.weights->mapped_bytes());
  reservation_->set_held(std::move(held));
}

EncodeResult Model::encode(const EncodeRequest& request, const EncodeContext& context) const {
  check_request(request, *this);
  auto result = Batch(*this, parts_, lanes_, request, context).run(most_pack_tokens(devices_));
  tell_held();  // buffers grow while a batch is computed
  return result;
}

std::vector<DeviceUse> Model::memory() const {
  return uses_of(parts_, devices_, [this](std::size_t device) { return lanes_.bytes_on(device); });
}

std::vector<DeviceUse> uses_of(const Parts& parts, const std::vector<ggml_backend_dev_t>& devices,
                               const std::function<std::uint64_t(std::size_t)>& compute_on) {
  DeviceUse host{.device = Device::cpu(), .pool = "ram"};
  host.weights = parts.modules.bytes() + (parts.packed ? parts.packed->bytes() : 0);
  std::vector<DeviceUse> others;
  for (std::size_t i = 0; i < parts.places.size(); ++i) {
    const auto& place = parts.places[i];
    if (place.handle == parts.cpu) {
      host.weights += parts.weights->bytes_on(i);
      continue;
    }
    const auto device = std::ranges::find(devices, place.handle) - devices.begin();
    others.push_back({.device = place.device,
                      .key = place.key,
                      .pool = place.key.pool,
                      .weights = parts.weights->bytes_on(i),
                      .compute = compute_on(static_cast<std::size_t>(device))});
  }
  host.compute = compute_on(devices.size() - 1);
  std::vector<DeviceUse> uses{host};
  uses.insert(uses.end(), others.begin(), others.end());
  return uses;
}

std::vector<DeviceUse> use_of(const Parts& parts, const EncoderUse& use) {
  const auto devices = lane_devices(parts);
  const auto& sizes = parts.backbone->sizes();
  auto outputs = use.outputs;
  if (outputs.empty())
    outputs = {parts.head && parts.head->rows != Head::Rows::all_tokens ? EncoderOutput::logits
                                                                        : EncoderOutput::embedding};
  // As many tokens as are computed at a time: in the longest sequences, whose scores take the most; in long ones that all
  // differ, as some operands belong to one length; and in the most sequences, for what heads make of each.
  enum class Lengths { longest, differing, shortest };
  const auto taken = static_cast<std::size_t>(sizes.max_tokens);
  const auto most = std::clamp<std::size_t>(use.max_tokens.value_or(taken), 1, taken);
  const auto longest = std::min(most, longest_measured);
  const auto tokens = std::max(longest, most_pack_tokens(devices));
  Lane lane(devices);
  std::vector<std::uint64_t> bytes(devices.size());
  for (const auto lengths : {Lengths::longest, Lengths::differing, Lengths::shortest}) {
    EncodeRequest request;
    auto length = lengths == Lengths::shortest ? 1 : longest;
    for (std::size_t first = 0; first < tokens; first += request.token_ids.back().size()) {
      request.token_ids.emplace_back(std::min(length, tokens - first));
      if (lengths == Lengths::differing && length > 1) --length;
    }
    const auto pack = make_packs(request, tokens, 1).front();
    Graph graph(graph_size(sizes, pack), parts.is_spread, parts.packed.get());
    add_outputs(graph, parts, pack, outputs);
    const auto measured = lane.measure(graph, parts.weights->placement().size() + graph.inputs());
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = std::max(bytes[i], measured[i] + measured[i] / 16);  // and gaps
  }
  const auto factor = (most + longest - 1) / longest * most_lanes(devices);
  return uses_of(parts, devices, [&](std::size_t device) { return bytes[device] * factor; });
}

}  // namespace berth::encoder
