#include "plan/memory/tensor_graph.h"

#include <algorithm>

namespace berth::plan {
namespace {

constexpr std::uint64_t most = std::uint64_t{1} << 62;

std::array<std::uint64_t, 4> contiguous_strides(ElementType type, const TensorGraph::Extents& extents) {
  std::array<std::uint64_t, 4> strides;
  strides[0] = type.bytes;
  strides[1] = times(strides[0], extents[0] / type.elements);
  for (std::size_t i = 2; i < 4; ++i) strides[i] = times(strides[i - 1], extents[i - 1]);
  return strides;
}

}  // namespace

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  a = std::min(a, most);
  return b >= most - a ? most : a + b;
}

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  if (a == 0 || b == 0) return 0;
  return a >= most / b ? most : a * b;
}

std::uint64_t GraphTensor::bytes() const {
  if (std::ranges::find(extents, 0u) != extents.end()) return 0;
  std::uint64_t sum = type.quantized() ? times(extents[0] / type.elements, strides[0])
                                       : plus(type.bytes, times(extents[0] - 1, strides[0]));
  for (std::size_t i = 1; i < 4; ++i) sum = plus(sum, times(extents[i] - 1, strides[i]));
  return sum;
}

bool GraphTensor::same_layout(const GraphTensor& other) const {
  return type == other.type && extents == other.extents && strides == other.strides;
}

std::uint64_t GraphTensor::rows() const { return times(times(extents[1], extents[2]), extents[3]); }

TensorId TensorGraph::add(GraphTensor tensor) {
  tensors_.push_back(tensor);
  visited_.push_back(false);
  return static_cast<TensorId>(tensors_.size() - 1);
}

TensorId TensorGraph::leaf(ElementType type, Extents extents, std::int16_t home, bool weight) {
  GraphTensor tensor;
  tensor.type = type;
  tensor.extents = extents;
  tensor.strides = contiguous_strides(type, extents);
  tensor.home = home;
  tensor.weight = weight;
  return add(tensor);
}

TensorId TensorGraph::input(ElementType type, Extents extents) {
  const auto id = leaf(type, extents, -1);
  tensors_.back().input = true;
  return id;
}

TensorId TensorGraph::make(Op op, ElementType type, Extents extents, std::initializer_list<TensorId> sources) {
  GraphTensor tensor;
  tensor.op = op;
  tensor.type = type;
  tensor.extents = extents;
  tensor.strides = contiguous_strides(type, extents);
  for (const auto source : sources)
    if (source != no_tensor) tensor.sources[tensor.source_count++] = source;
  return add(tensor);
}

TensorId TensorGraph::like(Op op, TensorId like, std::initializer_list<TensorId> others) {
  if (like == no_tensor) return no_tensor;
  const auto id = make(op, tensors_[index(like)].type, tensors_[index(like)].extents, {like});
  for (const auto other : others)
    if (other != no_tensor) tensors_.back().sources[tensors_.back().source_count++] = other;
  return id;
}

TensorId TensorGraph::binary(TensorId a, TensorId b) {
  if (b == no_tensor) return a;
  return like(Op::in_place, a, {b});
}

TensorId TensorGraph::add_into(TensorId a, TensorId b) {
  if (a == no_tensor || b == no_tensor) return a;
  const auto id = add_view(a, Op::plain, tensors_[index(a)].extents, tensors_[index(a)].strides);
  tensors_.back().sources[tensors_.back().source_count++] = b;
  return id;
}

TensorId TensorGraph::rope(TensorId a, TensorId positions, TensorId factors) {
  return like(Op::rotate, a, {positions, factors});
}

TensorId TensorGraph::mul_mat(TensorId weights, TensorId a) {
  if (weights == no_tensor || a == no_tensor) return no_tensor;
  return make(Op::mul_mat, f32, {extent(weights, 1), extent(a, 1), extent(a, 2), extent(a, 3)}, {weights, a});
}

TensorId TensorGraph::mul_mat_id(TensorId weights, TensorId a, TensorId ids) {
  if (weights == no_tensor || a == no_tensor) return no_tensor;
  return make(Op::mul_mat_id, f32, {extent(weights, 1), extent(ids, 0), extent(a, 2), 1}, {weights, a, ids});
}

TensorId TensorGraph::get_rows(TensorId table, TensorId ids) {
  if (table == no_tensor || ids == no_tensor) return no_tensor;
  return make(Op::get_rows, f32, {extent(table, 0), extent(ids, 0), extent(ids, 1), extent(ids, 2)}, {table, ids});
}

TensorId TensorGraph::concat(TensorId a, TensorId b, int dimension) {
  if (a == no_tensor || b == no_tensor) return a == no_tensor ? b : a;
  auto extents = tensors_[index(a)].extents;
  const auto axis = static_cast<std::size_t>(dimension);
  extents[axis] = plus(extents[axis], extent(b, dimension));
  return make(Op::plain, tensors_[index(a)].type, extents, {a, b});
}

TensorId TensorGraph::cont(TensorId a) { return like(Op::plain, a); }

TensorId TensorGraph::cont(TensorId a, Extents extents) {
  if (a == no_tensor) return no_tensor;
  return make(Op::plain, tensors_[index(a)].type, extents, {a});
}

TensorId TensorGraph::repeat(TensorId a, Extents extents) { return cont(a, extents); }

TensorId TensorGraph::gated(TensorId gate, TensorId up) {
  if (gate == no_tensor) return no_tensor;
  return make(Op::plain, f32, tensors_[index(gate)].extents, {gate, up});
}

TensorId TensorGraph::half(TensorId both) {
  if (both == no_tensor) return no_tensor;
  auto extents = tensors_[index(both)].extents;
  extents[0] /= 2;
  return make(Op::plain, f32, extents, {both});
}

TensorId TensorGraph::add_view(TensorId a, Op op, Extents extents, std::array<std::uint64_t, 4> strides) {
  if (a == no_tensor) return no_tensor;
  GraphTensor tensor;
  tensor.op = op;
  tensor.type = tensors_[index(a)].type;
  tensor.extents = extents;
  tensor.strides = strides;
  tensor.view_of = tensors_[index(a)].view_of == no_tensor ? a : tensors_[index(a)].view_of;
  tensor.sources[0] = a;
  tensor.source_count = 1;
  return add(tensor);
}

TensorId TensorGraph::reshape(TensorId a, Extents extents) {
  if (a == no_tensor) return no_tensor;
  return add_view(a, Op::view, extents, contiguous_strides(tensors_[index(a)].type, extents));
}

TensorId TensorGraph::permute(TensorId a, std::array<int, 4> axes) {
  if (a == no_tensor) return no_tensor;
  Extents extents{};
  std::array<std::uint64_t, 4> strides{};
  for (std::size_t i = 0; i < 4; ++i) {
    extents[static_cast<std::size_t>(axes[i])] = tensors_[index(a)].extents[i];
    strides[static_cast<std::size_t>(axes[i])] = tensors_[index(a)].strides[i];
  }
  return add_view(a, Op::view, extents, strides);
}

TensorId TensorGraph::view(TensorId a, Extents extents, std::array<std::uint64_t, 3> strides) {
  if (a == no_tensor) return no_tensor;
  return add_view(a, Op::view, extents, {tensors_[index(a)].strides[0], strides[0], strides[1], strides[2]});
}

TensorId TensorGraph::view(TensorId a, Extents extents) {
  if (a == no_tensor) return no_tensor;
  return add_view(a, Op::view, extents, tensors_[index(a)].strides);
}

TensorId TensorGraph::store(TensorId a, TensorId target, std::initializer_list<TensorId> others) {
  if (a == no_tensor || target == no_tensor) return no_tensor;
  const auto id = add_view(target, Op::plain, tensors_[index(target)].extents, tensors_[index(target)].strides);
  auto& tensor = tensors_.back();
  tensor.sources[0] = a;
  for (const auto other : others)
    if (other != no_tensor) tensor.sources[tensor.source_count++] = other;
  tensor.sources[tensor.source_count++] = target;
  return id;
}

void TensorGraph::expand(TensorId a) {
  if (a == no_tensor || visited_[index(a)]) return;
  visited_[index(a)] = true;
  for (std::uint8_t i = 0; i < tensors_[index(a)].source_count; ++i) expand(tensors_[index(a)].sources[i]);
  (tensors_[index(a)].op == Op::leaf ? leaves_ : nodes_).push_back(a);
}

bool TensorGraph::contiguous(TensorId a) const {
  if (a == no_tensor) return true;
  const auto& tensor = tensors_[index(a)];
  const auto strides = contiguous_strides(tensor.type, tensor.extents);
  for (std::size_t i = 0; i < 4; ++i)
    if (tensor.extents[i] != 1 && tensor.strides[i] != strides[i]) return false;
  return true;
}

TensorId TensorGraph::copy_of(TensorId a) {
  GraphTensor copy;
  copy.type = tensors_[index(a)].type;
  copy.extents = tensors_[index(a)].extents;
  copy.strides = tensors_[index(a)].strides;
  return add(copy);
}

}  // namespace berth::plan
