#include <algorithm>

#include "plan/memory/graph_schedule.h"

namespace berth::plan {
namespace {

/// Gives out parts of one buffer that grows as needed: the smallest free part that is big enough, else the end.
class Buffer {
 public:
  explicit Buffer(std::uint64_t alignment) : alignment_(std::max<std::uint64_t>(alignment, 1)) {}

  std::uint64_t take(std::uint64_t bytes) {
    bytes = aligned(bytes);
    auto best = free_.end();
    for (auto part = free_.begin(); part != free_.end() - 1; ++part)
      if (part->bytes >= bytes && (best == free_.end() || part->bytes <= best->bytes)) best = part;
    if (best == free_.end()) --best;
    const auto offset = best->offset;
    best->offset = plus(best->offset, bytes);
    best->bytes -= std::min(bytes, best->bytes);
    if (best->bytes == 0 && free_.size() > 1) free_.erase(best);
    most_ = std::max(most_, plus(offset, bytes));
    return offset;
  }

  /// Joins what is given back with one free part that it touches, and that with its neighbour: as the engine, which
  /// leaves parts of no bytes between others.
  void give_back(std::uint64_t offset, std::uint64_t bytes) {
    bytes = aligned(bytes);
    for (auto part = free_.begin(); part != free_.end(); ++part) {
      if (part->offset + part->bytes == offset) {
        part->bytes += bytes;
        join_next(part);
        return;
      }
      if (offset + bytes == part->offset) {
        part->offset = offset;
        part->bytes += bytes;
        if (part != free_.begin()) join_next(part - 1);
        return;
      }
    }
    // One by one, as the engine does: parts of no bytes may have left the list out of order.
    const auto after = std::ranges::find_if(free_, [&](const Part& part) { return part.offset >= offset; });
    free_.insert(after, {offset, bytes});
  }

  std::uint64_t aligned(std::uint64_t bytes) const {
    const auto rest = bytes % alignment_;
    return rest == 0 ? bytes : plus(bytes, alignment_ - rest);
  }
  std::uint64_t most() const { return most_; }

 private:
  struct Part {
    std::uint64_t offset;
    std::uint64_t bytes;
  };

  void join_next(std::vector<Part>::iterator part) {
    const auto next = part + 1;
    if (next == free_.end() || part->offset + part->bytes != next->offset) return;
    part->bytes += next->bytes;
    free_.erase(next);
  }

  static constexpr std::uint64_t endless = std::uint64_t{1} << 62;

  std::uint64_t alignment_;
  std::vector<Part> free_ = {{0, endless}};  // by offset; one has no end
  std::uint64_t most_ = 0;
};

/// The life of a tensor's memory.
struct Use {
  int children = 0;  ///< tensors that still need it
  int views = 0;     ///< views that still look at it
  bool allocated = false;
  std::int16_t backend = 0;
  std::uint64_t offset = 0;
};

class Allocation {
 public:
  Allocation(const TensorGraph& graph, const std::vector<Backend>& backends)
      : graph_(graph), backends_(backends), uses_(graph.size()) {
    for (const auto& backend : backends) buffers_.emplace_back(backend.alignment);
    const auto host = std::ranges::find_if(backends, &Backend::is_host);
    for (auto each = backends.begin(); each != backends.end(); ++each)
      buffer_of_.push_back(static_cast<std::size_t>((each->is_host ? host : each) - backends.begin()));
  }

  std::vector<std::uint64_t> run(const Schedule& schedule) {
    for (const auto& leaf : schedule.leaves) allocate(leaf.tensor, leaf.backend);
    for (const auto& step : schedule.steps) count(step);
    for (const auto& step : schedule.steps) compute(step);
    std::vector<std::uint64_t> bytes;
    for (const auto& buffer : buffers_) bytes.push_back(buffer.most());
    return bytes;
  }

 private:
  Use& use(TensorId id) { return uses_[static_cast<std::size_t>(id)]; }
  Buffer& buffer_of(std::int16_t backend) { return buffers_[buffer_of_[static_cast<std::size_t>(backend)]]; }
  bool is_view(TensorId id) const { return graph_[id].view_of != no_tensor; }

  template <class Function>
  void each_source(const Schedule::Step& step, Function function) {
    if (step.holds) {
      for (const auto source : step.keeps) function(source);
    } else {
      const auto& tensor = graph_[step.tensor];
      for (std::uint8_t i = 0; i < tensor.source_count; ++i) function(tensor.sources[i]);
    }
  }

  void count(const Schedule::Step& step) {
    if (!step.holds && is_view(step.tensor)) ++use(graph_[step.tensor].view_of).views;
    if (!step.holds && graph_[step.tensor].input) allocate(step.tensor, step.backend);
    each_source(step, [&](TensorId source) {
      ++use(source).children;
      if (graph_[source].input) allocate(source, step.backend);
    });
  }

  void compute(const Schedule::Step& step) {
    each_source(step, [&](TensorId source) { allocate(source, step.backend); });
    if (!step.holds) allocate(step.tensor, step.backend);
    each_source(step, [&](TensorId source) { release(source); });
  }

  void release(TensorId source) {
    auto& mine = use(source);
    if (--mine.children != 0 || mine.views != 0) return;
    if (is_view(source)) {
      auto& viewed = use(graph_[source].view_of);
      if (--viewed.views == 0 && viewed.children == 0 && viewed.allocated) free(graph_[source].view_of);
    } else if (mine.allocated) {
      free(source);
    }
  }

  void free(TensorId id) {
    if (graph_[id].output) return;
    buffer_of(use(id).backend).give_back(use(id).offset, bytes_of(id, use(id).backend));
    use(id).allocated = false;
  }

  void allocate(TensorId id, std::int16_t backend) {
    if (use(id).allocated || graph_[id].home >= 0 || is_view(id)) return;
    if (reuse_source(id)) return;
    use(id).allocated = true;
    use(id).backend = backend;
    use(id).offset = buffer_of(backend).take(bytes_of(id, backend));
  }

  /// Writes the result over a source that nothing else needs.
  bool reuse_source(TensorId id) {
    const auto& tensor = graph_[id];
    if (tensor.op != Op::in_place && tensor.op != Op::rotate) return false;
    for (std::uint8_t i = 0; i < tensor.source_count; ++i) {
      const auto source = tensor.sources[i];
      const auto& info = graph_[source];
      if (is_view(source) || !use(source).allocated || info.output || !tensor.same_layout(info)) continue;
      if (use(source).children != 1 || use(source).views != 0) continue;
      take_over(id, source);
      return true;
    }
    return false;
  }

  void take_over(TensorId id, TensorId source) {
    use(id).allocated = true;
    use(id).backend = use(source).backend;
    use(id).offset = use(source).offset;
    use(source).allocated = false;
    auto& buffer = buffer_of(use(id).backend);
    const auto had = buffer.aligned(bytes_of(source, use(id).backend));
    const auto needs = buffer.aligned(bytes_of(id, use(id).backend));
    if (had > needs) buffer.give_back(use(id).offset + needs, had - needs);
  }

  std::uint64_t bytes_of(TensorId id, std::int16_t backend) const {
    const auto& tensor = graph_[id];
    const auto& facts = backends_[static_cast<std::size_t>(backend)];
    auto bytes = tensor.bytes();
    if (tensor.type.quantized() && facts.row_elements > 1) {
      const auto rest = tensor.extents[0] % facts.row_elements;
      if (rest != 0) bytes = plus(bytes, times((facts.row_elements - rest) / tensor.type.elements, tensor.type.bytes));
    }
    if (tensor.op == Op::attention && facts.converts_cache) bytes = plus(bytes, converted_cache_bytes(tensor));
    return bytes;
  }

  std::uint64_t converted_cache_bytes(const GraphTensor& attention) const {
    std::uint64_t sum = 0;
    for (const int i : {1, 2}) {
      const auto& cached = graph_[attention.sources[static_cast<std::size_t>(i)]];
      if (cached.type == f16) continue;
      const auto& keys = graph_[attention.sources[1]];
      if (i == 2 && cached.view_of != no_tensor && cached.view_of == keys.view_of) continue;  // a part of the keys
      sum = plus(sum, times(times(cached.extents[0], cached.rows()), 2));
    }
    return sum;
  }

  const TensorGraph& graph_;
  const std::vector<Backend>& backends_;
  std::vector<Use> uses_;
  std::vector<Buffer> buffers_;
  std::vector<std::size_t> buffer_of_;  // of each backend; those of the host share one
};

}  // namespace

std::vector<std::uint64_t> buffer_bytes(const TensorGraph& graph, const Schedule& schedule,
                                        const std::vector<Backend>& backends) {
  return Allocation(graph, backends).run(schedule);
}

}  // namespace berth::plan
