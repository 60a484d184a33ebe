#include "pipeline/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/printable.h"

namespace berth {
namespace {

bool is_list(const Type& type) {
  if (!type.is_union()) return type.name() == "list";
  return std::ranges::all_of(type.args(),
                             [](const Type& each) { return each.name() == "list" || each == Type::none(); });
}

}  // namespace

std::size_t Pipeline::Graph::find(std::string_view name) const {
  const auto found = std::ranges::find(nodes, name, &Node::name);
  if (found == nodes.end())
    throw std::invalid_argument(fmt::format("Component named {} not found in the pipeline.", printable(name)));
  return static_cast<std::size_t>(found - nodes.begin());
}

bool Pipeline::Graph::takes_several(std::size_t node, std::size_t input) const {
  return nodes[node].inputs[input].variadic != InputSocket::no || is_list(nodes[node].component->inputs()[input].type);
}

void Pipeline::Graph::check_takes_several(std::size_t node, std::size_t input) const {
  if (takes_several(node, input)) return;
  const auto& socket = nodes[node].inputs[input];
  const auto& declared = nodes[node].component->inputs()[input];
  throw std::invalid_argument(fmt::format(
      "Component '{}' cannot accept multiple inputs to '{}'. It is already connected to component '{}', and it can "
      "only accept inputs from multiple senders if its type is list, Optional[list], or union of list types.",
      nodes[node].name, declared.name, nodes[socket.senders.front()].name));
}

std::vector<Pipeline::Graph::Edge> Pipeline::Graph::edges_in_order() const {
  std::vector<Edge> ordered;
  for (std::size_t sender = 0; sender < nodes.size(); ++sender) {
    std::vector<std::size_t> receivers;
    for (const auto& edge : edges)
      if (edge.sender == sender && std::ranges::find(receivers, edge.receiver) == receivers.end())
        receivers.push_back(edge.receiver);
    for (const auto receiver : receivers)
      std::ranges::copy_if(edges, std::back_inserter(ordered),
                           [&](const Edge& edge) { return edge.sender == sender && edge.receiver == receiver; });
  }
  return ordered;
}

}  // namespace berth
