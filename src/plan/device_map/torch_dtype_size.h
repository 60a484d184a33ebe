/// How large numbers of PyTorch's types are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "berth/module_tree.h"

namespace berth::plan {

/// Bits of one number, as accelerate counts them: the number at the end of the name in whole bytes, one byte for all
/// float8 types, one bit for bool. Throws std::invalid_argument for a name without a number.
std::int64_t counted_bits(std::string_view dtype);

/// Whether loading in another type converts numbers of this one.
bool is_converted(std::string_view dtype);

/// Bits that accelerate counts for a tensor that is loaded as `dtype` where that is smaller.
std::int64_t counted_bits(const ModuleTensor& tensor, std::optional<std::string_view> dtype);

/// Bytes that such a tensor takes once loaded.
std::uint64_t loaded_bytes(const ModuleTensor& tensor, std::optional<std::string_view> dtype);

}  // namespace berth::plan
