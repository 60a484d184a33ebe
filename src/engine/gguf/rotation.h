/// How positions rotate queries and keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/encoder/config.h"
#include "engine/gguf/keys.h"

namespace berth::gguf {

/// Numbers of one head.
std::int64_t head_size(const encoder::Config& config);

/// Those of them that are rotated.
std::int64_t rotated_size(const encoder::Config& config);

/// Sets the keys of rotations. Throws FormatError for a kind that llama.cpp does not have.
void set_rotation(const encoder::Config& config, const std::string& name, Keys& keys);

/// Of layers that see a window, where they are rotated by another base.
float base_in_windows(const encoder::Config& config);

/// A tensor of what the frequency of each pair of a rotation is divided by.
struct RotationFactors {
  std::string name;
  std::vector<float> values;
};

/// Of "llama3" scaling and of "longrope"; empty where nothing is scaled so. `architecture` is the name in GGUF.
std::vector<RotationFactors> rotation_factors(const encoder::Config& config, std::string_view architecture);

}  // namespace berth::gguf
