/// The kernels as operations of ggml's graphs on the CPU.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "engine/encoder/handles.h"
#include "engine/encoder/kernels.h"
#include "engine/encoder/pack.h"

namespace berth::encoder {

struct CpuOperation;

/// Matrices of linear layers as the kernels take them, each packed when it is first needed. Safe to use from several threads.
class PackedWeights {
 public:
  /// `is_int8`: products are computed in int8.
  PackedWeights(const Kernels& kernels, bool is_int8) : kernels_(kernels), is_int8_(is_int8) {}

  const Kernels& kernels() const { return kernels_; }
  bool is_int8() const { return is_int8_; }
  /// What a product needs of matrices [inner, columns] in float32 in the memory of the CPU, the columns of one behind those
  /// of the other. It stays where it is as long as this lives. Matrices without data, of a graph that is only measured, count in
  /// bytes().
  void set(CpuOperation& operation, std::span<ggml_tensor* const> weights) const;
  std::uint64_t bytes() const;

 private:
  static constexpr std::size_t piece = 32 << 20;
  using Key = std::pair<const ggml_tensor*, std::size_t>;  // the first matrix, and how many there are

  const Kernels& kernels_;
  bool is_int8_;
  mutable std::mutex mutex_;
  mutable std::pmr::monotonic_buffer_resource memory_{piece, &huge_pages()};
  mutable std::map<Key, FloatMatrix> packed_;
  mutable std::map<Key, Int8Matrix> int8_;
  mutable std::map<Key, std::uint64_t> measured_;
};

/// What an operation needs beside its tensors. It has to live as long as the graph.
struct CpuOperation {
  const Kernels* kernels = nullptr;
  const FloatMatrix* matrix = nullptr;  ///< of a product
  const Int8Matrix* int8 = nullptr;     ///< of a product in int8
  std::vector<float> bias = {};         ///< of a product, [columns] or none
  bool gelu = false;
  float eps = 0;  ///< of a norm
  bool has_bias = false;
  bool has_residual = false;
  std::int64_t heads = 0;  ///< of an attention or a rotation
  float scale = 1;
  bool in_bf16 = false;  ///< of an attention
  std::vector<Group> groups = {};
};

/// [columns, tokens] of x [inner, tokens] and what was set of the matrices, which have `columns` together.
ggml_tensor* cpu_product(ggml_context* context, CpuOperation& operation, ggml_tensor* x, std::int64_t columns);

/// norm(x + residual) weight + bias; `bias` and `residual` may be nullptr.
ggml_tensor* cpu_norm(ggml_context* context, CpuOperation& operation, ggml_tensor* x, ggml_tensor* residual,
                      ggml_tensor* weight, ggml_tensor* bias);

/// The attention of each sequence of the groups to itself, [hidden, tokens] like query, key and value, whose rows are as far
/// apart in one as in the others.
ggml_tensor* cpu_attention(ggml_context* context, CpuOperation& operation, ggml_tensor* query, ggml_tensor* key,
                           ggml_tensor* value);

/// x [hidden, tokens], whose rows may be a part of longer ones, with the halves of each head rotated by angles of which
/// `cosines` and `sines` [head size / 2, tokens] are known.
ggml_tensor* cpu_rotation(ggml_context* context, CpuOperation& operation, ggml_tensor* x, ggml_tensor* cosines,
                          ggml_tensor* sines);

}  // namespace berth::encoder
