#include "pipeline/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "text/printable.h"

namespace berth {
namespace {

bool is_list(const Type& type) {
  if (!type.is_union()) return type.name() == "list";
  return std::ranges::all_of(type.args(),
                             [](const Type& each) { return each.name() == "list" || each == Type::none(); });
}

}  // namespace

void Pipeline::Graph::add(Node node) {
  nodes_by_name.emplace(node.name, nodes.size());
  nodes.push_back(std::move(node));
  order_.reset();
}

void Pipeline::Graph::add(const Edge& edge) {
  nodes[edge.receiver].inputs[edge.input].senders.push_back(edge.sender);
  edges.push_back(edge);
  order_.reset();
}

std::size_t Pipeline::Graph::find(std::string_view name) const {
  const auto found = nodes_by_name.find(name);
  if (found == nodes_by_name.end())
    throw std::invalid_argument(fmt::format("Component named {} not found in the pipeline.", printable(name)));
  return found->second;
}

void Pipeline::Graph::check_takes_several(std::size_t node, std::size_t input) const {
  const auto& socket = nodes[node].inputs[input];
  if (socket.variadic != InputSocket::no) return;
  const auto& declared = nodes[node].component->inputs()[input];
  if (is_list(declared.type)) return;
  throw std::invalid_argument(fmt::format(
      "Component '{}' cannot accept multiple inputs to '{}'. It is already connected to component '{}', and it can "
      "only accept inputs from multiple senders if its type is list, Optional[list], or union of list types.",
      nodes[node].name, declared.name, nodes[socket.senders.front()].name));
}

std::vector<Pipeline::Graph::Edge> Pipeline::Graph::edges_in_order() const {
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> first;  // the first edge between two nodes
  std::vector<std::tuple<std::size_t, std::size_t, std::size_t>> keys;
  for (std::size_t i = 0; i < edges.size(); ++i)
    keys.emplace_back(edges[i].sender, first.try_emplace({edges[i].sender, edges[i].receiver}, i).first->second, i);
  std::ranges::sort(keys);
  std::vector<Edge> ordered;
  for (const auto& [sender, first_edge, edge] : keys) ordered.push_back(edges[edge]);
  return ordered;
}

const Pipeline::Graph::Order& Pipeline::Graph::order() const {
  const std::lock_guard lock(mutex_);
  if (!order_) order_ = std::make_unique<const Order>(make_order());
  return *order_;
}

Pipeline::Graph::Order Pipeline::Graph::make_order() const {
  Order order;
  order.place_by_name.resize(nodes.size());
  for (const auto& [name, node] : nodes_by_name) {
    order.place_by_name[node] = order.by_name.size();
    order.by_name.push_back(node);
  }

  order.edges.resize(nodes.size());
  for (const auto& node : nodes) order.takers.emplace_back(node.component->outputs().size());
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const auto& edge : edges_in_order()) {
    order.edges[edge.sender].push_back(edge);
    ++order.takers[edge.sender][edge.output];
    pairs.emplace_back(edge.sender, edge.receiver);
  }

  // Names that differ in case only have the same precedence.
  const auto ranks = topological_ranks(nodes.size(), order.by_name, pairs);
  std::map<std::pair<std::size_t, std::string>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::string name = nodes[i].name;
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    groups[{ranks[i], std::move(name)}].push_back(i);
  }
  order.precedence.resize(nodes.size());
  std::size_t precedence = 0;
  for (const auto& [key, group] : groups) {
    for (const auto node : group) order.precedence[node] = precedence;
    ++precedence;
  }
  return order;
}

}  // namespace berth
