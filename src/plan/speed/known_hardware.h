/// What hardware that nobody measured can do, by its name.
#pragma once

#include <optional>
#include <string_view>

namespace berth::plan {

struct KnownRates {
  double bytes_per_s = 0;        ///< of its memory
  double flops = 0;              ///< of products of matrices in F16
  std::string_view source = {};  ///< "NVIDIA's data sheets"
};

/// What its maker says, less what an H200 was seen to fall short of that. None for a name that is not in the table, parts of a
/// GPU (MIG), and laptops' GPUs, whose clocks and memory are others.
std::optional<KnownRates> known_rates(std::string_view device_name);

}  // namespace berth::plan
