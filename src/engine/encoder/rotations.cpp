#include "engine/encoder/rotations.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace berth::encoder {

std::vector<float> rotation_frequencies(float theta, std::int64_t head_size) {
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < head_size; i += 2) {
    const auto exponent = static_cast<float>(i) / static_cast<float>(head_size);
    // torch's power of float32 is that of float64 rounded, but for less than one number of a hundred.
    frequencies.push_back(1.0F / static_cast<float>(std::pow(static_cast<double>(theta), exponent)));
  }
  return frequencies;
}

ggml_tensor* Rotations::rotated(ggml_tensor* x, float theta) {
  return graph_.rotated(x, heads_, tables(theta, x->ne[0] / heads_));
}

const RotationTables& Rotations::tables(float theta, std::int64_t head_size) {
  auto& known = tables_[theta];
  if (known.cosines != nullptr) return known;
  const auto frequencies = rotation_frequencies(theta, head_size);
  const auto half = static_cast<std::ptrdiff_t>(frequencies.size());
  const auto positions = pack_.positions();
  const auto length = pack_.groups.front().length;  // the longest
  std::vector<float> cosines(positions.size() * frequencies.size());
  auto sines = cosines;
  std::size_t next = 0;
  for (std::int64_t position = 0; position < length; ++position)
    for (const auto frequency : frequencies) {
      const auto angle = static_cast<float>(position) * frequency;
      cosines[next] = std::cos(angle);
      sines[next++] = std::sin(angle);
    }
  for (auto* table : {&cosines, &sines})
    for (auto token = length; token < pack_.tokens(); ++token)
      std::copy_n(table->begin() + positions[static_cast<std::size_t>(token)] * half, half,
                  table->begin() + token * half);
  known = {graph_.numbers(std::move(cosines), half, pack_.tokens()),
           graph_.numbers(std::move(sines), half, pack_.tokens())};
  return known;
}

}  // namespace berth::encoder
