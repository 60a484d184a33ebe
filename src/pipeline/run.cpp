#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

#include "berth/error.h"
#include "pipeline/graph.h"
#include "pipeline/state.h"

namespace berth {
namespace {

struct Outcome {
  Run::Values outputs;
  std::exception_ptr problem;
};

Outcome run_node(Component& component, Run::Values inputs, const std::stop_token& stop) noexcept {
  try {
    Run run(component.inputs(), std::move(inputs), component.outputs().size(), stop);
    component.run(run);
    return {std::move(run).take_outputs(), nullptr};
  } catch (...) {
    return {{}, std::current_exception()};
  }
}

/// Throws what a component threw, with its name; that it was cancelled stays that.
[[noreturn]] void rethrow(const std::exception_ptr& problem, const std::string& name, std::string_view type) {
  try {
    std::rethrow_exception(problem);
  } catch (const Cancelled&) {
    throw;
  } catch (const std::exception& cause) {
    throw PipelineError(name, fmt::format("The following component failed to run:\nComponent name: '{}'\n"
                                          "Component type: '{}'\nError: {}",
                                          name, type.substr(type.rfind('.') + 1), cause.what()));
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
          fmt::format("Input '{}' was not matched to any component inputs, please check your run parameters.", input));
  }
  return result;
}

}  // namespace

Value::Object Pipeline::run(const Value::Object& data, const RunOptions& options) {
  for (const auto& name : options.include_outputs_from) graph_->find(name);
  const auto spread = by_component(data, graph_->nodes, options.log);
  State state(*graph_, spread ? *spread : data);
  warm_up({.stop = options.stop});

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
    // Those that do not wait for each other can run side by side; what they give is sent in the order that one after the
    // other would have.
    const bool together = nodes.size() > 1 && !state.depend(nodes);
    std::vector<Outcome> outcomes(nodes.size());
    std::size_t taken = 0;
    const auto take = [&](std::size_t i) {
      if (options.stop.stop_requested())
        throw Cancelled(fmt::format("The run of the pipeline was cancelled before '{}'", graph_->nodes[nodes[i]].name));
      taken = i + 1;
      return state.take_inputs(nodes[i]);
    };
    const auto finish = [&](std::size_t i) {
      const auto& node = graph_->nodes[nodes[i]];
      if (outcomes[i].problem) rethrow(outcomes[i].problem, node.name, node.component->type());
      keep(nodes[i], outcomes[i].outputs);
      state.send(nodes[i], std::move(outcomes[i].outputs));
    };
    const auto run_one = [&](std::size_t i, Run::Values inputs) {
      outcomes[i] = run_node(*graph_->nodes[nodes[i]].component, std::move(inputs), options.stop);
    };
    if (!together) {
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        run_one(i, take(i));
        finish(i);
      }
      continue;
    }
    {
      std::vector<std::jthread> threads;  // joined at the end of this block, whatever happens
      std::vector<std::pair<std::size_t, Run::Values>> alone;
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        auto inputs = take(i);
        if (graph_->nodes[nodes[i]].component->concurrent())
          threads.emplace_back(run_one, i, std::move(inputs));
        else
          alone.emplace_back(i, std::move(inputs));
      }
      for (auto& [i, inputs] : alone) run_one(i, std::move(inputs));
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) finish(i);
  }
  return results;
}

}  // namespace berth
