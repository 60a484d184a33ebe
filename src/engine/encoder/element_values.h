/// The numbers of a tensor as they stand in a file: F32, F16, BF16.
#pragma once

#include <ggml.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace berth::encoder {

/// The type of the name that ModelProfile has, where it is one of the three.
std::optional<ggml_type> stored_type(std::string_view name);

/// The index of the first NaN or infinity. `values` need not be aligned.
std::optional<std::size_t> first_not_finite(std::span<const std::byte> values, ggml_type type);

/// `source` of the type `from` as `to`.
std::vector<std::byte> converted(std::span<const std::byte> source, ggml_type from, ggml_type to);

/// `source` as float32.
std::vector<float> to_floats(std::span<const std::byte> source, ggml_type from);

}  // namespace berth::encoder
