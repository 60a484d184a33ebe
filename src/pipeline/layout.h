/// Where the boxes, arrows and labels of a drawn graph stand.
#pragma once

#include <cstddef>
#include <vector>

namespace berth {

struct LayoutEdge {
  std::size_t from;
  std::size_t to;
  double label_width;
  double label_height;
};

struct LayoutPoint {
  double x;
  double y;
};

/// A drawing in layers, from above to below, as Sugiyama, Tagawa and Toda (1981) make it. Labels and arrows that pass a
/// layer have places of their own in it, so that nothing stands on or behind anything else.
struct Layout {
  std::vector<LayoutPoint> boxes;                ///< their upper middles
  std::vector<std::vector<LayoutPoint>> arrows;  ///< one for each edge, from its start to its tip
  std::vector<LayoutPoint> labels;               ///< their upper middles
  double width = 0;
  double height = 0;
};

/// `widths` of the boxes. `order`: of two boxes the one that stands first here starts a loop, where nothing else says so.
Layout lay_out(const std::vector<double>& widths, double box_height, const std::vector<LayoutEdge>& edges,
               const std::vector<std::size_t>& order);

}  // namespace berth
