/// The kernels as operations of ggml's graphs on the CPU.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
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
  /// What a product needs of a matrix [inner, columns] in float32 in the memory of the CPU. It stays where it is as long as
  /// this lives.
  void set(CpuOperation& operation, const ggml_tensor& weight) const;
  std::uint64_t bytes() const;

 private:
  const Kernels& kernels_;
  bool is_int8_;
  mutable std::mutex mutex_;
  mutable std::map<const ggml_tensor*, Aligned<float>> packed_;
  mutable std::map<const ggml_tensor*, Int8Matrix> int8_;
};

/// What an operation needs beside its tensors. It has to live as long as the graph.
struct CpuOperation {
  const Kernels* kernels = nullptr;
  const float* packed = nullptr;     ///< of a product
  const Int8Matrix* int8 = nullptr;  ///< of a product in int8
  bool gelu = false;
  float eps = 0;  ///< of a norm
  bool has_bias = false;
  bool has_residual = false;
  std::int64_t heads = 0;  ///< of an attention
  float scale = 1;
  std::vector<Group> groups = {};
};

/// [columns, tokens] of x [inner, tokens] and a weight [inner, columns]; `bias` may be nullptr.
ggml_tensor* cpu_product(ggml_context* context, CpuOperation& operation, ggml_tensor* x, ggml_tensor* weight,
                         ggml_tensor* bias);

/// norm(x + residual) weight + bias; `bias` and `residual` may be nullptr.
ggml_tensor* cpu_norm(ggml_context* context, CpuOperation& operation, ggml_tensor* x, ggml_tensor* residual,
                      ggml_tensor* weight, ggml_tensor* bias);

/// The attention of each sequence of the groups to itself, [hidden, tokens] like query, key and value.
ggml_tensor* cpu_attention(ggml_context* context, CpuOperation& operation, ggml_tensor* query, ggml_tensor* key,
                           ggml_tensor* value);

}  // namespace berth::encoder
