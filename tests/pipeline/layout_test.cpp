#include "pipeline/layout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "random_values.h"

namespace berth {
namespace {

constexpr double box_height = 56;

struct Area {
  double left, top, right, bottom;

  bool meets(const Area& other) const {
    constexpr double slack = 0.01;
    return left + slack < other.right && other.left + slack < right && top + slack < other.bottom &&
           other.top + slack < bottom;
  }
};

struct Graph {
  std::vector<double> widths;
  std::vector<LayoutEdge> edges;

  std::vector<std::size_t> order() const {
    std::vector<std::size_t> all(widths.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }
};

/// Any graph, loops included.
Graph random_graph(test::Random& random) {
  Graph graph;
  const auto number = [&](std::size_t from, std::size_t to) {
    return from + static_cast<std::size_t>(random.below(static_cast<int>(to - from) + 1));
  };
  const auto count = number(1, 14);
  for (std::size_t i = 0; i < count; ++i) graph.widths.push_back(static_cast<double>(number(100, 300)));
  for (std::size_t i = number(0, 2 * count); i > 0 && count > 1; --i) {
    const auto from = number(0, count - 1);
    const auto to = (from + number(1, count - 1)) % count;
    graph.edges.push_back({from, to, static_cast<double>(number(40, 200)), static_cast<double>(14 * number(1, 3))});
  }
  return graph;
}

/// Whether a line from `a` to `b` goes through the inside of `area`, looked at in steps.
bool crosses(const LayoutPoint& a, const LayoutPoint& b, const Area& area) {
  for (int i = 0; i <= 200; ++i) {
    const double x = a.x + (b.x - a.x) * i / 200;
    const double y = a.y + (b.y - a.y) * i / 200;
    if (x > area.left + 0.01 && x < area.right - 0.01 && y > area.top + 0.01 && y < area.bottom - 0.01) return true;
  }
  return false;
}

TEST(LayoutLaws, NothingStandsOnOrBehindAnythingElse) {
  test::Random random(7);
  for (int round = 0; round < 200; ++round) {
    const auto graph = random_graph(random);
    const auto layout = lay_out(graph.widths, box_height, graph.edges, graph.order());
    std::vector<Area> areas;
    for (std::size_t i = 0; i < graph.widths.size(); ++i) {
      const auto [x, y] = layout.boxes[i];
      areas.push_back({x - graph.widths[i] / 2, y, x + graph.widths[i] / 2, y + box_height});
    }
    const auto boxes = areas.size();
    for (std::size_t i = 0; i < graph.edges.size(); ++i) {
      const auto [x, y] = layout.labels[i];
      const auto& edge = graph.edges[i];
      areas.push_back({x - edge.label_width / 2, y, x + edge.label_width / 2, y + edge.label_height});
    }
    for (std::size_t i = 0; i < areas.size(); ++i) {
      EXPECT_TRUE(areas[i].left >= 0 && areas[i].top >= 0 && areas[i].right <= layout.width &&
                  areas[i].bottom <= layout.height);
      for (std::size_t k = i + 1; k < areas.size(); ++k) EXPECT_FALSE(areas[i].meets(areas[k])) << i << " and " << k;
    }
    for (std::size_t e = 0; e < graph.edges.size(); ++e) {
      const auto& arrow = layout.arrows[e];
      for (std::size_t i = 1; i < arrow.size(); ++i)
        for (std::size_t k = 0; k < areas.size(); ++k) {
          const bool own_label = k == boxes + e;
          EXPECT_FALSE(!own_label && crosses(arrow[i - 1], arrow[i], areas[k])) << e << " and " << k;
        }
    }
  }
}

TEST(LayoutLaws, ArrowsGoFromBoxToBox) {
  test::Random random(8);
  for (int round = 0; round < 50; ++round) {
    const auto graph = random_graph(random);
    const auto layout = lay_out(graph.widths, box_height, graph.edges, graph.order());
    const auto touches = [&](const LayoutPoint& point, std::size_t box) {
      const auto [x, y] = layout.boxes[box];
      return std::abs(point.x - x) <= graph.widths[box] / 2 && (point.y == y || point.y == y + box_height);
    };
    for (std::size_t e = 0; e < graph.edges.size(); ++e) {
      EXPECT_TRUE(touches(layout.arrows[e].front(), graph.edges[e].from));
      EXPECT_TRUE(touches(layout.arrows[e].back(), graph.edges[e].to));
    }
  }
}

TEST(Layout, PutsSendersAboveReceiversAndALoopBelowItsStart) {
  // 0 -> 1 -> 2, and back to 1
  const auto layout = lay_out({100, 100, 100}, box_height, {{0, 1, 50, 14}, {1, 2, 50, 14}, {2, 1, 50, 14}}, {0, 1, 2});
  EXPECT_LT(layout.boxes[0].y, layout.boxes[1].y);
  EXPECT_LT(layout.boxes[1].y, layout.boxes[2].y);
}

TEST(Layout, OfNothingIsEmpty) {
  const auto layout = lay_out({}, box_height, {}, {});
  EXPECT_TRUE(layout.boxes.empty());
  EXPECT_GT(layout.width, 0);
}

}  // namespace
}  // namespace berth
