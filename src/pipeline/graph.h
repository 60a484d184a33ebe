/// What a pipeline is made of.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "berth/pipeline.h"
#include "pipeline/type_flow.h"

namespace berth {

struct Pipeline::Graph {
  struct Input {
    std::vector<std::size_t> senders;  ///< nodes, in the order of connection
    InputSocket::Variadic variadic;
    bool joins_lists = false;  ///< made variadic by a second sender: what it gets are lists, which are joined
  };

  struct Node {
    std::string name;
    std::shared_ptr<Component> component;
    std::vector<Input> inputs;  ///< one for each socket
  };

  struct Edge {
    std::size_t sender, output, receiver, input;
    Conversion conversion;
  };

  /// What runs need to know of the whole graph.
  struct Order {
    std::vector<std::size_t> by_name;              ///< the nodes in the order of their names
    std::vector<std::size_t> place_by_name;        ///< of each node among them
    std::vector<std::size_t> precedence;           ///< of each node: senders before receivers, then by name
    std::vector<std::vector<Edge>> edges;          ///< by sender, as edges_in_order() has them
    std::vector<std::vector<std::size_t>> takers;  ///< how many edges take each output of each node
  };

  explicit Graph(PipelineOptions given) : options(std::move(given)) {}

  PipelineOptions options;
  std::vector<Node> nodes;  ///< in the order in which they were added
  std::vector<Edge> edges;  ///< in the order of connection
  std::map<std::string, std::size_t, std::less<>> nodes_by_name;
  std::vector<std::string> notes;  ///< warnings about the file that it was read from

  void add(Node node);
  void add(const Edge& edge);

  std::size_t find(std::string_view name) const;  ///< throws std::invalid_argument

  bool takes_several(std::size_t node, std::size_t input) const;

  /// For each node that can never run, the input that it waits for.
  std::vector<std::optional<std::size_t>> waiting_in_vain() const;
  /// The nodes of each loop that no component can leave or bring to an end.
  std::vector<std::vector<std::size_t>> endless_loops() const;

  /// Throws std::invalid_argument where an input that has a sender cannot take what another one sends.
  void check_takes_several(std::size_t node, std::size_t input) const;

  /// The edges as Haystack lists them: by sender in the order of the components, then by receiver in the order in which
  /// each was first connected with that sender.
  std::vector<Edge> edges_in_order() const;

  /// Worked out once after each change. Safe to call from several threads.
  const Order& order() const;

 private:
  Order make_order() const;

  mutable std::mutex mutex_;
  mutable std::unique_ptr<const Order> order_;
};

/// The rank of each node: senders before receivers, by name where that leaves a choice; the same for all in a loop.
std::vector<std::size_t> topological_ranks(std::size_t nodes, const std::vector<std::size_t>& by_name,
                                           const std::vector<std::pair<std::size_t, std::size_t>>& edges);

}  // namespace berth
