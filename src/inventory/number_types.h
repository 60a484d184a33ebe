/// Types of numbers that devices compute with.
#pragma once

#include <array>
#include <string_view>

namespace berth::discovery {

/// By their names in an inventory and in a wish.
inline constexpr std::array<std::string_view, 9> number_types = {"fp64", "fp32", "tf32", "fp16", "bf16",
                                                                 "fp8",  "fp4",  "int8", "int4"};

}  // namespace berth::discovery
