/// On which device each tensor of a graph is computed, and which are copied from one device to another.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plan/memory/tensor_graph.h"

namespace berth::plan {

/// One device as the engine's scheduler knows it. The host is the last of them. It may stand among the devices too: both
/// then compute in the same memory.
struct Backend {
  bool is_host = false;
  std::uint64_t alignment = 32;    ///< of a tensor in its memory
  std::uint64_t row_elements = 1;  ///< rows of quantized tensors are padded to a multiple of so many elements
  std::uint64_t offload_rows = 0;  ///< computes products with the host's weights for so many rows or more; 0: never
  bool joins_steps = false;        ///< computes several steps in one, whose sources must stay until the last
  bool converts_cache = false;     ///< flash attention needs room for keys and values in F16
  /// Whether it can compute this tensor. Empty: it can compute everything.
  std::function<bool(const TensorGraph&, TensorId)> supports = {};
};

/// A graph with the copies between its devices, in the order in which the engine gives memory to tensors.
struct Schedule {
  struct Step {
    TensorId tensor;
    std::int16_t backend;
    bool holds = false;  ///< not computed: it only keeps its sources until here
    std::vector<TensorId> keeps = {};
  };
  std::vector<Step> leaves;
  std::vector<Step> steps;
};

/// Follows the scheduler of ggml 0.25 (ggml_backend_sched_split_graph). `copies`: how many batches are in flight at the
/// same time, each with its own inputs; 1 without pipelining.
Schedule schedule(TensorGraph& graph, const std::vector<Backend>& backends, int copies);

/// The bytes of the compute buffer of each backend (ggml_gallocr).
std::vector<std::uint64_t> buffer_bytes(const TensorGraph& graph, const Schedule& schedule,
                                        const std::vector<Backend>& backends);

}  // namespace berth::plan
