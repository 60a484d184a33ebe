#include <algorithm>

#include "plan/memory/model_graph.h"

namespace berth::plan {
namespace {

std::uint64_t divided(std::uint64_t a, std::uint64_t b) { return b == 0 ? 0 : a / b; }

}  // namespace

TensorId ModelGraph::state_leaf(std::size_t il, bool convolution) {
  const auto [place, added] = states_.try_emplace({il, convolution}, no_tensor);
  if (added) {
    const auto size = convolution ? layer(il).convolution_state : layer(il).recurrent_state;
    place->second = graph.leaf(f32, {size, layout.context.sequences, 1, 1}, layout.cache_backend(il));
  }
  return place->second;
}

TensorId ModelGraph::state_rows(std::size_t il, bool convolution, const UseStates& use) {
  return state_rows(state_leaf(il, convolution), use);
}

TensorId ModelGraph::state_rows(TensorId state, const UseStates& use) {
  const auto size = graph.extent(state, 0);
  const auto all = layout.context.sequences;
  const auto states = graph.reshape(state, graph[state].extents);
  const auto cleared = graph.view(states, {size, 1, 1, 1});
  graph.expand(graph.store(cleared, cleared));
  const auto rest = all - std::min(all, batch.sequences);
  if (state_ids_ == no_tensor) {
    const auto order = input("states of sequences", i32, {all, 1, 1, 1});
    state_ids_ = graph.view(order, {batch.sequences, 1, 1, 1});
    other_state_ids_ = graph.view(order, {rest, 1, 1, 1});
  }
  const auto ids = state_ids_;
  const auto result = use ? use(states, ids) : graph.get_rows(states, ids);
  graph.expand(result);
  const auto others = graph.get_rows(states, other_state_ids_);
  graph.expand(graph.store(others, graph.view(state, {size, rest, 1, 1})));
  return result;
}

TensorId ModelGraph::mamba(TensorId a, std::size_t il) {
  const auto taps = number("ssm.conv_kernel");
  const auto inner = number("ssm.inner_size");
  const auto state = number("ssm.state_size");
  const auto rank = number("ssm.time_step_rank");
  const auto tokens = batch.tokens_each();
  const auto sequences = batch.sequences;
  const auto before = taps == 0 ? 0 : taps - 1;
  auto convolution = graph.reshape(state_rows(il, true), {before, inner, sequences, 1});
  const auto current = graph.reshape(a, {graph.extent(a, 0), tokens, sequences, 1});
  const auto both = linear(il, "ssm_in", current);
  auto x = graph.view(both, {inner, tokens, sequences, 1});
  const auto z = graph.view(both, {inner, tokens, sequences, 1});
  const auto conv_x = graph.concat(convolution, graph.transpose(x), 0);
  const auto last = graph.view(conv_x, {before, inner, sequences, 1});
  graph.expand(graph.store(last, graph.view(state_leaf(il, true), {before * inner * sequences, 1, 1, 1})));
  x = graph.make(Op::plain, f32, {inner, tokens, sequences, 1}, {conv_x, weight(il, "ssm_conv1d")});
  x = graph.binary(x, weight(il, "ssm_conv1d", "bias"));
  x = graph.unary(x);
  const auto projected = graph.mul_mat(weight(il, "ssm_x"), x);
  const auto stride = graph[projected].strides;
  auto dt = graph.view(projected, {rank, tokens, sequences, 1});
  const auto part = [&] {
    return graph.view(projected, {state, 1, tokens, sequences}, {state * 4, stride[1], stride[2]});
  };
  auto b = part();
  auto c = part();
  if (weight(il, "ssm_dt_norm") != no_tensor || is_set("ssm.dt_b_c_rms")) {
    dt = norm(dt, il, "ssm_dt_norm");
    b = norm(b, il, "ssm_b_norm");
    c = norm(c, il, "ssm_c_norm");
  } else {
    dt = graph.cont(dt);
  }
  dt = graph.mul_mat(weight(il, "ssm_dt"), dt);
  dt = graph.binary(dt, weight(il, "ssm_dt", "bias"));
  const auto x4 = graph.reshape(x, {1, inner, tokens, sequences});
  const auto scanned = plus(times(inner, batch.tokens), times(times(state, inner), sequences));
  const auto y_all = state_rows(il, false, [&](TensorId states, TensorId ids) {
    states = graph.reshape(states, {state, 1, inner, layout.context.sequences});
    return graph.make(Op::plain, f32, {scanned, 1, 1, 1}, {states, x4, dt, weight(il, "ssm_a", ""), b, c, ids});
  });
  const auto states = times(times(state, inner), sequences);
  graph.expand(graph.store(graph.view(y_all, {states, 1, 1, 1}), graph.view(state_leaf(il, false), {states, 1, 1, 1})));
  auto y =
      graph.view(y_all, {inner, tokens, sequences, 1}, {inner * 4, inner * tokens * 4, inner * tokens * sequences * 4});
  y = graph.binary(y, graph.binary(x, weight(il, "ssm_d", "")));
  y = graph.gated(graph.cont(z), y);
  const auto out = linear(il, "ssm_out", y);
  return graph.reshape(out, {graph.extent(out, 0), batch.tokens, 1, 1});
}

TensorId ModelGraph::mamba2(TensorId a, std::size_t il) {
  const auto taps = number("ssm.conv_kernel");
  const auto inner = number("ssm.inner_size");
  const auto state = number("ssm.state_size");
  const auto heads_count = number("ssm.time_step_rank");
  const auto groups = number("ssm.group_count");
  const auto head = divided(inner, heads_count);
  const auto tokens = batch.tokens_each();
  const auto sequences = batch.sequences;
  const auto before = taps == 0 ? 0 : taps - 1;
  const auto mixed = inner + 2 * groups * state;
  const auto convolution = graph.reshape(state_rows(il, true), {before, mixed, sequences, 1});
  auto all = linear(il, "ssm_in", a);
  all = graph.reshape(all, {graph.extent(all, 0), tokens, sequences, 1});
  const auto s = graph[all].strides;
  const auto z = graph.view(all, {head, heads_count, tokens, sequences}, {head * 4, s[1], s[2]});
  auto xbc = graph.view(all, {mixed, tokens, sequences, 1});
  auto dt = graph.view(all, {heads_count, tokens, sequences, 1});
  const auto conv_x = graph.concat(convolution, graph.transpose(xbc), 0);
  const auto last = graph.view(conv_x, {before, mixed, sequences, 1});
  graph.expand(graph.store(last, graph.view(state_leaf(il, true), {before * mixed, sequences, 1, 1})));
  xbc = graph.make(Op::plain, f32, {mixed, tokens, sequences, 1}, {conv_x, weight(il, "ssm_conv1d")});
  xbc = graph.binary(xbc, weight(il, "ssm_conv1d", "bias"));
  xbc = graph.unary(xbc);
  const auto m = graph[xbc].strides;
  const auto x = graph.view(xbc, {head, heads_count, tokens, sequences}, {head * 4, m[1], m[2]});
  const auto b = graph.view(xbc, {state, groups, tokens, sequences}, {state * 4, m[1], m[2]});
  const auto c = graph.view(xbc, {state, groups, tokens, sequences}, {state * 4, m[1], m[2]});
  dt = graph.binary(graph.cont(dt), weight(il, "ssm_dt", "bias"));
  const auto leaf = state_leaf(il, false);
  const auto scanned = plus(times(inner, batch.tokens), times(times(state, inner), sequences));
  const auto scan = state_rows(il, false, [&](TensorId states, TensorId ids) {
    states = graph.reshape(states, {state, head, heads_count, layout.context.sequences});
    return graph.make(Op::plain, f32, {scanned, 1, 1, 1}, {states, x, dt, weight(il, "ssm_a", ""), b, c, ids});
  });
  const auto row = times(state * inner, 4);
  const auto kept = graph.view(scan, {state * inner, sequences, 1, 1}, {row, row * sequences, row * sequences});
  graph.expand(graph.store(kept, graph.view(leaf, {state * inner, sequences, 1, 1})));
  auto y =
      graph.view(scan, {head, heads_count, tokens, sequences}, {head * 4, head * heads_count * 4, inner * tokens * 4});
  y = graph.binary(y, graph.binary(x, weight(il, "ssm_d", "")));
  y = graph.gated(graph.cont(z), y);
  if (weight(il, "ssm_norm") != no_tensor) {
    y = graph.reshape(y, {divided(inner, groups), groups, tokens, sequences});
    y = norm(y, il, "ssm_norm");
  }
  y = graph.reshape(y, {inner, batch.tokens, 1, 1});
  return linear(il, "ssm_out", y);
}

TensorId ModelGraph::short_convolution(TensorId a, std::size_t il) {
  const auto tokens = batch.tokens_each();
  const auto sequences = batch.sequences;
  const auto taps = number("shortconv.l_cache");
  const auto before = taps == 0 ? 0 : taps - 1;
  const auto current = graph.reshape(a, {graph.extent(a, 0), tokens, sequences, 1});
  const auto all = graph.mul_mat(weight(il, "shortconv.in_proj"), current);
  const auto third = graph.extent(all, 0) / 3;
  const auto part = [&] { return graph.view(all, {third, tokens, sequences, 1}); };
  const auto b = part();
  const auto c = part();
  auto bx = graph.transpose(graph.binary(b, part()));
  const auto state = graph.reshape(state_rows(il, true), {before, width(), sequences, 1});
  bx = graph.concat(state, bx, 0);
  const auto last = graph.view(bx, {before, graph.extent(bx, 1), graph.extent(bx, 2), 1});
  graph.expand(graph.store(last, graph.view(state_leaf(il, true), {before * width(), sequences, 1, 1})));
  const auto convolved =
      graph.make(Op::plain, f32, {graph.extent(bx, 1), tokens, sequences, 1}, {bx, weight(il, "shortconv.conv")});
  auto y = graph.binary(c, convolved);
  y = graph.mul_mat(weight(il, "shortconv.out_proj"), y);
  return graph.reshape(y, {graph.extent(y, 0), batch.tokens, 1, 1});
}

struct ModelGraph::DeltaSizes {
  std::uint64_t inner;
  std::uint64_t key_size;
  std::uint64_t key_heads;
  std::uint64_t value_heads;
  std::uint64_t value_size;
  std::uint64_t before;  ///< tokens that the convolution looks back at
  std::uint64_t tokens;
  std::uint64_t sequences;

  std::uint64_t channels() const { return inner + 2 * key_heads * key_size; }
  std::uint64_t values_of_key() const { return divided(value_heads, key_heads); }
};

ModelGraph::DeltaInputs ModelGraph::delta_inputs(TensorId a, std::size_t il, const DeltaSizes& sizes) {
  const auto key_size = sizes.key_size;
  const auto key_heads = sizes.key_heads;
  const auto value_size = sizes.value_size;
  const auto tokens = sizes.tokens;
  const auto sequences = sizes.sequences;
  DeltaInputs inputs;
  if (weight(il, "attn_qkv") != no_tensor) {
    inputs.mixed = linear(il, "attn_qkv", a);
    inputs.mixed = graph.reshape(inputs.mixed, {graph.extent(inputs.mixed, 0), tokens, sequences, 1});
    inputs.z = linear(il, "attn_gate", a);
    return inputs;
  }
  const auto each = sizes.values_of_key();
  const auto all =
      graph.reshape(linear(il, "ssm_in", a), {2 * key_size + 2 * value_size * each, key_heads, tokens, sequences});
  const auto part = [&](std::uint64_t size) { return graph.view(all, {size, key_heads, tokens, sequences}); };
  inputs.z = graph.cont(part(value_size * each));
  const auto query = graph.cont(part(key_size), {key_size * key_heads, tokens, sequences, 1});
  const auto key = graph.cont(part(key_size), {key_size * key_heads, tokens, sequences, 1});
  const auto value = graph.cont(part(value_size * each), {value_size * sizes.value_heads, tokens, sequences, 1});
  inputs.mixed = graph.concat(graph.concat(query, key, 0), value, 0);
  return inputs;
}

ModelGraph::DeltaGates ModelGraph::delta_gates(TensorId a, std::size_t il, const DeltaSizes& sizes) {
  const auto value_heads = sizes.value_heads;
  const auto tokens = sizes.tokens;
  const auto sequences = sizes.sequences;
  TensorId beta = no_tensor;
  TensorId alpha = no_tensor;
  if (weight(il, "ssm_ba") != no_tensor) {
    const auto each = sizes.values_of_key();
    const auto both = graph.reshape(linear(il, "ssm_ba", a), {2 * each, sizes.key_heads, tokens, sequences});
    const auto part = [&] { return graph.view(both, {each, sizes.key_heads, tokens, sequences}); };
    beta = graph.unary(graph.cont(part()));
    alpha = graph.cont(part(), {value_heads, tokens, sequences, 1});
  } else {
    beta = graph.unary(graph.reshape(linear(il, "ssm_beta", a), {1, value_heads, tokens, sequences}));
    alpha = graph.reshape(linear(il, "ssm_alpha", a), {value_heads, tokens, sequences, 1});
  }
  alpha = graph.unary(graph.binary(alpha, weight(il, "ssm_dt", "bias")));
  const auto gate = graph.binary(alpha, weight(il, "ssm_a", ""));
  beta = graph.reshape(beta, {1, value_heads, tokens, sequences});
  return {beta, graph.reshape(gate, {1, value_heads, tokens, sequences})};
}

TensorId ModelGraph::delta_window(TensorId mixed, std::size_t il, const DeltaSizes& sizes) {
  const auto before = sizes.before;
  const auto channels = sizes.channels();
  const auto convolution = graph.reshape(state_rows(il, true), {before, channels, sizes.sequences, 1});
  const auto window = graph.concat(convolution, graph.transpose(mixed), 0);
  auto last = graph.view(window, {before, channels, sizes.sequences, 1});
  if (profile.architecture == "qwen4exp") last = graph.cont(last);
  graph.expand(graph.store(last, graph.view(state_leaf(il, true), {before * channels, sizes.sequences, 1, 1})));
  return window;
}

TensorId ModelGraph::delta_net(TensorId a, std::size_t il) {
  const auto inner = number("ssm.inner_size");
  const auto value_heads = number("ssm.time_step_rank");
  const auto taps = number("ssm.conv_kernel");
  const DeltaSizes sizes{.inner = inner,
                         .key_size = number("ssm.state_size"),
                         .key_heads = number("ssm.group_count"),
                         .value_heads = value_heads,
                         .value_size = divided(inner, value_heads),
                         .before = taps == 0 ? 0 : taps - 1,
                         .tokens = batch.tokens_each(),
                         .sequences = batch.sequences};
  const auto key_size = sizes.key_size;
  const auto key_heads = sizes.key_heads;
  const auto value_size = sizes.value_size;
  const auto tokens = sizes.tokens;
  const auto sequences = sizes.sequences;
  auto [mixed, z] = delta_inputs(a, il, sizes);
  const auto [beta, gate] = delta_gates(a, il, sizes);
  const auto window = delta_window(mixed, il, sizes);
  auto state = graph.reshape(state_rows(il, false), {value_size, value_size, value_heads, sequences});
  const auto channels = sizes.channels();
  auto convolved = graph.make(Op::plain, f32, {channels, tokens, sequences, 1}, {window, weight(il, "ssm_conv1d")});
  convolved = graph.unary(convolved);
  const auto stride = channels * 4;
  const auto part = [&](std::uint64_t size, std::uint64_t count) {
    return graph.view(convolved, {size, count, tokens, sequences}, {size * 4, stride, stride * tokens});
  };
  // An L2 norm: an RMS norm, scaled.
  const auto unit = [&](TensorId x) { return graph.unary(graph.unary(x)); };
  auto query = unit(part(key_size, key_heads));
  auto key = unit(part(key_size, key_heads));
  const auto value = part(value_size, value_heads);
  if (profile.architecture == "qwen3next" && key_heads != value_heads) {
    const auto repeated = [&](TensorId x) {
      x = graph.repeat(graph.reshape(x, {key_size, 1, key_heads, tokens * sequences}),
                       {key_size, sizes.values_of_key(), key_heads, tokens * sequences});
      return graph.reshape(x, {key_size, value_heads, tokens, sequences});
    };
    query = repeated(query);
    key = repeated(key);
  }
  const auto fused =
      graph.make(Op::plain, f32,
                 {times(value_size, value_heads), plus(times(tokens, sequences), times(value_size, sequences)), 1, 1},
                 {query, key, value, gate, beta, state});
  const auto line = value_size * value_heads * 4;
  auto output = graph.view(fused, {value_size, value_heads, tokens, sequences}, {value_size * 4, line, line * tokens});
  const auto next = graph.view(fused, {value_size, value_size, value_heads, sequences},
                               {value_size * 4, value_size * value_size * 4, value_size * line});
  const auto leaf = state_leaf(il, false);
  graph.expand(graph.store(next, graph.view(leaf, {graph.extent(leaf, 0), sequences, 1, 1})));
  output = norm(output, il, "ssm_norm");
  z = graph.unary(graph.reshape(z, {value_size, value_heads, tokens, sequences}));
  output = graph.reshape(graph.binary(output, z), {value_size * value_heads, tokens, sequences, 1});
  output = linear(il, "ssm_out", output);
  return graph.reshape(output, {width(), batch.tokens, 1, 1});
}

TensorId ModelGraph::token_shift(std::size_t il) {
  const auto shifts = divided(layer(il).convolution_state, std::max<std::uint64_t>(width(), 1));
  return graph.reshape(state_rows(il, true), {width(), shifts, batch.sequences, 1});
}

}  // namespace berth::plan
