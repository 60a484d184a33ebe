#include "plan/memory/hyper_connections.h"

#include <algorithm>

namespace berth::plan {
namespace {

constexpr std::uint64_t most_rounds = 256;

}  // namespace

HyperConnections::HyperConnections(ModelGraph& model)
    : m_(model),
      g_(model.graph),
      count_(std::clamp<std::uint64_t>(model.number("hyper_connection.count", 4), 1, most_residual_streams)) {}

TensorId HyperConnections::split(TensorId a) {
  const auto [width, tokens, one, two] = g_[a].extents;
  return g_.repeat(g_.reshape(a, {width, 1, tokens, 1}), {width, count_, tokens, 1});
}

TensorId HyperConnections::column(TensorId a, std::uint64_t elements) {
  return g_.view(a, {elements, g_.extent(a, 1), 1, 1});
}

TensorId HyperConnections::affine(TensorId a, TensorId scale, TensorId base) {
  return g_.binary(g_.binary(a, scale), base);
}

HyperConnections::Mix HyperConnections::mix(TensorId streams, std::size_t layer, const std::string& part) {
  const auto [width, count, tokens, one] = g_[streams].extents;
  const auto flat = g_.unary(g_.reshape(streams, {times(width, count), tokens, 1, 1}));
  const auto mixes = g_.mul_mat(m_.weight(layer, "hc_" + part + "_fn"), flat);
  const auto scales = m_.weight(layer, "hc_" + part + "_scale");
  const auto bases = m_.weight(layer, "hc_" + part + "_base");
  const auto scale = [&] { return g_.view(scales, {1, 1, 1, 1}); };
  const auto base = [&](std::uint64_t elements) { return g_.view(bases, {elements, 1, 1, 1}); };
  auto pre = g_.unary(g_.unary(affine(column(mixes, count_), scale(), base(count_))));
  Mix result;
  result.post = g_.unary(g_.unary(affine(column(mixes, count_), scale(), base(count_))));
  if (m_.batch.fuses(Fused::hyper_combination)) {
    result.combination = g_.make(Op::plain, f32, {count_, count_, tokens, 1}, {mixes, scales, bases});
    m_.fused_steps.push_back({result.combination, layer, Fused::hyper_combination});
  } else {
    const auto all = affine(column(mixes, count_ * count_), scale(), base(count_ * count_));
    result.combination = balanced(g_.reshape(all, {count_, count_, tokens, 1}));
  }
  if (m_.batch.fuses(Fused::hyper_pre)) {
    result.input = g_.make(Op::plain, f32, {width, tokens, 1, 1}, {streams, pre});
    m_.fused_steps.push_back({result.input, layer, Fused::hyper_pre});
  } else {
    result.input = weighted_sum(streams, pre);
  }
  return result;
}

TensorId HyperConnections::weighted_sum(TensorId streams, TensorId weights) {
  const auto [width, count, tokens, one] = g_[streams].extents;
  const auto stride = g_[streams].strides[2];
  TensorId sum = no_tensor;
  for (std::uint64_t i = 0; i < count_; ++i) {
    const auto stream = g_.view(streams, {width, tokens, 1, 1}, {stride, stride * tokens, stride * tokens});
    const auto part = g_.binary(stream, g_.view(weights, {1, tokens, 1, 1}));
    sum = sum == no_tensor ? part : g_.binary(sum, part);
  }
  return sum;
}

TensorId HyperConnections::balanced(TensorId a) {
  a = g_.unary(a);
  const auto epsilon = g_.unary(g_.leaf(f32, {1, 1, 1, 1}, -1));
  const auto sum_rows = [&](TensorId b) {
    const auto extents = g_[b].extents;
    return g_.binary(g_.make(Op::plain, f32, {1, extents[1], extents[2], extents[3]}, {b}), epsilon);
  };
  const auto columns = [&] {
    const auto sums = sum_rows(g_.cont(g_.permute(a, {1, 0, 2, 3})));
    a = g_.binary(a, g_.permute(sums, {1, 0, 2, 3}));
  };
  columns();
  const auto rounds = std::min(m_.number("hyper_connection.sinkhorn_iterations"), most_rounds);
  for (std::uint64_t i = 1; i < rounds; ++i) {
    a = g_.binary(a, sum_rows(a));
    columns();
  }
  return a;
}

TensorId HyperConnections::give_back(TensorId result, TensorId streams, const Mix& mix, std::size_t layer) {
  const auto [width, count, tokens, one] = g_[streams].extents;
  if (m_.batch.fuses(Fused::hyper_post)) {
    const auto all = g_.make(Op::plain, f32, {width, count_, tokens, 1}, {result, streams, mix.post, mix.combination});
    m_.fused_steps.push_back({all, layer, Fused::hyper_post});
    return all;
  }
  const auto stride = g_[streams].strides[2];
  const auto pair_stride = g_[mix.combination].strides[2];
  TensorId all = no_tensor;
  for (std::uint64_t to = 0; to < count_; ++to) {
    auto stream = g_.binary(result, g_.view(mix.post, {1, tokens, 1, 1}));
    for (std::uint64_t from = 0; from < count_; ++from) {
      const auto before = g_.view(streams, {width, tokens, 1, 1}, {stride, stride * tokens, stride * tokens});
      const auto share =
          g_.view(mix.combination, {1, tokens, 1, 1}, {pair_stride, pair_stride * tokens, pair_stride * tokens});
      stream = g_.binary(stream, g_.binary(before, share));
    }
    all = g_.concat(all, g_.reshape(stream, {width, 1, tokens, 1}), 1);
  }
  return all;
}

TensorId HyperConnections::join(TensorId streams) {
  const auto [width, count, tokens, one] = g_[streams].extents;
  const auto flat = g_.unary(g_.reshape(streams, {times(width, count), tokens, 1, 1}));
  auto pre =
      affine(g_.mul_mat(m_.global("output_hc_fn"), flat), m_.global("output_hc_scale"), m_.global("output_hc_base"));
  pre = g_.unary(g_.unary(pre));
  return weighted_sum(streams, pre);
}

}  // namespace berth::plan
