#include "engine/encoder/cpu_operations.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/encoder/mapped_file.h"

namespace berth::encoder {
namespace {

constexpr std::int64_t least_shared_rows = 16;

const CpuOperation& operation_of(void* data) { return *static_cast<const CpuOperation*>(data); }
float* floats(const ggml_tensor* tensor) { return static_cast<float*>(tensor->data); }
std::int64_t stride_of(const ggml_tensor* tensor) { return static_cast<std::int64_t>(tensor->nb[1] / sizeof(float)); }

/// The part of `count` that one of `threads` takes.
std::pair<std::int64_t, std::int64_t> share(std::int64_t count, int thread, int threads) {
  return {count * thread / threads, count * (thread + 1) / threads};
}

void compute_product(ggml_tensor* y, int thread, int threads, void* data) {
  const auto& operation = operation_of(data);
  const auto* x = y->src[0];
  const auto panels = panels_of(*operation.kernels, y->ne[0]);
  Product product{.x = floats(x),
                  .x_stride = stride_of(x),
                  .rows = x->ne[1],
                  .inner = x->ne[0],
                  .matrix = operation.matrix,
                  .int8 = operation.int8,
                  .bias = operation.bias.empty() ? nullptr : operation.bias.data(),
                  .columns = y->ne[0],
                  .y = floats(y),
                  .y_stride = stride_of(y),
                  .gelu = operation.gelu,
                  .end_panel = panels};
  if (operation.int8 != nullptr && product.rows >= least_shared_rows * threads) {
    // Each row is made int8 by one thread only.
    const auto [first, end] = share(product.rows, thread, threads);
    product.x += first * product.x_stride;
    product.y += first * product.y_stride;
    product.rows = end - first;
  } else {
    std::tie(product.first_panel, product.end_panel) = share(panels, thread, threads);
  }
  (operation.int8 == nullptr ? operation.kernels->product : operation.kernels->product_int8)(product);
}

void compute_norm(ggml_tensor* y, int thread, int threads, void* data) {
  const auto& operation = operation_of(data);
  const auto [first, end] = share(y->ne[1], thread, threads);
  operation.kernels->norm({.x = floats(y->src[0]),
                           .residual = operation.has_residual ? floats(y->src[operation.has_bias ? 3 : 2]) : nullptr,
                           .weight = floats(y->src[1]),
                           .bias = operation.has_bias ? floats(y->src[2]) : nullptr,
                           .eps = operation.eps,
                           .y = floats(y),
                           .width = y->ne[0],
                           .first_row = first,
                           .end_row = end});
}

void compute_attention(ggml_tensor* y, int thread, int threads, void* data) {
  const auto& operation = operation_of(data);
  const auto size = y->ne[0] / operation.heads;
  const auto stride = stride_of(y->src[0]);
  const auto attend = operation.in_bf16 ? operation.kernels->attend_bf16 : operation.kernels->attend;
  std::int64_t next = 0;
  for (const auto& group : operation.groups)
    for (std::int64_t sequence = 0; sequence < group.count; ++sequence)
      for (std::int64_t head = 0; head < operation.heads; ++head) {
        if (next++ % threads != thread) continue;
        const auto token = group.start + sequence * group.length;
        const auto start = token * stride + head * size;
        attend({.query = floats(y->src[0]) + start,
                .key = floats(y->src[1]) + start,
                .value = floats(y->src[2]) + start,
                .result = floats(y) + token * y->ne[0] + head * size,
                .stride = stride,
                .result_stride = y->ne[0],
                .length = group.length,
                .head_size = size,
                .scale = operation.scale});
      }
}

void rotate(const float* x, const float* cosines, const float* sines, float* y, std::int64_t half) {
  for (std::int64_t i = 0; i < half; ++i) {
    y[i] = x[i] * cosines[i] - x[i + half] * sines[i];
    y[i + half] = x[i + half] * cosines[i] + x[i] * sines[i];
  }
}

void compute_rotation(ggml_tensor* y, int thread, int threads, void* data) {
  const auto heads = operation_of(data).heads;
  const auto size = y->ne[0] / heads;
  const auto* x = y->src[0];
  const auto [first, end] = share(y->ne[1], thread, threads);
  for (auto token = first; token < end; ++token)
    for (std::int64_t head = 0; head < heads; ++head)
      rotate(floats(x) + token * stride_of(x) + head * size, floats(y->src[1]) + token * size / 2,
             floats(y->src[2]) + token * size / 2, floats(y) + token * y->ne[0] + head * size, size / 2);
}

/// A mapped weight needs no memory once it is packed.
void leave_to_file(const ggml_tensor& weight) {
  if (std::string_view(ggml_backend_buffer_name(weight.buffer)) == "CPU_Mapped")
    encoder::leave_to_file({static_cast<const std::byte*>(weight.data), ggml_nbytes(&weight)});
}

template <std::size_t most>
ggml_tensor* custom(ggml_context* context, std::int64_t width, std::int64_t rows,
                    std::array<ggml_tensor*, most> sources, int count, ggml_custom_op_t compute,
                    CpuOperation& operation) {
  return ggml_custom_4d(context, GGML_TYPE_F32, width, rows, 1, 1, sources.data(), count, compute, GGML_N_TASKS_MAX,
                        &operation);
}

}  // namespace

void PackedWeights::set(CpuOperation& operation, std::span<ggml_tensor* const> weights) const {
  const std::lock_guard lock(mutex_);
  const auto inner = weights.front()->ne[0];
  std::int64_t columns = 0;
  for (const auto* each : weights) columns += each->ne[1];
  auto joined = [&, all = std::vector<float>()]() mutable -> const float* {
    if (weights.size() == 1) return floats(weights.front());
    for (const auto* each : weights) all.insert(all.end(), floats(each), floats(each) + inner * each->ne[1]);
    return all.data();
  };
  const Key key{weights.front(), weights.size()};
  if (weights.front()->data == nullptr) {
    measured_[key] = packed_bytes(kernels_, is_int8_, inner, columns);
    return;
  }
  bool is_new = false;
  if (is_int8_) {
    auto found = int8_.find(key);
    is_new = found == int8_.end();
    if (is_new) found = int8_.emplace(key, packed_int8(kernels_, joined(), inner, columns, &memory_)).first;
    operation.int8 = &found->second;
  } else {
    auto found = packed_.find(key);
    is_new = found == packed_.end();
    if (is_new) found = packed_.emplace(key, packed(kernels_, joined(), inner, columns, &memory_)).first;
    operation.matrix = &found->second;
  }
  for (const auto* each : weights)
    if (is_new) leave_to_file(*each);
}

std::uint64_t PackedWeights::bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [key, matrix] : packed_) sum += matrix.bytes();
  for (const auto& [key, matrix] : int8_) sum += matrix.bytes();
  for (const auto& [key, bytes] : measured_) sum += bytes;
  return sum;
}

ggml_tensor* cpu_product(ggml_context* context, CpuOperation& operation, ggml_tensor* x, std::int64_t columns) {
  return custom<1>(context, columns, x->ne[1], {x}, 1, compute_product, operation);
}

ggml_tensor* cpu_norm(ggml_context* context, CpuOperation& operation, ggml_tensor* x, ggml_tensor* residual,
                      ggml_tensor* weight, ggml_tensor* bias) {
  operation.has_bias = bias != nullptr;
  operation.has_residual = residual != nullptr;
  std::array<ggml_tensor*, 4> sources = {x, weight};
  int count = 2;
  for (auto* more : {bias, residual})
    if (more != nullptr) sources[static_cast<std::size_t>(count++)] = more;
  return custom<4>(context, x->ne[0], x->ne[1], sources, count, compute_norm, operation);
}

ggml_tensor* cpu_attention(ggml_context* context, CpuOperation& operation, ggml_tensor* query, ggml_tensor* key,
                           ggml_tensor* value) {
  return custom<3>(context, query->ne[0], query->ne[1], {query, key, value}, 3, compute_attention, operation);
}

ggml_tensor* cpu_rotation(ggml_context* context, CpuOperation& operation, ggml_tensor* x, ggml_tensor* cosines,
                          ggml_tensor* sines) {
  return custom<3>(context, x->ne[0], x->ne[1], {x, cosines, sines}, 3, compute_rotation, operation);
}

}  // namespace berth::encoder
