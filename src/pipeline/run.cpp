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

}  // namespace

Value::Object Pipeline::run(const Value::Object& data, const RunOptions& options) {
  for (const auto& name : options.include_outputs_from) graph_->find(name);
  const auto log = one_at_a_time(options.log);
  const auto spread = by_component(data, graph_->nodes, log);
  State state(*graph_, spread ? *spread : data);
  warm_up({.stop = options.stop, .log = log});

  std::stop_source failed;  // one that fails ends those beside it
  const std::stop_callback forward(options.stop, [&] { failed.request_stop(); });
  const auto failed_to_run = [&](const std::string& name, const std::string& cause) {
    const auto type = component(name).type();
    return fmt::format("The following component failed to run:\nComponent name: '{}'\nComponent type: '{}'\nError: {}",
                       name, type.substr(type.rfind('.') + 1), cause);
  };

  const auto& takers = graph_->order().takers;
  Value::Object results;
  const auto keep = [&](std::size_t node, Run::Values& outputs) {
    const auto& [name, component, sockets] = graph_->nodes[node];
    const bool all = options.include_outputs_from.contains(name);
    Value::Object kept;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i] || (takers[node][i] > 0 && !all)) continue;
      const auto& output = component->outputs()[i].name;
      if (takers[node][i] > 0)
        kept.set(output, *outputs[i]);
      else
        kept.set(output, *std::move(outputs[i]));
    }
    if (all || !kept.empty()) results.set(name, std::move(kept));
  };

  for (auto nodes = state.next(); !nodes.empty(); nodes = state.next()) {
    std::vector<Outcome> outcomes(nodes.size());
    const auto run_one = [&](std::size_t i, Run::Values inputs) {
      const auto& node = graph_->nodes[nodes[i]];
      outcomes[i] = run_node(node, std::move(inputs), {failed.get_token(), log_of(node.name, log)});
      if (outcomes[i].problem) failed.request_stop();
    };
    const auto finish = [&](std::size_t first, std::size_t end) {
      CallContext(options.stop).throw_if_stopped("The run of the pipeline");
      std::vector<Failure> failures;
      for (std::size_t i = first; i < end; ++i)
        if (outcomes[i].problem) failures.push_back({graph_->nodes[nodes[i]].name, outcomes[i].problem});
      throw_first(failures, failed_to_run);
      for (std::size_t i = first; i < end; ++i) {
        keep(nodes[i], outcomes[i].outputs);
        state.send(nodes[i], std::move(outcomes[i].outputs));
      }
    };

    // Those that do not wait for each other can run side by side; what they give is sent in the order that one after the
    // other would have.
    if (nodes.size() == 1 || state.depend(nodes)) {
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        run_one(i, state.take_inputs(nodes[i]));
        finish(i, i + 1);
      }
      continue;
    }
    std::vector<Run::Values> inputs;
    for (const auto node : nodes) inputs.push_back(state.take_inputs(node));
    {
      std::vector<std::jthread> threads;  // joined at the end of this block
      const auto concurrent = [&](std::size_t i) { return graph_->nodes[nodes[i]].component->concurrent(); };
      for (std::size_t i = 0; i < nodes.size(); ++i)
        if (concurrent(i)) threads.emplace_back(run_one, i, std::move(inputs[i]));
      for (std::size_t i = 0; i < nodes.size(); ++i)
        if (!concurrent(i)) run_one(i, std::move(inputs[i]));
    }
    finish(0, nodes.size());
  }
  return results;
}

}  // namespace berth
