#include <fmt/format.h>

#include <algorithm>

#include "pipeline/graph.h"
#include "pipeline/state.h"

namespace berth {
namespace {

/// Text as it may stand in Mermaid's quoted labels and in XML.
std::string in_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string_view last_part(std::string_view type) { return type.substr(type.rfind('.') + 1); }

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
  constexpr std::size_t width = 260;
  constexpr std::size_t height = 56;
  constexpr std::size_t across = 320;
  constexpr std::size_t down = 120;
  constexpr std::size_t margin = 24;
  const auto& nodes = graph_->nodes;
  const auto edges = graph_->edges_in_order();

  // A row is the longest way from a start, the loops left out: what goes back to an earlier rank does not count.
  std::vector<std::size_t> by_name(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) by_name[i] = i;
  std::ranges::sort(by_name, {}, [&](std::size_t i) -> const std::string& { return nodes[i].name; });
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const auto& edge : edges) pairs.emplace_back(edge.sender, edge.receiver);
  const auto ranks = topological_ranks(nodes.size(), by_name, pairs);
  auto ordered = by_name;
  std::ranges::stable_sort(ordered, {}, [&](std::size_t i) { return ranks[i]; });
  std::vector<std::size_t> row(nodes.size(), 0);
  for (const auto node : ordered)
    for (const auto& [sender, receiver] : pairs)
      if (sender == node && ranks[sender] < ranks[receiver]) row[receiver] = std::max(row[receiver], row[node] + 1);
  std::vector<std::size_t> taken;  // places in each row
  std::vector<std::size_t> column(nodes.size());
  for (const auto node : ordered) {
    if (row[node] >= taken.size()) taken.resize(row[node] + 1, 0);
    column[node] = taken[row[node]]++;
  }

  const auto x = [&](std::size_t i) { return margin + column[i] * across; };
  const auto y = [&](std::size_t i) { return margin + row[i] * down; };
  const std::size_t columns = taken.empty() ? 1 : *std::ranges::max_element(taken);
  const std::size_t rows = std::max<std::size_t>(taken.size(), 1);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"14\" text-anchor=\"middle\">\n"
      "<defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"10\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" "
      "orient=\"auto\"><path d=\"M0 0 10 5 0 10z\" fill=\"#555\"/></marker></defs>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      2 * margin + (columns - 1) * across + width, 2 * margin + (rows - 1) * down + height);
  for (const auto& edge : edges) {
    const auto x1 = x(edge.sender) + width / 2;
    const auto y1 = y(edge.sender) + height;
    const auto x2 = x(edge.receiver) + width / 2;
    const auto y2 = y(edge.receiver);
    svg += fmt::format(
        "<path d=\"M{} {} L{} {}\" stroke=\"#555\" fill=\"none\" marker-end=\"url(#arrow)\"/>\n"
        "<text x=\"{}\" y=\"{}\" font-size=\"11\" fill=\"#333\" stroke=\"#fff\" stroke-width=\"3\" "
        "paint-order=\"stroke\">{} → {}</text>\n",
        x1, y1, x2, y2, (x1 + x2) / 2, (y1 + y2) / 2 + 4,
        in_markup(nodes[edge.sender].component->outputs()[edge.output].name),
        in_markup(nodes[edge.receiver].component->inputs()[edge.input].name));
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    svg += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#eef3fa\" stroke=\"#4a6fa5\"/>\n"
        "<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text>\n"
        "<text x=\"{}\" y=\"{}\" font-size=\"12\" font-style=\"italic\">{}</text>\n",
        x(i), y(i), width, height, x(i) + width / 2, y(i) + 23, in_markup(nodes[i].name), x(i) + width / 2, y(i) + 43,
        in_markup(last_part(nodes[i].component->type())));
  return svg + "</svg>\n";
}

}  // namespace berth
