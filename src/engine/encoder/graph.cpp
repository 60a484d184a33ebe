#include "engine/encoder/graph.h"

#include <algorithm>

namespace berth::encoder {

namespace {

/// Rows of numbers as products read them, which may be a part of longer ones.
bool has_plain_rows(const ggml_tensor& x) {
  return x.type == GGML_TYPE_F32 && x.nb[0] == sizeof(float) && x.ne[2] == 1 && x.ne[3] == 1;
}

/// As the other kernels read them.
bool is_plain(const ggml_tensor& x) { return has_plain_rows(x) && ggml_is_contiguous(&x); }

}  // namespace

Graph::Graph(std::size_t size, bool is_spread, const PackedWeights* packed)
    : context_(new_context(size, true)),
      graph_(ggml_new_graph_custom(context_.get(), size, false)),
      is_spread_(is_spread),
      packed_(packed) {}

ggml_tensor* Graph::product(std::span<const Linear> layers, ggml_tensor* x, bool gelu) {
  auto& operation = new_operation();
  operation.gelu = gelu;
  std::vector<ggml_tensor*> weights;
  std::int64_t columns = 0;
  for (const auto& layer : layers) {
    weights.push_back(layer.weight);
    columns += layer.weight->ne[1];
    if (layer.bias == nullptr || layer.bias->data == nullptr) continue;
    const auto* bias = static_cast<const float*>(layer.bias->data);
    operation.bias.insert(operation.bias.end(), bias, bias + layer.weight->ne[1]);
  }
  packed_->set(operation, weights);
  return cpu_product(context(), operation, x, columns);
}

ggml_tensor* Graph::linear(const Linear& linear, ggml_tensor* x, Activation activation) {
  if (has_kernels(linear) && has_plain_rows(*x)) {
    const bool gelu = activation == Activation::gelu;
    auto* y = product({&linear, 1}, x, gelu);
    return gelu ? y : activate(activation, y);
  }
  auto* y = ggml_mul_mat(context(), linear.weight, x);
  return activate(activation, linear.bias == nullptr ? y : add(y, linear.bias));
}

std::array<ggml_tensor*, 3> Graph::linears(const std::array<Linear, 3>& layers, ggml_tensor* x) {
  const bool are_joined = has_plain_rows(*x) && std::ranges::all_of(layers, [&](const Linear& each) {
                            return has_kernels(each) && (each.bias == nullptr) == (layers[0].bias == nullptr);
                          });
  std::array<ggml_tensor*, 3> results{};
  auto* all = are_joined ? product(layers, x, false) : nullptr;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto width = layers[i].weight->ne[1];
    results[i] = are_joined ? ggml_view_2d(context(), all, width, x->ne[1], all->nb[1], offset) : linear(layers[i], x);
    offset += static_cast<std::size_t>(width) * sizeof(float);
  }
  return results;
}

ggml_tensor* Graph::norm_of_sum(const Norm& norm, ggml_tensor* a, ggml_tensor* b) {
  if (packed_ == nullptr || norm.weight == nullptr || !is_plain(*a) || !is_plain(*b))
    return this->norm(norm, add(a, b));
  auto& operation = new_operation();
  operation.eps = norm.eps;
  return cpu_norm(context(), operation, a, b, norm.weight, norm.bias);
}

ggml_tensor* Graph::attention(ggml_tensor* query, ggml_tensor* key, ggml_tensor* value, std::int64_t heads, float scale,
                              const std::vector<Group>& groups) {
  if (packed_ == nullptr || !has_plain_rows(*query) || query->nb[1] != key->nb[1] || query->nb[1] != value->nb[1])
    return nullptr;
  auto& operation = new_operation();
  operation.heads = heads;
  operation.scale = scale;
  operation.groups = groups;
  operation.in_bf16 = packed_->is_int8() && packed_->kernels().attend_bf16 != nullptr;
  return cpu_attention(context(), operation, query, key, value);
}

ggml_tensor* Graph::rotated(ggml_tensor* x, std::int64_t heads, const RotationTables& tables) {
  if (!is_spread_) {
    auto& operation = new_operation();
    operation.heads = heads;
    return cpu_rotation(context(), operation, x, tables.cosines, tables.sines);
  }
  const auto size = x->ne[0] / heads;
  const auto bytes = [](std::int64_t count) { return static_cast<std::size_t>(count) * sizeof(float); };
  const auto half = [&](std::int64_t index) {
    return ggml_view_3d(context(), x, size / 2, heads, x->ne[1], bytes(size), x->nb[1], bytes(index * size / 2));
  };
  const auto by = [&](ggml_tensor* part, ggml_tensor* table) {
    return ggml_mul(context(), part, ggml_reshape_3d(context(), table, table->ne[0], 1, table->ne[1]));
  };
  auto* first = ggml_sub(context(), by(half(0), tables.cosines), by(half(1), tables.sines));
  auto* second = ggml_add(context(), by(half(1), tables.cosines), by(half(0), tables.sines));
  return ggml_reshape_2d(context(), ggml_concat(context(), first, second, 0), x->ne[0], x->ne[1]);
}

ggml_tensor* Graph::norm(const Norm& norm, ggml_tensor* x) {
  if (norm.weight == nullptr) return x;
  if (packed_ != nullptr && is_plain(*x)) {
    auto& operation = new_operation();
    operation.eps = norm.eps;
    return cpu_norm(context(), operation, x, nullptr, norm.weight, norm.bias);
  }
  auto* y = ggml_mul(context(), ggml_norm(context(), x, norm.eps), norm.weight);
  return norm.bias == nullptr ? y : add(y, norm.bias);
}

ggml_tensor* Graph::rows(ggml_tensor* table, std::vector<std::int32_t> indices) {
  return rows(table, this->indices(std::move(indices)));
}

ggml_tensor* Graph::means(ggml_tensor* x, const std::vector<std::int32_t>& starts) {
  const auto tokens = x->ne[1];
  const auto sequences = static_cast<std::int64_t>(starts.size());
  std::vector<float> shares(static_cast<std::size_t>(tokens * sequences));
  for (std::int64_t i = 0; i < sequences; ++i) {
    const auto start = starts[static_cast<std::size_t>(i)];
    const auto end = i + 1 < sequences ? starts[static_cast<std::size_t>(i + 1)] : tokens;
    for (auto token = static_cast<std::int64_t>(start); token < end; ++token)
      shares[static_cast<std::size_t>(i * tokens + token)] = 1.0F / static_cast<float>(end - start);
  }
  auto* columns = ggml_cont(context(), ggml_transpose(context(), x));
  return ggml_mul_mat(context(), columns, numbers(std::move(shares), tokens, sequences));
}

ggml_tensor* Graph::writable(ggml_tensor* x, const ggml_tensor* weight) {
  if (!is_spread_) return x;
  auto* copy = ggml_cont(context(), x);
  pinned_.emplace_back(copy, weight);
  return copy;
}

ggml_tensor* Graph::write(ggml_tensor* into, ggml_tensor* part, const std::array<std::size_t, 3>& strides,
                          std::size_t offset) {
  auto* written = ggml_set_inplace(context(), into, part, strides[0], strides[1], strides[2], offset);
  if (is_spread_) pinned_.emplace_back(written, pinned_.back().second);
  return written;
}

ggml_tensor* Graph::indices(std::vector<std::int32_t> values) {
  auto* tensor = ggml_new_tensor_1d(context(), GGML_TYPE_I32, static_cast<std::int64_t>(values.size()));
  ggml_set_input(tensor);
  index_inputs_.emplace_back(tensor, std::move(values));
  return tensor;
}

ggml_tensor* Graph::numbers(std::vector<float> values, std::int64_t width, std::int64_t rows) {
  auto* tensor = ggml_new_tensor_2d(context(), GGML_TYPE_F32, width, rows);
  ggml_set_input(tensor);
  number_inputs_.emplace_back(tensor, std::move(values));
  return tensor;
}

void Graph::output(ggml_tensor* tensor) {
  ggml_set_output(tensor);
  ggml_build_forward_expand(graph_, tensor);
}

void Graph::set_inputs() const {
  const auto set = [](ggml_tensor* tensor, const void* values) {
    // An input that no operation uses has no memory.
    if (tensor->buffer != nullptr) ggml_backend_tensor_set(tensor, values, 0, ggml_nbytes(tensor));
  };
  for (const auto& [tensor, values] : index_inputs_) set(tensor, values.data());
  for (const auto& [tensor, values] : number_inputs_) set(tensor, values.data());
}

}  // namespace berth::encoder
