#include "plan/speed/weight_rates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/ggml_type.h"

namespace berth::plan {
namespace {

/// None of types that ggml does not know.
double bits_of(std::string_view name) {
  const auto* type = model::ggml_type(name);
  return type == nullptr ? std::numeric_limits<double>::quiet_NaN() : 8.0 * type->block_bytes / type->block_elements;
}

TypeSpeed speed_of(const DeviceSpeed& speed, std::string_view type) {
  const TypeSpeed of_floats{"F16", speed.memory_bytes_per_s, speed.flops};
  const auto known = std::ranges::find(speed.types, type, &TypeSpeed::type);
  const TypeSpeed* best = known == speed.types.end() ? nullptr : &*known;
  const double bits = bits_of(type);
  if (best == nullptr && bits < 16) {
    double least = std::numeric_limits<double>::infinity();
    for (const auto& each : speed.types) {
      const double difference = std::abs(bits_of(each.type) - bits);
      if (!(difference < least) || bits_of(each.type) >= 16) continue;
      least = difference;
      best = &each;
    }
  }
  if (best == nullptr) return of_floats;
  auto found = *best;
  if (!(found.memory_bytes_per_s > 0)) found.memory_bytes_per_s = of_floats.memory_bytes_per_s;
  if (!(found.flops > 0)) found.flops = of_floats.flops;
  return found;
}

}  // namespace

WeightRates weight_rates(const DeviceSpeed& speed, const std::vector<WeightShare>& shares) {
  double bytes = 0;
  double elements = 0;
  double read_s = 0;
  double compute_s = 0;  // of one operation with each element
  for (const auto& share : shares) {
    const auto rates = speed_of(speed, share.type);
    bytes += share.bytes;
    elements += share.elements;
    read_s += share.bytes / rates.memory_bytes_per_s + share.rows * rates.row_s;
    compute_s += share.elements / rates.flops;
  }
  if (!(bytes > 0)) return {speed.memory_bytes_per_s, speed.flops};
  return {bytes / read_s, speed.flops > 0 ? elements / compute_s : 0};
}

}  // namespace berth::plan
