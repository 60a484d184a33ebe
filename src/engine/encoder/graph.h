/// One graph in the making, with the inputs that it needs.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "engine/encoder/activation.h"
#include "engine/encoder/cpu_operations.h"
#include "engine/encoder/handles.h"
#include "engine/encoder/weights.h"

namespace berth::encoder {

/// For each token and each frequency of a head, [head size / 2, tokens].
struct RotationTables {
  ggml_tensor* cosines = nullptr;
  ggml_tensor* sines = nullptr;
};

/// The operations of encoders, all over states [hidden, tokens] in float32. What computes them on a device is chosen here
/// and nowhere else.
class Graph {
 public:
  /// At most `size` operations and inputs; ggml ends the process beyond that. `is_spread` is whether several devices
  /// compute it; `packed` is for the CPU alone, or nullptr.
  Graph(std::size_t size, bool is_spread, const PackedWeights* packed);

  ggml_context* context() const { return context_.get(); }

  /// The activation of weight x + bias.
  ggml_tensor* linear(const Linear& linear, ggml_tensor* x, Activation activation = Activation::linear);
  /// What each of three layers makes of x, which is read once for all where the kernels do it. They may be parts of the rows
  /// of one tensor, which attention() takes.
  std::array<ggml_tensor*, 3> linears(const std::array<Linear, 3>& layers, ggml_tensor* x);
  ggml_tensor* norm(const Norm& norm, ggml_tensor* x);                         ///< as it is where there is no norm
  ggml_tensor* norm_of_sum(const Norm& norm, ggml_tensor* a, ggml_tensor* b);  ///< the same of a + b
  /// softmax(scale query key) value of each sequence and head; nullptr where there is no such operation here.
  ggml_tensor* attention(ggml_tensor* query, ggml_tensor* key, ggml_tensor* value, std::int64_t heads, float scale,
                         const std::vector<Group>& groups);
  /// Rotates the first half of each head into the second; `x` may be a part of longer rows.
  ggml_tensor* rotated(ggml_tensor* x, std::int64_t heads, const RotationTables& tables);
  ggml_tensor* activate(Activation activation, ggml_tensor* x) { return encoder::activate(context(), activation, x); }
  ggml_tensor* rows(ggml_tensor* table, std::vector<std::int32_t> indices);
  ggml_tensor* rows(ggml_tensor* table, ggml_tensor* indices) { return ggml_get_rows(context(), table, indices); }
  ggml_tensor* add(ggml_tensor* a, ggml_tensor* b) { return ggml_add(context(), a, b); }
  /// The mean over the rows of each sequence; `starts` are their first tokens.
  ggml_tensor* means(ggml_tensor* x, const std::vector<std::int32_t>& starts);

  /// A tensor that later operations write into, with the values of `x`. They lie where `weight` does: an operation that
  /// writes into another's result has to be on its device.
  ggml_tensor* writable(ggml_tensor* x, const ggml_tensor* weight);
  /// Writes `part` into a writable tensor, with its strides and from its offset there. Returns the tensor as it is then.
  ggml_tensor* write(ggml_tensor* into, ggml_tensor* part, const std::array<std::size_t, 3>& strides,
                     std::size_t offset);

  ggml_tensor* indices(std::vector<std::int32_t> values);
  ggml_tensor* numbers(std::vector<float> values, std::int64_t width, std::int64_t rows);

  /// Makes a tensor a result that can be read after the computation.
  void output(ggml_tensor* tensor);

  ggml_cgraph* finished() const { return graph_; }
  std::size_t inputs() const { return index_inputs_.size() + number_inputs_.size(); }
  /// Operations that have to be on the device of a weight.
  const std::vector<std::pair<ggml_tensor*, const ggml_tensor*>>& pinned() const { return pinned_; }
  /// After the graph was given memory.
  void set_inputs() const;

 private:
  bool has_kernels(const Linear& linear) const { return packed_ != nullptr && linear.weight->type == GGML_TYPE_F32; }
  ggml_tensor* product(std::span<const Linear> layers, ggml_tensor* x, bool gelu);
  CpuOperation& new_operation() {
    return cpu_operations_.emplace_back(CpuOperation{.kernels = packed_ == nullptr ? nullptr : &packed_->kernels()});
  }

  ContextHandle context_;
  ggml_cgraph* graph_;
  bool is_spread_;
  const PackedWeights* packed_;
  std::deque<CpuOperation> cpu_operations_;
  std::vector<std::pair<ggml_tensor*, const ggml_tensor*>> pinned_;
  std::vector<std::pair<ggml_tensor*, std::vector<std::int32_t>>> index_inputs_;
  std::vector<std::pair<ggml_tensor*, std::vector<float>>> number_inputs_;
};

}  // namespace berth::encoder
