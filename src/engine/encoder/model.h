/// A loaded encoder.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "berth/encoder.h"
#include "engine/encoder/backbone.h"
#include "engine/encoder/head.h"
#include "engine/encoder/lane.h"
#include "engine/encoder/sentence_modules.h"
#include "engine/reservation.h"

namespace berth::encoder {

/// A device that holds weights.
struct Place {
  Device device = Device::cpu();
  DeviceKey key = {};
  ggml_backend_dev_t handle = nullptr;
};

/// Everything that a model is computed from.
struct Parts {
  std::vector<Place> places;  ///< in the order of `weights`
  ggml_backend_dev_t cpu = nullptr;
  bool is_spread = false;  ///< whether several devices compute; the CPU is always one of them
  std::unique_ptr<Weights> weights;
  std::unique_ptr<const PackedWeights> packed;  ///< where the CPU alone computes and has kernels, else nullptr
  std::unique_ptr<Backbone> backbone;
  std::optional<Head> head;
  std::string missing_weight;  ///< of the head, where the file lacks one
  std::optional<Head> pooler;
  SentenceModules modules;
};

/// What `parts` hold, by device; `devices` are those that compute, the CPU last, and `compute_on` says what the buffers of
/// each of them hold.
std::vector<DeviceUse> uses_of(const Parts& parts, const std::vector<ggml_backend_dev_t>& devices,
                               const std::function<std::uint64_t(std::size_t)>& compute_on);

/// What a model of parts that have no data would hold at most.
std::vector<DeviceUse> use_of(const Parts& parts, const EncoderUse& use);

class Model final : public EncoderModel {
 public:
  /// `reservation` is told what the model holds.
  Model(EncoderInfo info, Parts parts, std::shared_ptr<Reservation> reservation);

  const EncoderInfo& info() const override { return info_; }
  EncodeResult encode(const EncodeRequest& request, const EncodeContext& context) const override;
  std::vector<DeviceUse> memory() const override;
  const OrderedMap<Device>& placement() const override { return parts_.weights->placement(); }

 private:
  void tell_held() const;

  EncoderInfo info_;
  Parts parts_;
  std::vector<ggml_backend_dev_t> devices_;  // of each lane, the CPU last
  mutable LanePool lanes_;
  std::shared_ptr<Reservation> reservation_;
};

}  // namespace berth::encoder
