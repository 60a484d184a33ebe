/// What the innermost loops of the kernels compute.
#pragma once

#include <cstdint>

namespace berth::encoder {

/// What a tile multiplies, in float32. The numbers that belong to one step along the inner dimension lie side by side: one
/// for each row, and a panel of columns.
struct Tile {
  const float* rows = nullptr;
  std::int64_t row_step = 0;  ///< numbers from one step's rows to the next
  const float* columns = nullptr;
  std::int64_t steps = 0;
  const float* start = nullptr;  ///< what the product of each column is added to; nullptr: to what stands in y
  float* y = nullptr;
  std::int64_t stride = 0;  ///< numbers from one row of y to the next
};

/// One group of a tile in int8; a step takes four numbers of the inner dimension.
struct Int8Tile {
  const float* fours = nullptr;           ///< by step, row
  const std::uint8_t* columns = nullptr;  ///< by step, column
  std::int64_t steps = 0;
  const std::int32_t* starts = nullptr;  ///< what the sums of the rows begin with
  const float* row_scales = nullptr;
  const float* column_scales = nullptr;
  const float* start = nullptr;  ///< as of a Tile
  float* y = nullptr;
  std::int64_t stride = 0;
};

}  // namespace berth::encoder
