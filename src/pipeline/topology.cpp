#include <algorithm>
#include <functional>
#include <queue>

#include "pipeline/graph.h"

namespace berth {
namespace {

using Successors = std::vector<std::vector<std::size_t>>;

/// The strongly connected component of each node (Tarjan 1972), without recursion.
std::vector<std::size_t> loops(const Successors& successors) {
  const auto count = successors.size();
  constexpr auto none = static_cast<std::size_t>(-1);
  std::vector<std::size_t> index(count, none);
  std::vector<std::size_t> low(count);
  std::vector<std::size_t> loop(count, none);
  std::vector<std::size_t> open;
  std::size_t next_index = 0;
  std::size_t next_loop = 0;
  struct Visit {
    std::size_t node;
    std::size_t successor;
  };
  for (std::size_t root = 0; root < count; ++root) {
    if (index[root] != none) continue;
    std::vector<Visit> path = {{root, 0}};
    while (!path.empty()) {
      auto& [node, successor] = path.back();
      if (successor == 0) {
        index[node] = low[node] = next_index++;
        open.push_back(node);
      }
      if (successor < successors[node].size()) {
        const auto to = successors[node][successor++];
        if (index[to] == none)
          path.push_back({to, 0});
        else if (loop[to] == none)
          low[node] = std::min(low[node], index[to]);
        continue;
      }
      const auto done = node;
      path.pop_back();
      if (!path.empty()) low[path.back().node] = std::min(low[path.back().node], low[done]);
      if (low[done] != index[done]) continue;
      for (bool more = true; more;) {
        const auto member = open.back();
        open.pop_back();
        loop[member] = next_loop;
        more = member != done;
      }
      ++next_loop;
    }
  }
  return loop;
}

}  // namespace

std::vector<std::size_t> topological_ranks(std::size_t nodes, const std::vector<std::size_t>& by_name,
                                           const std::vector<std::pair<std::size_t, std::size_t>>& edges) {
  Successors successors(nodes);
  for (const auto& [sender, receiver] : edges) successors[sender].push_back(receiver);
  const auto loop = loops(successors);

  // Kahn's algorithm over the loops, the one with the first name first.
  std::vector<std::size_t> position(nodes);
  for (std::size_t i = 0; i < nodes; ++i) position[by_name[i]] = i;
  const auto loop_count = loop.empty() ? 0 : *std::ranges::max_element(loop) + 1;
  std::vector<std::size_t> first_name(loop_count, nodes);
  std::vector<std::size_t> senders(loop_count, 0);
  for (std::size_t i = 0; i < nodes; ++i) first_name[loop[i]] = std::min(first_name[loop[i]], position[i]);
  Successors loop_successors(loop_count);
  for (const auto& [sender, receiver] : edges)
    if (loop[sender] != loop[receiver]) {
      loop_successors[loop[sender]].push_back(loop[receiver]);
      ++senders[loop[receiver]];
    }
  using Entry = std::pair<std::size_t, std::size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> free;
  for (std::size_t i = 0; i < loop_count; ++i)
    if (senders[i] == 0) free.emplace(first_name[i], i);
  std::vector<std::size_t> loop_rank(loop_count, 0);
  for (std::size_t rank = 0; !free.empty(); ++rank) {
    const auto current = free.top().second;
    free.pop();
    loop_rank[current] = rank;
    for (const auto receiver : loop_successors[current])
      if (--senders[receiver] == 0) free.emplace(first_name[receiver], receiver);
  }
  std::vector<std::size_t> ranks(nodes);
  for (std::size_t i = 0; i < nodes; ++i) ranks[i] = loop_rank[loop[i]];
  return ranks;
}

}  // namespace berth
