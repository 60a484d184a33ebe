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
    highest,     ///< a greedy input has its value, and so has all else
    ready,       ///< all that can send to it has run
    defer,       ///< could run; waits for inputs that may yet come
    defer_last,  ///< the same, with a list of senders that is not complete
    blocked
  };

  /// `data`: {component: {input: value}}. Throws std::invalid_argument for names that are not there, inputs that are
  /// missing and those that are given twice.
  State(const Graph& graph, const Value::Object& data);

  /// The nodes that run next, in this order, each before priorities are looked at again; none: the end.
  /// Throws PipelineError where nothing can run from the start.
  std::vector<std::size_t> next();

  /// Takes the values that wait for a node. Throws PipelineError where it has run too often.
  Run::Values take_inputs(std::size_t node);

  /// Sends what a node gave to those that wait for it. Throws PipelineError where a value cannot be converted.
  void send(std::size_t node, Run::Values outputs);

  /// Whether one of these nodes sends to another of them.
  bool depend(const std::vector<std::size_t>& nodes) const;

 private:
  static constexpr std::size_t user = static_cast<std::size_t>(-1);

  struct Waiting {
    std::size_t sender;          ///< or `user`
    std::optional<Value> value;  ///< none: the sender ran, and did not send
  };
  struct NodeState {
    std::vector<std::vector<Waiting>> inputs;  ///< by socket
    int visits = 0;
    Priority priority = blocked;
    bool changed = false;  ///< since the priority was computed
  };

  bool is_lazy(std::size_t node, std::size_t input) const;
  bool joins_lists(std::size_t node, std::size_t input) const;
  /// Whether each sender of an input has left something there that `counts`.
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
  std::vector<std::size_t> changed_;                        ///< the nodes that are
  std::array<std::set<std::size_t>, blocked> by_priority_;  ///< the nodes of each, as places in the order of names
  bool started_ = false;
};

}  // namespace berth
