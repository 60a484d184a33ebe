#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "pipeline/graph.h"
#include "pipeline/layout.h"
#include "text/printable.h"
#include "text/utf8.h"

namespace berth {
namespace {

constexpr std::size_t longest_name = 80;

std::string_view last_part(std::string_view type) { return type.substr(type.rfind('.') + 1); }

/// About how wide a text is; no font is asked. Characters beyond ASCII can be wide.
double width_of(std::string_view text, double font_size) {
  double width = 0;
  for (; !text.empty(); text.remove_prefix(first_character(text).length))
    width += font_size * (first_character(text).code < 0x80 ? 0.62 : 1);
  return width;
}

constexpr double box_height = 56;
constexpr double label_line = 14;

/// What is drawn, before anything has its place.
struct Picture {
  struct Box {
    std::string name;
    std::string type;
    double width;
  };
  std::vector<Box> boxes = {};
  /// One from a component to another, with a line of text for each connection.
  std::vector<LayoutEdge> arrows = {};
  std::vector<std::vector<std::string>> labels = {};  ///< of each arrow
};

template <class Graph>
Picture picture_of(const Graph& graph) {
  Picture picture;
  for (const auto& node : graph.nodes) {
    auto name = printable(node.name, longest_name);
    const auto type = last_part(node.component->type());
    const auto width = 24 + std::max({96.0, width_of(name, 14), width_of(type, 12)});
    picture.boxes.push_back({std::move(name), std::string(type), width});
  }
  auto& arrows = picture.arrows;
  for (const auto& edge : graph.edges_in_order()) {
    const auto& output = graph.nodes[edge.sender].component->outputs()[edge.output];
    const auto& input = graph.nodes[edge.receiver].component->inputs()[edge.input];
    auto label = fmt::format("{} → {}", printable(output.name, longest_name), printable(input.name, longest_name));
    if (arrows.empty() || arrows.back().from != edge.sender || arrows.back().to != edge.receiver) {
      arrows.push_back({edge.sender, edge.receiver, 0, 0});
      picture.labels.emplace_back();
    }
    arrows.back().label_width = std::max(arrows.back().label_width, width_of(label, 11));
    arrows.back().label_height += label_line;
    picture.labels.back().push_back(std::move(label));
  }
  return picture;
}

/// Where a loop is drawn from: what nobody sends to, else what waits for the user.
template <class Node>
std::vector<std::size_t> starts_of_loops(const std::vector<Node>& nodes) {
  std::vector<std::size_t> order(nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto lateness = [&](std::size_t node) {
    const auto& inputs = nodes[node].inputs;
    const auto is_sent = [](const auto& input) { return !input.senders.empty(); };
    if (std::ranges::none_of(inputs, is_sent)) return 0;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (!is_sent(inputs[i]) && !nodes[node].component->inputs()[i].default_value) return 1;
    return 2;
  };
  std::ranges::stable_sort(order, {}, lateness);
  return order;
}

std::string svg_of(const Picture& picture, const Layout& layout) {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"14\" text-anchor=\"middle\">\n"
      "<defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"10\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" "
      "orient=\"auto\"><path d=\"M0 0 10 5 0 10z\" fill=\"#555\"/></marker></defs>\n"
      "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#fff\"/>\n",
      layout.width, layout.height);
  for (const auto& points : layout.arrows) {
    std::string path;
    for (const auto& [x, y] : points) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : " L", x, y);
    svg += fmt::format("<path d=\"{}\" stroke=\"#555\" fill=\"none\" marker-end=\"url(#arrow)\"/>\n", path);
  }
  for (std::size_t i = 0; i < picture.labels.size(); ++i)
    for (std::size_t k = 0; k < picture.labels[i].size(); ++k)
      svg += fmt::format(
          "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\" fill=\"#333\" stroke=\"#fff\" stroke-width=\"4\" "
          "paint-order=\"stroke\">{}</text>\n",
          layout.labels[i].x, layout.labels[i].y + static_cast<double>(k) * label_line + 11,
          in_markup(picture.labels[i][k]));
  for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
    const auto [x, y] = layout.boxes[i];
    const auto& box = picture.boxes[i];
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.0f}\" rx=\"8\" fill=\"#eef3fa\" "
        "stroke=\"#4a6fa5\"/>\n"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" font-weight=\"bold\">{}</text>\n"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"12\" font-style=\"italic\">{}</text>\n",
        x - box.width / 2, y, box.width, box_height, x, y + 23, in_markup(box.name), x, y + 43, in_markup(box.type));
  }
  return svg + "</svg>\n";
}

}  // namespace

std::string Pipeline::to_mermaid() const {
  std::string text = "flowchart TD\n";
  const auto& nodes = graph_->nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    text += fmt::format("  c{}[\"<b>{}</b><br><i>{}</i>\"]\n", i, in_markup(nodes[i].name),
                        in_markup(last_part(nodes[i].component->type())));
  for (const auto& edge : graph_->edges_in_order()) {
    const auto& output = nodes[edge.sender].component->outputs()[edge.output];
    const auto& input = nodes[edge.receiver].component->inputs()[edge.input];
    text += fmt::format("  c{} -- \"{} -> {}<br><i>{}</i>\" --> c{}\n", edge.sender, in_markup(output.name),
                        in_markup(input.name), in_markup(output.type.str()), edge.receiver);
  }
  return text;
}

std::string Pipeline::to_svg() const {
  const auto picture = picture_of(*graph_);
  std::vector<double> widths;
  for (const auto& box : picture.boxes) widths.push_back(box.width);
  return svg_of(picture, lay_out(widths, box_height, picture.arrows, starts_of_loops(graph_->nodes)));
}

}  // namespace berth
