/// How fast a device multiplies with weights of the types of a model.
#pragma once

#include <string>
#include <vector>

#include "berth/inventory.h"

namespace berth::plan {

/// All weights of one type.
struct WeightShare {
  std::string type = {};  ///< "Q4_K"
  double bytes = 0;
  double elements = 0;
  double rows = 0;
};

struct WeightRates {
  double bytes_per_s = 0;  ///< of weights, for one token; their rows counted
  double flops = 0;        ///< for many tokens
};

/// Over all shares. A type that was not measured counts as the one that is nearest in bits; floats as the rates of the
/// device itself, which are those of F16.
WeightRates weight_rates(const DeviceSpeed& speed, const std::vector<WeightShare>& shares);

}  // namespace berth::plan
