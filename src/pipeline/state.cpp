#include "pipeline/state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "text/printable.h"

namespace berth {
namespace {

std::size_t socket_named(const Component& component, std::string_view component_name, std::string_view name) {
  const auto& sockets = component.inputs();
  const auto found = std::ranges::find(sockets, name, &InputSocket::name);
  if (found == sockets.end())
    throw std::invalid_argument(fmt::format("Input {} not found in component '{}'.", in_quotes(name), component_name));
  return static_cast<std::size_t>(found - sockets.begin());
}

}  // namespace

Pipeline::State::State(const Graph& graph, const Value::Object& data) : graph_(graph) {
  const auto count = graph.nodes.size();
  by_name_ = std::vector<std::size_t>(count);
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::ranges::sort(by_name_, {}, [&](std::size_t i) -> const std::string& { return graph.nodes[i].name; });
  edges_.resize(count);
  for (const auto& edge : graph.edges_in_order()) edges_[edge.sender].push_back(edge);
  states_.resize(count);
  for (std::size_t i = 0; i < count; ++i) states_[i].inputs.resize(graph.nodes[i].inputs.size());

  for (const auto& [name, inputs] : data) {
    const auto node = std::ranges::find(graph.nodes, name, &Graph::Node::name);
    if (node == graph.nodes.end())
      throw std::invalid_argument(fmt::format("Component named {} not found in the pipeline.", in_quotes(name)));
    const auto index = static_cast<std::size_t>(node - graph.nodes.begin());
    for (const auto& [input, value] : inputs.as_object()) {
      const auto socket = socket_named(*node->component, name, input);
      if (!node->inputs[socket].senders.empty()) {
        graph.check_takes_several(index, socket);
        if (node->inputs[socket].variadic == InputSocket::no) joined_.emplace(index, socket);
      }
      states_[index].inputs[socket].push_back({user, value});
    }
  }
  for (const auto& node : graph.nodes) {
    const auto& sockets = node.component->inputs();
    const auto& state = states_[static_cast<std::size_t>(&node - graph.nodes.data())];
    for (std::size_t i = 0; i < sockets.size(); ++i)
      if (node.inputs[i].senders.empty() && !sockets[i].default_value && state.inputs[i].empty())
        throw std::invalid_argument(
            fmt::format("Missing mandatory input '{}' for component '{}'.", sockets[i].name, node.name));
  }
}

bool Pipeline::State::joins_lists(std::size_t node, std::size_t input) const {
  return graph_.nodes[node].inputs[input].joins_lists || (!joined_.empty() && joined_.contains({node, input}));
}

bool Pipeline::State::is_lazy(std::size_t node, std::size_t input) const {
  return graph_.nodes[node].inputs[input].variadic == InputSocket::lazy || joins_lists(node, input);
}

bool Pipeline::State::all_senders_ran(std::size_t node, std::size_t input) const {
  const auto& waiting = states_[node].inputs[input];
  return std::ranges::all_of(graph_.nodes[node].inputs[input].senders, [&](std::size_t sender) {
    return std::ranges::find(waiting, sender, &Waiting::sender) != waiting.end();
  });
}

bool Pipeline::State::all_senders_sent(std::size_t node, std::size_t input) const {
  const auto& waiting = states_[node].inputs[input];
  return std::ranges::all_of(graph_.nodes[node].inputs[input].senders, [&](std::size_t sender) {
    return std::ranges::any_of(waiting,
                               [&](const Waiting& each) { return each.sender == sender && each.value.has_value(); });
  });
}

/// Whether an input has all that it can have.
bool Pipeline::State::is_complete(std::size_t node, std::size_t input) const {
  const auto& waiting = states_[node].inputs[input];
  if (waiting.empty()) return false;
  if (graph_.nodes[node].inputs[input].variadic == InputSocket::greedy)
    return std::ranges::any_of(waiting, [](const Waiting& each) { return each.value.has_value(); });
  if (is_lazy(node, input)) return all_senders_sent(node, input);
  return waiting.front().value.has_value();
}

bool Pipeline::State::can_run(std::size_t node) const {
  const auto& state = states_[node];
  const auto& sockets = graph_.nodes[node].component->inputs();
  bool from_sender = false;
  bool from_user = false;
  bool connected = false;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    bool any = false;
    for (const auto& each : state.inputs[i]) {
      any = any || each.value.has_value();
      from_user = from_user || each.sender == user;
      from_sender = from_sender || (each.sender != user && each.value.has_value());
    }
    connected = connected || !graph_.nodes[node].inputs[i].senders.empty();
    if (!sockets[i].default_value && !is_complete(node, i) && !(any && is_lazy(node, i))) return false;
  }
  // What starts a component: a value that was sent to it, or, once, the user's data or that nothing is ever sent to it.
  return from_sender || (state.visits == 0 && (from_user || !connected));
}

Pipeline::State::Priority Pipeline::State::compute_priority(std::size_t node) const {
  if (!can_run(node)) return blocked;
  const auto& inputs = graph_.nodes[node].inputs;
  const auto& sockets = graph_.nodes[node].component->inputs();
  bool greedy_ready = false;
  bool all_ready = true;
  bool all_ran = true;
  bool lists_resolved = true;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& waiting = states_[node].inputs[i];
    const bool lazy = is_lazy(node, i);
    const bool any = std::ranges::any_of(waiting, [](const Waiting& each) { return each.value.has_value(); });
    const bool complete = is_complete(node, i);
    const bool ran = all_senders_ran(node, i);
    greedy_ready = greedy_ready || (inputs[i].variadic == InputSocket::greedy && complete);
    if (!sockets[i].default_value || !inputs[i].senders.empty()) all_ready = all_ready && (complete || (lazy && any));
    all_ran = all_ran && ran;
    lists_resolved = lists_resolved && (!lazy || ran);
  }
  if (greedy_ready && all_ready) return highest;
  if (all_ran) return ready;
  return lists_resolved ? defer : defer_last;
}

void Pipeline::State::update_priorities() {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (!states_[i].changed) continue;
    states_[i].priority = compute_priority(i);
    states_[i].changed = false;
  }
}

std::size_t Pipeline::State::first_by_topology(const std::vector<std::size_t>& nodes) {
  if (nodes.size() == 1) return nodes.front();
  if (topological_.empty()) {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (const auto& edge : graph_.edges) pairs.emplace_back(edge.sender, edge.receiver);
    topological_ = topological_ranks(states_.size(), by_name_, pairs);
  }
  const auto key = [&](std::size_t node) {
    std::string name = graph_.nodes[node].name;
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return std::pair(topological_[node], name);
  };
  return *std::ranges::min_element(nodes, {}, key);
}

std::vector<std::size_t> Pipeline::State::next() {
  update_priorities();
  std::vector<std::size_t> chosen;
  for (const auto wanted : {highest, ready})
    for (const auto node : by_name_)
      if (states_[node].priority == wanted) chosen.push_back(node);
  if (chosen.empty()) {
    std::vector<std::size_t> waiting;
    for (const auto wanted : {defer, defer_last})
      for (const auto node : by_name_)
        if (states_[node].priority == wanted) waiting.push_back(node);
    if (!waiting.empty()) chosen.push_back(first_by_topology(waiting));
  }
  if (chosen.empty() && !started_ && !states_.empty())
    throw PipelineError("",
                        "Cannot run pipeline - all components are blocked. Check that the inputs of the first "
                        "components are given, and that a loop has a way in.");
  started_ = true;
  return chosen;
}

Run::Values Pipeline::State::take_inputs(std::size_t node) {
  auto& state = states_[node];
  if (state.visits > graph_.options.max_runs_per_component)
    throw PipelineError(graph_.nodes[node].name,
                        fmt::format("Maximum run count {} reached for component '{}'",
                                    graph_.options.max_runs_per_component, graph_.nodes[node].name));
  ++state.visits;
  state.changed = true;
  const auto& sockets = graph_.nodes[node].component->inputs();
  Run::Values values(sockets.size());
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    auto& waiting = state.inputs[i];
    Value::Array sent;
    for (const auto& each : waiting)
      if (each.value) sent.push_back(*each.value);
    const bool greedy = graph_.nodes[node].inputs[i].variadic == InputSocket::greedy;
    if (sent.empty()) {
      // A default of a variadic input is that of one value.
      if (sockets[i].default_value && sockets[i].variadic != InputSocket::no)
        values[i] = Value::Array{*sockets[i].default_value};
    } else if (greedy) {
      sent.resize(1);
      values[i] = std::move(sent);
    } else if (joins_lists(node, i)) {
      Value::Array joined;
      for (const auto& list : sent) std::ranges::copy(list.as_array(), std::back_inserter(joined));
      values[i] = std::move(joined);
    } else if (is_lazy(node, i)) {
      values[i] = std::move(sent);
    } else {
      values[i] = std::move(sent.front());
    }
    // What the user gave is there for each run; a greedy input would run for ever by it.
    std::erase_if(waiting, [&](const Waiting& each) { return greedy || each.sender != user; });
  }
  return values;
}

void Pipeline::State::send(std::size_t node, const Run::Values& outputs) {
  for (const auto& edge : edges_[node]) {
    std::optional<Value> value = outputs[edge.output];
    const auto& sender = graph_.nodes[node];
    const auto& receiver = graph_.nodes[edge.receiver];
    if (value && edge.conversion != Conversion::none) {
      try {
        value = convert(*value, edge.conversion);
      } catch (const std::invalid_argument& problem) {
        throw PipelineError(sender.name,
                            fmt::format("Failed to perform conversion between components: '{}.{}' to '{}.{}': {}",
                                        sender.name, sender.component->outputs()[edge.output].name, receiver.name,
                                        receiver.component->inputs()[edge.input].name, problem.what()));
      }
    }
    auto& state = states_[edge.receiver];
    state.changed = true;
    auto& waiting = state.inputs[edge.input];
    if (is_lazy(edge.receiver, edge.input))
      waiting.push_back({node, std::move(value)});
    else if (value || waiting.empty())
      waiting.assign(1, {node, std::move(value)});
  }
}

bool Pipeline::State::depend(const std::vector<std::size_t>& nodes) const {
  return std::ranges::any_of(nodes, [&](std::size_t sender) {
    return std::ranges::any_of(edges_[sender], [&](const Graph::Edge& edge) {
      return std::ranges::find(nodes, edge.receiver) != nodes.end();
    });
  });
}

}  // namespace berth
