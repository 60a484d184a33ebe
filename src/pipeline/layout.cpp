#include "pipeline/layout.h"

#include <algorithm>
#include <utility>

namespace berth {
namespace {

constexpr double margin = 24;
constexpr double beside = 24;     // between neighbours in a layer
constexpr double below = 24;      // between layers
constexpr double lane_width = 8;  // of an arrow that passes a layer
constexpr int sweeps = 12;

/// What stands in a layer: a box, a label, or the place of an arrow that passes.
struct Item {
  std::size_t layer;
  double width;
  double height;
  std::vector<std::size_t> above = {};
  std::vector<std::size_t> below = {};
  double x = 0;  // its middle
};

/// For each edge, whether it leads back to where a path of edges came from.
std::vector<bool> back_edges(std::size_t boxes, const std::vector<LayoutEdge>& edges,
                             const std::vector<std::size_t>& order) {
  std::vector<std::vector<std::size_t>> leaving(boxes);
  for (std::size_t e = 0; e < edges.size(); ++e) leaving[edges[e].from].push_back(e);
  enum State { unseen, open, closed };
  std::vector<State> state(boxes, unseen);
  std::vector<bool> back(edges.size(), false);
  struct Visit {
    std::size_t box;
    std::size_t next;
  };
  for (const auto root : order) {
    if (state[root] != unseen) continue;
    std::vector<Visit> path = {{root, 0}};
    state[root] = open;
    while (!path.empty()) {
      auto& [box, next] = path.back();
      if (next == leaving[box].size()) {
        state[box] = closed;
        path.pop_back();
        continue;
      }
      const auto edge = leaving[box][next++];
      const auto to = edges[edge].to;
      if (state[to] == open) back[edge] = true;
      if (state[to] != unseen) continue;
      state[to] = open;
      path.push_back({to, 0});
    }
  }
  return back;
}

/// The longest way to each box, by edges as (upper, lower), which have no loop.
std::vector<std::size_t> rows_of(std::size_t boxes, const std::vector<std::pair<std::size_t, std::size_t>>& edges) {
  std::vector<std::size_t> rows(boxes, 0);
  std::vector<std::size_t> waiting(boxes, 0);
  std::vector<std::vector<std::size_t>> lower(boxes);
  for (const auto& [from, to] : edges) {
    ++waiting[to];
    lower[from].push_back(to);
  }
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < boxes; ++i)
    if (waiting[i] == 0) free.push_back(i);
  while (!free.empty()) {
    const auto box = free.back();
    free.pop_back();
    for (const auto to : lower[box]) {
      rows[to] = std::max(rows[to], rows[box] + 1);
      if (--waiting[to] == 0) free.push_back(to);
    }
  }
  return rows;
}

double mean_x(const std::vector<Item>& items, const std::vector<std::size_t>& neighbours) {
  double sum = 0;
  for (const auto each : neighbours) sum += items[each].x;
  return sum / static_cast<double>(neighbours.size());
}

/// The positions nearest to what `wanted` says, by squares, that keep their order and a distance (pool adjacent
/// violators).
void place(std::vector<Item>& items, const std::vector<std::size_t>& layer, const std::vector<double>& wanted) {
  struct Pool {
    double sum;
    std::size_t count;
    double mean() const { return sum / static_cast<double>(count); }
  };
  std::vector<double> offsets(layer.size(), 0);
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < layer.size(); ++i) {
    if (i > 0) offsets[i] = offsets[i - 1] + (items[layer[i - 1]].width + items[layer[i]].width) / 2 + beside;
    pools.push_back({wanted[i] - offsets[i], 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
      pools[pools.size() - 2].sum += pools.back().sum;
      pools[pools.size() - 2].count += pools.back().count;
      pools.pop_back();
    }
  }
  std::size_t i = 0;
  for (const auto& pool : pools)
    for (std::size_t k = 0; k < pool.count; ++k, ++i) items[layer[i]].x = pool.mean() + offsets[i];
}

/// Gives each item its x, and the layers their order, by what each is connected with.
void arrange(std::vector<Item>& items, std::vector<std::vector<std::size_t>>& layers) {
  for (auto& layer : layers) place(items, layer, std::vector<double>(layer.size(), 0));
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    const bool down = sweep % 2 == 0;
    const bool reorders = sweep < sweeps - 4;
    for (std::size_t k = 0; k < layers.size(); ++k) {
      auto& layer = layers[down ? k : layers.size() - 1 - k];
      const auto wish = [&](std::size_t item) {
        const auto& neighbours = down ? items[item].above : items[item].below;
        return neighbours.empty() ? items[item].x : mean_x(items, neighbours);
      };
      if (reorders) std::ranges::stable_sort(layer, {}, wish);
      std::vector<double> wanted;
      for (const auto item : layer) wanted.push_back(wish(item));
      place(items, layer, wanted);
    }
  }
}

}  // namespace

Layout lay_out(const std::vector<double>& widths, double box_height, const std::vector<LayoutEdge>& edges,
               const std::vector<std::size_t>& order) {
  const auto back = back_edges(widths.size(), edges, order);
  std::vector<std::pair<std::size_t, std::size_t>> downwards;
  for (std::size_t e = 0; e < edges.size(); ++e)
    downwards.push_back(back[e] ? std::pair(edges[e].to, edges[e].from) : std::pair(edges[e].from, edges[e].to));
  const auto rows = rows_of(widths.size(), downwards);

  // Between two rows of boxes there is a layer of labels.
  std::vector<Item> items;
  for (std::size_t i = 0; i < widths.size(); ++i) items.push_back({2 * rows[i], widths[i], box_height});
  std::vector<std::vector<std::size_t>> ways;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto [upper, lower] = downwards[e];
    ways.push_back({upper});
    const auto labelled = back[e] ? 2 * rows[lower] - 1 : 2 * rows[upper] + 1;
    for (std::size_t layer = 2 * rows[upper] + 1; layer < 2 * rows[lower]; ++layer) {
      ways[e].push_back(items.size());
      items.push_back(layer == labelled ? Item{layer, edges[e].label_width, edges[e].label_height}
                                        : Item{layer, lane_width, 0});
    }
    ways[e].push_back(lower);
    for (std::size_t i = 1; i < ways[e].size(); ++i) {
      items[ways[e][i - 1]].below.push_back(ways[e][i]);
      items[ways[e][i]].above.push_back(ways[e][i - 1]);
    }
  }
  std::vector<std::vector<std::size_t>> layers;
  std::vector<double> heights;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].layer >= layers.size()) {
      layers.resize(items[i].layer + 1);
      heights.resize(items[i].layer + 1, 0);
    }
    layers[items[i].layer].push_back(i);
    heights[items[i].layer] = std::max(heights[items[i].layer], items[i].height);
  }
  arrange(items, layers);

  Layout layout;
  layout.width = 2 * margin;
  double left = 0;
  for (const auto& item : items) left = std::min(left, item.x - item.width / 2);
  for (auto& item : items) {
    item.x += margin - left;
    layout.width = std::max(layout.width, item.x + item.width / 2 + margin);
  }
  std::vector<double> tops;
  layout.height = margin;
  for (const auto height : heights) {
    tops.push_back(layout.height);
    layout.height += height + below;
  }
  layout.height += layers.empty() ? margin : margin - below;

  for (std::size_t i = 0; i < widths.size(); ++i) layout.boxes.push_back({items[i].x, tops[items[i].layer]});
  for (std::size_t e = 0; e < edges.size(); ++e) {
    std::vector<LayoutPoint> points;
    for (std::size_t i = 0; i < ways[e].size(); ++i) {
      const auto& item = items[ways[e][i]];
      const bool is_box = i == 0 || i + 1 == ways[e].size();
      double x = item.x;
      if (is_box)  // towards where the arrow goes
        x = std::clamp(items[ways[e][i == 0 ? 1 : i - 1]].x, item.x - item.width * 0.4, item.x + item.width * 0.4);
      if (i != 0) points.push_back({x, tops[item.layer]});
      if (i + 1 != ways[e].size()) points.push_back({x, tops[item.layer] + heights[item.layer]});
      if (!is_box && item.height > 0)
        layout.labels.push_back({x, tops[item.layer] + (heights[item.layer] - item.height) / 2});
    }
    if (back[e]) std::ranges::reverse(points);
    layout.arrows.push_back(std::move(points));
  }
  return layout;
}

}  // namespace berth
