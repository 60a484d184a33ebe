/// An encoder in a process of its own, as if it were here.
#pragma once

#include <memory>
#include <vector>

#include "berth/encoder.h"
#include "engine/host/host_process.h"

namespace berth::host {

class HostEncoder final : public EncoderModel {
 public:
  /// Loads it in a new process, while `watch` looks after its workers. Throws as load_encoder().
  HostEncoder(const EncoderRequest& request, const LoadContext& context, const std::shared_ptr<WorkerWatch>& watch);

  const EncoderInfo& info() const override { return info_; }
  /// A request is one message: it has room for some ten million tokens.
  EncodeResult encode(const EncodeRequest& request, const EncodeContext& context) const override;
  Encoding tokenize(const EncodeInput& input, const Truncation& truncation) const override;
  std::vector<DeviceUse> memory() const override;
  const OrderedMap<Device>& placement() const override { return placement_; }

 private:
  mutable HostProcess process_;
  EncoderInfo info_;
  OrderedMap<Device> placement_;
};

/// memory_of() of berth/encoder.h, asked in a process of its own.
std::vector<DeviceUse> encoder_memory_there(const EncoderRequest& request, const EncoderUse& use);

}  // namespace berth::host
