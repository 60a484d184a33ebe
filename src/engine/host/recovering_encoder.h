/// An encoder in a process of its own that is loaded anew, on what is left, when that process or a device is lost.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "berth/error.h"
#include "engine/host/host_encoder.h"
#include "engine/host/recover.h"
#include "engine/host/untold.h"

namespace berth::host {

class RecoveringEncoder final : public EncoderModel {
 public:
  /// Throws as load_encoder().
  RecoveringEncoder(EncoderRequest request, const LoadContext& context);

  /// These belong to the model as it was loaded last; what they answered before stays.
  const EncoderInfo& info() const override;
  const OrderedMap<Device>& placement() const override;

  /// What was not yet told when something is lost is computed again.
  EncodeResult encode(const EncodeRequest& request, const EncodeContext& context) const override;
  Encoding tokenize(const EncodeInput& input, const Truncation& truncation) const override;
  std::vector<DeviceUse> memory() const override;

 private:
  using Loaded = std::shared_ptr<const HostEncoder>;

  template <class Work, class TellLoss>
  auto outlive(Work work, const std::stop_token& stop, const LogCallback& log, const TellLoss& tell) const;
  template <class Work>
  auto ask(Work work) const;
  Recovery recover(const Loaded& lost, const EngineLost& why, const std::stop_token& stop,
                   const LogCallback& log) const;
  Loaded load_elsewhere(const std::set<std::string>& silent, const LoadContext& context) const;
  Loaded current() const;
  void set_current(Loaded model) const;

  std::shared_ptr<WorkerWatch> watch_ = std::make_shared<WorkerWatch>();
  EncoderRequest first_;           // what was asked for
  mutable EncoderRequest latest_;  // what is loaded, with recovering_
  mutable Untold untold_;
  mutable std::mutex recovering_;
  mutable std::string last_recovery_;  // with recovering_
  mutable std::mutex mutex_;           // of what follows
  mutable Loaded current_;
  mutable std::list<std::pair<EncoderInfo, OrderedMap<Device>>> known_;  // the last one counts
};

}  // namespace berth::host
