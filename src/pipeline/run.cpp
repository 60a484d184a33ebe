#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <stop_token>
#include <thread>
#include <vector>

#include "pipeline/callbacks.h"
#include "pipeline/failure.h"
#include "pipeline/graph.h"
#include "pipeline/state.h"
#include "text/printable.h"

namespace berth {
namespace {

struct Outcome {
  Run::Values outputs;
  std::exception_ptr problem;
};

template <class Node>
Outcome run_node(const Node& node, Run::Values inputs, const CallContext& context) noexcept {
  try {
    context.throw_if_stopped(fmt::format("The run of '{}'", node.name));
    Run run(node.component->inputs(), std::move(inputs), node.component->outputs().size(), context);
    node.component->run(run);
    return {std::move(run).take_outputs(), nullptr};
  } catch (...) {
    return {{}, std::current_exception()};
  }
}

/// {input: value} as {component: {input: value}}: every component that has such an input gets it. None where `data` has
/// that form already.
template <class Node>
std::optional<Value::Object> by_component(const Value::Object& data, const std::vector<Node>& nodes,
                                          const LogCallback& log) {
  const auto is_object = [](const auto& entry) { return entry.second.is_object(); };
  if (std::ranges::all_of(data, is_object)) return std::nullopt;
  Value::Object result;
  for (const auto& [input, value] : data) {
    bool taken = false;
    for (const auto& node : nodes) {
      const auto& sockets = node.component->inputs();
      const auto socket = std::ranges::find(sockets, input, &InputSocket::name);
      if (socket == sockets.end()) continue;
      const auto& connected = node.inputs[static_cast<std::size_t>(socket - sockets.begin())];
      if (!connected.senders.empty() && connected.variadic == InputSocket::no) continue;
      if (!result.contains(node.name)) result.set(node.name, Value::Object{});
      result.find(node.name)->as_object().set(input, value);
      taken = true;
    }
    if (!taken && log)
      log(LogLevel::warning,
          fmt::format("Input {} was not matched to any component inputs, please check your run parameters.",
                      in_quotes(input)));
  }
  return result;
}

/// What of a node's outputs is an output of the pipeline: what nobody takes, or `all` of it.
template <class Node>
Value::Object kept_outputs(const Node& node, const std::vector<std::size_t>& takers, Run::Values& outputs, bool all) {
  Value::Object kept;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i] || (takers[i] > 0 && !all)) continue;
    const auto& output = node.component->outputs()[i].name;
    if (takers[i] > 0)
      kept.set(output, *outputs[i]);
    else
      kept.set(output, *std::move(outputs[i]));
  }
  return kept;
}

/// A run of a pipeline: its nodes wave by wave.
template <class Graph, class State>
class WaveRunner {
 public:
  WaveRunner(const Graph& graph, State& state, const RunOptions& options, const LogCallback& log)
      : graph_(graph), state_(state), options_(options), log_(log) {}

  Value::Object run() {
    for (auto nodes = state_.next(); !nodes.empty(); nodes = state_.next()) {
      // Those that do not wait for each other can run side by side; what they give is sent in the order that one after
      // the other would have.
      if (nodes.size() > 1 && !state_.depend(nodes)) {
        run_side_by_side(nodes);
        continue;
      }
      for (const auto node : nodes) {
        std::vector<Outcome> outcomes;
        outcomes.push_back(run_one(node, state_.take_inputs(node)));
        finish({node}, outcomes);
      }
    }
    return std::move(results_);
  }

 private:
  Outcome run_one(std::size_t index, Run::Values inputs) {
    const auto& node = graph_.nodes[index];
    auto outcome = run_node(node, std::move(inputs), {failed_.get_token(), log_of(node.name, log_)});
    if (outcome.problem) failed_.request_stop();
    return outcome;
  }

  void run_side_by_side(const std::vector<std::size_t>& nodes) {
    std::vector<Run::Values> inputs;
    for (const auto node : nodes) inputs.push_back(state_.take_inputs(node));
    std::vector<Outcome> outcomes(nodes.size());
    {
      std::vector<std::jthread> threads;  // joined at the end of this block
      const auto one = [&](std::size_t i) { outcomes[i] = run_one(nodes[i], std::move(inputs[i])); };
      const auto concurrent = [&](std::size_t i) { return graph_.nodes[nodes[i]].component->concurrent(); };
      for (std::size_t i = 0; i < nodes.size(); ++i)
        if (concurrent(i)) threads.emplace_back(one, i);
      for (std::size_t i = 0; i < nodes.size(); ++i)
        if (!concurrent(i)) one(i);
    }
    finish(nodes, outcomes);
  }

  void finish(const std::vector<std::size_t>& nodes, std::vector<Outcome>& outcomes) {
    CallContext(options_.stop).throw_if_stopped("The run of the pipeline");
    std::vector<Failure> failures;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (outcomes[i].problem) failures.push_back({graph_.nodes[nodes[i]].name, outcomes[i].problem});
    throw_first(failures, [&](const std::string& name, const std::string& cause) {
      const auto type = graph_.nodes[graph_.find(name)].component->type();
      return fmt::format(
          "The following component failed to run:\nComponent name: '{}'\nComponent type: '{}'\nError: {}", name,
          type.substr(type.rfind('.') + 1), cause);
    });
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto& node = graph_.nodes[nodes[i]];
      const bool all = options_.include_outputs_from.contains(node.name);
      auto kept = kept_outputs(node, graph_.order().takers[nodes[i]], outcomes[i].outputs, all);
      if (all || !kept.empty()) results_.set(node.name, std::move(kept));
      state_.send(nodes[i], std::move(outcomes[i].outputs));
    }
  }

  const Graph& graph_;
  State& state_;
  const RunOptions& options_;
  const LogCallback& log_;
  std::stop_source failed_;  // one that fails ends those beside it
  const std::stop_callback<std::function<void()>> forward_{options_.stop, [this] { failed_.request_stop(); }};
  Value::Object results_;
};

}  // namespace

Value::Object Pipeline::run(const Value::Object& data, const RunOptions& options) {
  for (const auto& name : options.include_outputs_from) graph_->find(name);
  const auto log = one_at_a_time(options.log);
  const auto spread = by_component(data, graph_->nodes, log);
  State state(*graph_, spread ? *spread : data);
  warm_up({.stop = options.stop, .log = log});
  return WaveRunner(*graph_, state, options, log).run();
}

}  // namespace berth
