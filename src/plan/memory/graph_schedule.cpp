#include "plan/memory/graph_schedule.h"

#include <algorithm>
#include <map>
#include <utility>

namespace berth::plan {
namespace {

constexpr std::int16_t unassigned = -1;

class Scheduler {
 public:
  Scheduler(TensorGraph& graph, const std::vector<Backend>& backends, int copies)
      : graph_(graph),
        backends_(backends),
        host_(static_cast<std::int16_t>(backends.size() - 1)),
        copies_(copies),
        at_(graph.size(), unassigned) {}

  Schedule run() {
    assign_what_is_known();
    spread();
    assign_the_rest();
    split();
    return order();
  }

 private:
  std::int16_t& at(TensorId tensor) { return at_[static_cast<std::size_t>(tensor)]; }
  bool supports(std::int16_t backend, TensorId tensor) const {
    const auto& test = backends_[static_cast<std::size_t>(backend)].supports;
    return !test || test(graph_, tensor);
  }
  std::int16_t home_of(TensorId tensor) const {
    const auto& info = graph_[tensor];
    return info.view_of == no_tensor ? info.home : graph_[info.view_of].home;
  }
  /// The backend of the memory in which `tensor` already lies, if that can compute `op`.
  std::int16_t by_memory(TensorId tensor, TensorId op) const {
    const auto home = home_of(tensor);
    return home != unassigned && supports(home, op) ? home : unassigned;
  }

  std::int16_t known_backend(TensorId id) const {
    const auto& tensor = graph_[id];
    if (const auto home = by_memory(id, id); home != unassigned) return home;
    if (tensor.input) return host_;
    if (tensor.op == Op::rotate || tensor.op == Op::attention) return unassigned;
    for (std::uint8_t i = 0; i < tensor.source_count; ++i) {
      const auto& source = graph_[tensor.sources[i]];
      if (!source.weight || source.home == unassigned) continue;
      const auto backend = by_memory(tensor.sources[i], id);
      if (backend == host_) {
        for (std::int16_t other = 0; other < host_; ++other)
          if (offloads(other, id)) return other;
      }
      return backend;
    }
    return unassigned;
  }

  bool offloads(std::int16_t backend, TensorId id) const {
    const auto least = backends_[static_cast<std::size_t>(backend)].offload_rows;
    if (least == 0 || !supports(backend, id)) return false;
    const auto& tensor = graph_[id];
    std::uint64_t rows = tensor.rows();
    if (tensor.op == Op::get_rows) rows = 0;
    if (tensor.op == Op::mul_mat) rows = tensor.extents[1];
    if (tensor.op == Op::mul_mat_id || tensor.op == Op::rotate) rows = tensor.extents[2];
    return rows >= least;
  }

  void assign_what_is_known() {
    for (const auto leaf : graph_.leaves()) at(leaf) = known_backend(leaf);
    for (const auto node : graph_.nodes())
      at(node) = graph_[node].pinned != unassigned ? graph_[node].pinned : known_backend(node);
  }

  /// Gives nodes between assigned ones to the same backend: first those of devices, down and up, then the host's.
  void spread() {
    const auto& nodes = graph_.nodes();
    for (const bool with_host : {false, true}) {
      spread_over(nodes.begin(), nodes.end(), with_host);
      spread_over(nodes.rbegin(), nodes.rend(), with_host);
    }
  }

  template <class Iterator>
  void spread_over(Iterator begin, Iterator end, bool with_host) {
    std::int16_t current = unassigned;
    for (auto node = begin; node != end; ++node) {
      if (graph_[*node].op == Op::view) continue;
      if (at(*node) != unassigned) {
        current = at(*node) == host_ && !with_host ? unassigned : at(*node);
      } else if (current != unassigned && supports(current, *node)) {
        at(*node) = current;
      }
    }
  }

  bool is_host(std::int16_t backend) const { return backends_[static_cast<std::size_t>(backend)].is_host; }

  bool reaches(TensorId source, std::int16_t backend) const {
    auto where = home_of(source);
    if (where == unassigned) where = at_[static_cast<std::size_t>(source)];
    if (where == unassigned && graph_[source].view_of != no_tensor)
      where = at_[static_cast<std::size_t>(graph_[source].view_of)];
    return where == backend || (where != unassigned && is_host(where) && is_host(backend));
  }

  void assign_the_rest() {
    for (const auto node : graph_.nodes()) {
      if (graph_[node].op == Op::view || at(node) != unassigned) continue;
      int best = -1;
      for (std::int16_t backend = 0; backend <= host_; ++backend) {
        if (!supports(backend, node)) continue;
        int reached = 0;
        for (std::uint8_t i = 0; i < graph_[node].source_count; ++i)
          reached += reaches(graph_[node].sources[i], backend) ? 1 : 0;
        if (reached > best) {
          best = reached;
          at(node) = backend;
        }
      }
    }
    for (const auto node : graph_.nodes()) {
      if (at(node) == unassigned && graph_[node].view_of != no_tensor) at(node) = at(graph_[node].view_of);
      for (std::uint8_t i = 0; i < graph_[node].source_count; ++i) {
        const auto source = graph_[node].sources[i];
        if (at(source) != unassigned) continue;
        at(source) = graph_[source].view_of != no_tensor ? at(graph_[source].view_of) : at(node);
      }
      for (std::int16_t backend = 0; backend <= host_ && at(node) == unassigned; ++backend)
        if (supports(backend, node)) at(node) = backend;
      if (at(node) == unassigned) at(node) = host_;
    }
  }

  struct Split {
    std::int16_t backend;
    std::size_t begin;
    std::size_t end;
    std::vector<TensorId> inputs;
  };

  bool needs_new_split(const Split& split, TensorId node) const {
    if (split.inputs.empty()) return false;
    for (std::uint8_t i = 0; i < graph_[node].source_count; ++i) {
      const auto source = graph_[node].sources[i];
      if (graph_[source].weight && graph_[source].home != unassigned && !reaches(source, split.backend)) return true;
    }
    return false;
  }

  void split() {
    const auto nodes = graph_.nodes();
    const auto first = std::ranges::find_if(nodes, [&](TensorId node) { return graph_[node].op != Op::view; });
    if (first == nodes.end()) return;
    splits_.push_back({at(*first), 0, nodes.size(), {}});
    for (auto i = static_cast<std::size_t>(first - nodes.begin()); i < nodes.size(); ++i) {
      const auto node = nodes[i];
      if (graph_[node].op == Op::view) continue;
      if (at(node) != splits_.back().backend || needs_new_split(splits_.back(), node)) {
        splits_.back().end = i;
        splits_.push_back({at(node), i, nodes.size(), {}});
      }
      copy_inputs(splits_.back(), node);
    }
  }

  void copy_inputs(Split& split, TensorId node) {
    for (std::uint8_t i = 0; i < graph_[node].source_count; ++i) {
      const auto source = graph_[node].sources[i];
      if (at(source) == split.backend || reaches(source, split.backend)) continue;
      auto& copies = copies_of_[{source, split.backend}];
      if (copies.empty()) {
        for (int copy = 0; copy < copies_; ++copy) copies.push_back(make_copy(source, split.backend));
        split.inputs.push_back(source);
      }
      graph_[node].sources[i] = copies.front();
    }
  }

  TensorId make_copy(TensorId source, std::int16_t backend) {
    const auto copy = graph_.copy_of(source);
    at_.push_back(backend);
    graph_[copy].input = graph_[copy].output = copies_ > 1;
    return copy;
  }

  Schedule order() {
    Schedule result;
    const auto kept = kept_by_joined_steps();
    for (const auto& split : splits_) {
      for (const auto input : split.inputs) {
        result.steps.push_back({input, at(input), true, {input}});
        result.steps.push_back({copies_of_[{input, split.backend}].front(), split.backend});
      }
      add_nodes(split, kept, result);
    }
    if (copies_ > 1) add_copied_leaves(result);
    for (const auto leaf : graph_.leaves()) result.leaves.push_back({leaf, at(leaf)});
    return result;
  }

  using KeptUntil = std::multimap<TensorId, TensorId>;

  KeptUntil kept_by_joined_steps() {
    KeptUntil kept;
    for (const auto& [tensor, until, step] : graph_.kept()) {
      const auto backend = at(step);
      if (backend == unassigned || !backends_[static_cast<std::size_t>(backend)].joins_steps) continue;
      const auto copies = copies_of_.find({tensor, backend});  // what the step takes where the tensor is elsewhere
      kept.insert({until, copies == copies_of_.end() ? tensor : copies->second.front()});
    }
    return kept;
  }

  void add_nodes(const Split& split, const KeptUntil& kept, Schedule& result) {
    for (auto i = split.begin; i < split.end; ++i) {
      const auto node = graph_.nodes()[i];
      result.steps.push_back({node, at(node)});
      const auto [begin, end] = kept.equal_range(node);
      if (begin == end) continue;
      Schedule::Step hold{node, at(node), true, {}};
      for (auto each = begin; each != end; ++each) hold.keeps.push_back(each->second);
      result.steps.push_back(std::move(hold));
    }
  }

  /// With several batches in flight, each input of the graph exists once for each, and is never used for anything else.
  void add_copied_leaves(Schedule& result) {
    const auto leaves = graph_.leaves();
    for (const auto leaf : leaves) {
      if (!graph_[leaf].input) continue;
      graph_[leaf].output = true;
      result.leaves.push_back({leaf, at(leaf)});
      for (int copy = 1; copy < copies_; ++copy) {
        const auto backend = at(leaf);
        result.leaves.push_back({make_copy(leaf, backend), backend});
      }
    }
    for (const auto& split : splits_)
      for (const auto input : split.inputs)
        for (const auto copy : copies_of_[{input, split.backend}]) result.leaves.push_back({copy, split.backend});
  }

  TensorGraph& graph_;
  const std::vector<Backend>& backends_;
  std::int16_t host_;
  int copies_;
  std::vector<std::int16_t> at_;
  std::vector<Split> splits_;
  std::map<std::pair<TensorId, std::int16_t>, std::vector<TensorId>> copies_of_;
};

}  // namespace

Schedule schedule(TensorGraph& graph, const std::vector<Backend>& backends, int copies) {
  return Scheduler(graph, backends, copies).run();
}

}  // namespace berth::plan
