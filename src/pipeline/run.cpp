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

/// {input: value} as {component: {input: value}}: every component that has such an input gets it.
Value::Object by_component(const Value::Object& data, const Value::Object& available, const LogCallback& log) {
  const auto is_object = [](const auto& entry) { return entry.second.is_object(); };
  if (std::ranges::all_of(data, is_object)) return data;
  Value::Object result;
  for (const auto& [input, value] : data) {
    bool taken = false;
    for (const auto& [component, inputs] : available) {
      if (inputs.find(input) == nullptr) continue;
      if (!result.contains(component)) result.set(component, Value::Object{});
      result.find(component)->as_object().set(input, value);
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
  State state(*graph_, by_component(data, inputs(), options.log));
  warm_up({.stop = options.stop});

  Value::Object results;
  const auto keep = [&](std::size_t node, Run::Values& outputs) {
    const auto& [name, component, sockets] = graph_->nodes[node];
    const bool all = options.include_outputs_from.contains(name);
    Value::Object kept;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto takes = [&](const Graph::Edge& edge) { return edge.sender == node && edge.output == i; };
      if (outputs[i] && (all || std::ranges::none_of(graph_->edges, takes)))
        kept.set(component->outputs()[i].name, *std::move(outputs[i]));
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
      state.send(nodes[i], outcomes[i].outputs);
      keep(nodes[i], outcomes[i].outputs);
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
