/// Positions as rotations of queries and keys (rotary embeddings), with the angles that torch computes.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/encoder/graph.h"
#include "engine/encoder/pack.h"

namespace berth::encoder {

/// Angle of each position for the first one of them: 1 / theta ** (2 i / head size), of which each step is rounded to
/// float32 as torch does it; at position 8,192 one unit in the last place of these is an angle of 0.0005 already.
std::vector<float> rotation_frequencies(float theta, std::int64_t head_size);

/// The rotations of the tokens of a pack. One object serves one graph.
class Rotations {
 public:
  Rotations(Graph& graph, const Pack& pack, std::int64_t heads) : graph_(graph), pack_(pack), heads_(heads) {}

  /// `x` [hidden, tokens], which may be a part of longer rows, with the halves of each head turned into each other.
  ggml_tensor* rotated(ggml_tensor* x, float theta);

 private:
  const RotationTables& tables(float theta, std::int64_t head_size);

  Graph& graph_;
  const Pack& pack_;
  std::int64_t heads_;
  std::map<float, RotationTables> tables_;  // by theta
};

}  // namespace berth::encoder
