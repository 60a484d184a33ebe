#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <set>

#include "pipeline/graph.h"
#include "pipeline/state.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth {
namespace {

template <class Socket>
std::vector<std::string> names_of(const std::vector<Socket>& sockets) {
  std::vector<std::string> names;
  for (const auto& socket : sockets) names.push_back(socket.name);
  return names;
}

/// Says which of the sockets that `names` lead to are not there. `kind`: "input" or "output".
template <class F>
void check_names(const Pipeline& pipeline, const OrderedMap<std::vector<std::string>>& names, std::string_view kind,
                 F sockets_of, std::vector<std::string>& result) {
  const auto components = pipeline.component_names();
  for (const auto& [name, sockets] : names)
    for (const auto& socket : sockets) {
      const auto dot = std::min(socket.find('.'), socket.size());
      const auto component = socket.substr(0, dot);
      const auto tell = [&, &name = name, &socket = socket](const std::string& problem) {
        result.push_back(
            fmt::format("the {} {} is that of {}, and {}", kind, in_quotes(name), in_quotes(socket), problem));
      };
      if (std::ranges::find(components, component) == components.end()) {
        tell(fmt::format("there is no component {}{}", in_quotes(component), nearest_hint(component, components)));
        continue;
      }
      const auto known = names_of(sockets_of(pipeline.component(component)));
      const auto wanted = socket.substr(std::min(dot + 1, socket.size()));
      if (std::ranges::find(known, wanted) == known.end())
        tell(fmt::format("{} has no {} {}{}", in_quotes(component), kind, in_quotes(wanted),
                         nearest_hint(wanted, known)));
    }
}

}  // namespace

std::vector<std::string> Pipeline::name_warnings() const {
  std::vector<std::string> result;
  check_names(
      *this, options().input_names, "input", [](const Component& each) { return each.inputs(); }, result);
  check_names(
      *this, options().output_names, "output", [](const Component& each) { return each.outputs(); }, result);
  return result;
}

std::vector<std::string> Pipeline::warnings() const {
  const auto& nodes = graph_->nodes;
  const auto waiting = graph_->waiting_in_vain();
  auto result = graph_->notes;
  for (const auto& node : nodes)
    if (const auto problem = node.component->known_problem())
      result.push_back(fmt::format("'{}' cannot run: {}", node.name, *problem));
  std::ranges::move(name_warnings(), std::back_inserter(result));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!waiting[i]) continue;
    std::vector<std::string_view> senders;
    for (const auto sender : nodes[i].inputs[*waiting[i]].senders) senders.push_back(nodes[sender].name);
    result.push_back(fmt::format("'{}' can never run: its input '{}' comes from '{}' only, which cannot run before it",
                                 nodes[i].name, nodes[i].component->inputs()[*waiting[i]].name,
                                 fmt::join(senders, "', '")));
  }
  for (const auto& members : graph_->endless_loops()) {
    if (std::ranges::any_of(members, [&](std::size_t node) { return waiting[node].has_value(); })) continue;
    std::vector<std::string_view> names;
    for (const auto node : members) names.push_back(nodes[node].name);
    result.push_back(fmt::format("nothing ends the loop of '{}': once entered, it fails after {} runs of one of them",
                                 fmt::join(names, "', '"), graph_->options.max_runs_per_component));
  }
  return result;
}

std::vector<std::optional<std::size_t>> Pipeline::Graph::waiting_in_vain() const {
  constexpr auto nothing_yet = static_cast<std::size_t>(-1);
  std::vector<std::optional<std::size_t>> waiting(nodes.size(), nothing_yet);
  const auto waits_for = [&](std::size_t node) -> std::optional<std::size_t> {
    const auto& sockets = nodes[node].component->inputs();
    std::optional<std::size_t> unsent;
    bool sent = false;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      const auto& senders = nodes[node].inputs[i].senders;
      const bool can_come = senders.empty() || takes_several(node, i) ||
                            std::ranges::any_of(senders, [&](std::size_t sender) { return !waiting[sender]; });
      if (!can_come && !sockets[i].default_value) return i;
      if (!can_come) unsent = i;
      sent = sent || can_come;
    }
    return sent ? std::nullopt : unsent;
  };
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!waiting[i]) continue;
      waiting[i] = waits_for(i);
      more = more || !waiting[i];
    }
  }
  return waiting;
}

std::vector<std::vector<std::size_t>> Pipeline::Graph::endless_loops() const {
  std::vector<std::size_t> order(nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const auto& edge : edges) pairs.emplace_back(edge.sender, edge.receiver);
  const auto ranks = topological_ranks(nodes.size(), order, pairs);

  /// Whether it can send to elsewhere than into its loop, or needs for each run what comes from outside of it.
  const auto may_end_it = [&](std::size_t node) {
    std::set<std::size_t> into_loop;
    for (const auto& edge : edges)
      if (edge.sender == node && ranks[edge.receiver] == ranks[node]) into_loop.insert(edge.output);
    const auto& component = *nodes[node].component;
    if (into_loop.size() < component.outputs().size()) return true;
    for (std::size_t i = 0; i < component.inputs().size(); ++i) {
      const auto& senders = nodes[node].inputs[i].senders;
      const auto is_outside = [&](std::size_t sender) { return ranks[sender] != ranks[node]; };
      if (!senders.empty() && !component.inputs()[i].default_value && std::ranges::all_of(senders, is_outside))
        return true;
    }
    return false;
  };
  std::map<std::size_t, std::vector<std::size_t>> loops;
  for (const auto node : order) loops[ranks[node]].push_back(node);
  std::vector<std::vector<std::size_t>> endless;
  for (auto& [rank, members] : loops)
    if (members.size() > 1 && std::ranges::none_of(members, may_end_it)) endless.push_back(std::move(members));
  return endless;
}

}  // namespace berth
