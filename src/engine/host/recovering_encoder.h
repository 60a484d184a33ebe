/// An encoder that is loaded anew when it is lost.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/host/host_encoder.h"
#include "engine/host/renewed.h"

namespace berth::host {

/// What is told of one that was loaded.
struct KnownEncoder {
  EncoderInfo info;
  OrderedMap<Device> placement;

  explicit KnownEncoder(const EncoderModel& model) : info(model.info()), placement(model.placement()) {}
  std::string where() const;  ///< "cpu, cuda:0"
};

class RecoveringEncoder final : public EncoderModel {
 public:
  /// Throws as load_encoder().
  RecoveringEncoder(EncoderRequest request, const LoadContext& context);

  /// These belong to the model as it was loaded last; what they answered before stays.
  const EncoderInfo& info() const override { return it_.known().info; }
  const OrderedMap<Device>& placement() const override { return it_.known().placement; }

  /// What was not yet told when something is lost is computed again.
  EncodeResult encode(const EncodeRequest& request, const EncodeContext& context) const override;
  Encoding tokenize(const EncodeInput& input, const Truncation& truncation) const override;
  std::vector<DeviceUse> memory() const override;

 private:
  using It = Renewed<EncoderModel, EncoderRequest, KnownEncoder>;

  It::Loaded load(const EncoderRequest& request, const LoadContext& context) const;
  std::pair<It::Loaded, EncoderRequest> load_elsewhere(const std::set<std::string>& silent,
                                                       const LoadContext& context) const;

  std::shared_ptr<WorkerWatch> watch_ = std::make_shared<WorkerWatch>();
  EncoderRequest first_;  // what was asked for
  mutable It it_;
};

}  // namespace berth::host
