/// What a run of a pipeline knows: which values wait where, and which component is to run next.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "berth/value.h"
#include "pipeline/graph.h"

namespace berth {

/// The rules of readiness are Haystack's (core/pipeline/component_checks).
class Pipeline::State {
 public:
  /// Lower goes first.
  enum Priority {
    highest,     ///< all inputs have their values, a greedy one among them
    ready,       ///< all senders have run
    defer,       ///< can run, but inputs may still come
    defer_last,  ///< the same, and an input that takes a list lacks values of some senders
    blocked      ///< cannot run
  };

  /// `data` is {component: {input: value}}. Throws std::invalid_argument for an unknown name, a missing input, and an
  /// input that is given twice.
  State(const Graph& graph, const Value::Object& data);

  /// The nodes that run next, in this order. Call it again when all of them have run. Empty: the run has ended.
  /// Throws PipelineError where no node can run at the start.
  std::vector<std::size_t> next();

  /// Takes the values that wait for a node. Throws PipelineError where it has run too often.
  Run::Values take_inputs(std::size_t node);

  /// Sends the outputs of a node to the inputs that wait for them. Throws PipelineError where a value cannot be converted.
  void send(std::size_t node, Run::Values outputs);

  /// Whether one of these nodes sends to another of them.
  bool depend(const std::vector<std::size_t>& nodes) const;

 private:
  static constexpr std::size_t user = static_cast<std::size_t>(-1);

  struct Waiting {
    std::size_t sender;          ///< a node, or `user`
    std::optional<Value> value;  ///< none: the sender has run without sending
  };
  struct NodeState {
    std::vector<std::vector<Waiting>> inputs;  ///< by socket
    int visits = 0;
    Priority priority = blocked;
    bool changed = false;  ///< since the priority was computed
  };

  bool is_lazy(std::size_t node, std::size_t input) const;
  bool joins_lists(std::size_t node, std::size_t input) const;
  /// Whether each sender of an input has left a value there for which `counts` is true.
  bool all_senders(std::size_t node, std::size_t input, bool (*counts)(const Waiting&)) const;
  bool all_senders_ran(std::size_t node, std::size_t input) const;
  bool all_senders_sent(std::size_t node, std::size_t input) const;
  bool is_complete(std::size_t node, std::size_t input) const;
  bool can_run(std::size_t node) const;
  Priority compute_priority(std::size_t node) const;
  void set_changed(std::size_t node);
  void update_priorities();

  const Graph& graph_;
  const Graph::Order& order_;
  std::set<std::pair<std::size_t, std::size_t>> joined_;  ///< inputs that the user's data made variadic
  std::vector<NodeState> states_;
  std::vector<std::size_t> changed_;                        ///< the nodes whose priority is to be computed again
  std::array<std::set<std::size_t>, blocked> by_priority_;  ///< nodes by priority, as places in the order of names
  bool started_ = false;
};

}  // namespace berth
