/// What the innermost loops of the kernels compute.
#pragma once

#include <cstdint>

namespace berth::encoder {

/// What a tile multiplies, in float32: y = from + rows times a panel of columns, which has the numbers of one step along the
/// inner dimension side by side. Strides are numbers from one row to the next.
struct Tile {
  const float* rows = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t step = 0;  ///< numbers from one step of a row to the next
  const float* columns = nullptr;
  std::int64_t steps = 0;
  const float* from = nullptr;  ///< may be y
  std::int64_t from_stride = 0;
  float* y = nullptr;
  std::int64_t stride = 0;
  /// Columns that are needed soon: each step fetches a line of 64 bytes of them. nullptr: none.
  const float* ahead = nullptr;
};

/// What the tile of a crossed matrix has beside it: y = scale (from + rows times columns) + bias.
struct CrossedTile {
  const float* of_rows = nullptr;     ///< negative sums of the products of neighbours
  const float* of_columns = nullptr;  ///< the same, of a panel
  const float* scales = nullptr;      ///< of the rows
  const float* bias = nullptr;        ///< of a panel
};

/// The rows of a factor: how many numbers it is from one to the next, and from one step to the next.
struct TileRows {
  const float* first = nullptr;
  std::int64_t stride = 0;
  std::int64_t step = 0;
};

/// One group of a tile in int8; a step takes four numbers of the inner dimension.
struct Int8Tile {
  const std::int8_t* rows = nullptr;
  std::int64_t row_stride = 0;            ///< bytes from one row to the next
  const std::uint8_t* columns = nullptr;  ///< by step, column
  std::int64_t steps = 0;
  const std::int32_t* starts = nullptr;  ///< what the sums of the rows begin with
  const float* row_scales = nullptr;
  const float* column_scales = nullptr;
  const float* from = nullptr;  ///< what the product is added to, as of a Tile
  std::int64_t from_stride = 0;
  float* y = nullptr;
  std::int64_t stride = 0;
  const std::uint8_t* ahead = nullptr;  ///< as of a Tile
};

}  // namespace berth::encoder
