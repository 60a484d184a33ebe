#include "pipeline/state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

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

Pipeline::State::State(const Graph& graph, const Value::Object& data)
    : graph_(graph), order_(graph.order()), states_(graph.nodes.size()) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    states_[i].inputs.resize(graph.nodes[i].inputs.size());
    set_changed(i);
  }

  for (const auto& [name, inputs] : data) {
    const auto found = graph.nodes_by_name.find(name);
    if (found == graph.nodes_by_name.end())
      throw std::invalid_argument(fmt::format("Component named {} not found in the pipeline.", in_quotes(name)));
    const auto index = found->second;
    const auto& node = graph.nodes[index];
    for (const auto& [input, value] : inputs.as_object()) {
      const auto socket = socket_named(*node.component, name, input);
      if (!node.inputs[socket].senders.empty()) {
        graph.check_takes_several(index, socket);
        if (node.inputs[socket].variadic == InputSocket::no) joined_.emplace(index, socket);
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

bool Pipeline::State::all_senders(std::size_t node, std::size_t input, bool (*counts)(const Waiting&)) const {
  const auto& senders = graph_.nodes[node].inputs[input].senders;
  const auto& waiting = states_[node].inputs[input];
  if (is_lazy(node, input) && waiting.size() < senders.size()) return false;  // each leaves something
  std::vector<std::size_t> found;
  for (const auto& each : waiting)
    if (counts(each)) found.push_back(each.sender);
  std::ranges::sort(found);
  return std::ranges::all_of(senders, [&](std::size_t sender) { return std::ranges::binary_search(found, sender); });
}

bool Pipeline::State::all_senders_ran(std::size_t node, std::size_t input) const {
  return all_senders(node, input, [](const Waiting&) { return true; });
}

bool Pipeline::State::all_senders_sent(std::size_t node, std::size_t input) const {
  return all_senders(node, input, [](const Waiting& each) { return each.value.has_value(); });
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

void Pipeline::State::set_changed(std::size_t node) {
  if (std::exchange(states_[node].changed, true)) return;
  changed_.push_back(node);
}

void Pipeline::State::update_priorities() {
  for (const auto node : changed_) {
    auto& state = states_[node];
    const auto place = order_.place_by_name[node];
    const auto before = std::exchange(state.priority, compute_priority(node));
    state.changed = false;
    if (before == state.priority) continue;
    if (before != blocked) by_priority_[before].erase(place);
    if (state.priority != blocked) by_priority_[state.priority].insert(place);
  }
  changed_.clear();
}

std::vector<std::size_t> Pipeline::State::next() {
  update_priorities();
  std::vector<std::size_t> chosen;
  for (const auto wanted : {highest, ready})
    for (const auto place : by_priority_[wanted]) chosen.push_back(order_.by_name[place]);
  if (chosen.empty()) {
    std::vector<std::size_t> waiting;
    for (const auto wanted : {defer, defer_last})
      for (const auto place : by_priority_[wanted]) waiting.push_back(order_.by_name[place]);
    if (!waiting.empty())
      chosen.push_back(
          *std::ranges::min_element(waiting, {}, [&](std::size_t node) { return order_.precedence[node]; }));
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
  set_changed(node);
  const auto& sockets = graph_.nodes[node].component->inputs();
  Run::Values values(sockets.size());
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    auto& waiting = state.inputs[i];
    Value::Array sent;
    for (auto& each : waiting) {
      if (!each.value) continue;
      if (each.sender == user)  // there for each run
        sent.push_back(*each.value);
      else
        sent.push_back(*std::move(each.value));
    }
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
    // By what stays, a greedy input would run for ever.
    std::erase_if(waiting, [&](const Waiting& each) { return greedy || each.sender != user; });
  }
  return values;
}

void Pipeline::State::send(std::size_t node, Run::Values outputs) {
  auto takers = order_.takers[node];
  for (const auto& edge : order_.edges[node]) {
    const bool is_last = --takers[edge.output] == 0;
    auto value = is_last ? std::move(outputs[edge.output]) : outputs[edge.output];
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
    set_changed(edge.receiver);
    auto& waiting = states_[edge.receiver].inputs[edge.input];
    if (is_lazy(edge.receiver, edge.input)) {
      waiting.push_back({node, std::move(value)});
    } else if (value || waiting.empty()) {
      waiting.clear();
      waiting.push_back({node, std::move(value)});
    }
  }
}

bool Pipeline::State::depend(const std::vector<std::size_t>& nodes) const {
  if (nodes.size() == 1) return false;
  std::vector<bool> among(states_.size(), false);
  for (const auto node : nodes) among[node] = true;
  return std::ranges::any_of(nodes, [&](std::size_t sender) {
    return std::ranges::any_of(order_.edges[sender], [&](const Graph::Edge& edge) { return among[edge.receiver]; });
  });
}

}  // namespace berth
