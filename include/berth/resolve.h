/// From what was asked to the device that is used, with the reason for each choice.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "berth/device.h"

namespace berth {

/// Which devices automatic resolution leaves out. The defaults are those of an empty environment.
struct ResolvePolicy {
  bool mps_enabled = true;
  bool xpu_enabled = true;

  /// As HAYSTACK_MPS_ENABLED and HAYSTACK_XPU_ENABLED say: only the exact value "false" switches one off.
  static ResolvePolicy from_environment();
};

/// One choice that was looked at.
struct ResolveReason {
  ComponentDevice device;
  bool taken;
  std::string why;  ///< "the first of cuda, xpu, mps, cpu that is available"

  bool operator==(const ResolveReason&) const = default;
};

struct Resolution {
  ComponentDevice device;
  std::vector<ResolveReason> reasons;  ///< in the order looked at; exactly one is taken

  std::string str() const;  ///< one line for each reason: "cuda:0: taken, the first of cuda, xpu, mps, cpu that ..."

  bool operator==(const Resolution&) const = default;
};

/// Resolves `request` over the devices that are there. Pure: the machine and the environment are not touched.
/// A given device comes back unchanged; none gives cuda:0, else xpu, else mps, else cpu (Haystack's order).
///
///     resolve(std::nullopt, {{Device::cpu(), Device::gpu(0)}}).device;  // cuda:0
Resolution resolve(const std::optional<ComponentDevice>& request, std::span<const Device> available,
                   const ResolvePolicy& policy = {});

}  // namespace berth
