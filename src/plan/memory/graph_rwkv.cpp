#include <array>

#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

/// What both generations share: a shift by one token, and the state of each layer.
class Rwkv {
 public:
  explicit Rwkv(ModelGraph& model)
      : m_(model),
        g_(model.graph),
        width_(model.width()),
        tokens_(model.batch.tokens),
        each_(model.batch.tokens_each()),
        sequences_(model.batch.sequences),
        kind_(model.profile.architecture.starts_with("rwkv6qwen") || model.profile.architecture == "arwkv7"
                  ? Norm::rms
                  : Norm::layer) {}

  template <class TimeMix, class ChannelMix>
  void build(TimeMix time_mix, ChannelMix channel_mix, bool has_channel_mix) {
    auto current = m_.embeddings();
    const auto first = m_.layout.layer_backend.front();
    if (const auto weight = m_.weight("token_embd_norm.weight", first); weight != no_tensor)
      current = m_.norm(current, weight, m_.weight("token_embd_norm.bias", first), Norm::layer, 0);
    for (std::size_t il = 0; il < m_.layers(); ++il) {
      current = g_.reshape(current, {width_, each_, sequences_, 1});
      const auto shifts = m_.token_shift(il);
      const auto normed = m_.norm(current, il, "attn_norm", kind_);
      auto before = g_.concat(shift(shifts), earlier(normed), 1);
      auto mixed = time_mix(normed, before, il);
      if (!has_channel_mix) store(last(normed), il);
      auto middle = g_.binary(mixed, current);
      current = has_channel_mix ? channel(middle, shifts, normed, mixed, il, channel_mix) : gated(middle, mixed, il);
      if (const auto step = m_.number("rescale_every_n_layers"); step != 0 && (il + 1) % step == 0)
        current = g_.unary(current);
    }
    current = m_.norm(current, m_.global("output_norm"), m_.global("output_norm", "bias"), kind_, std::nullopt);
    m_.finish(current, g_.mul_mat(m_.global("output"), current));
  }

 private:
  TensorId shift(TensorId shifts) {
    return g_.view(shifts, {width_, 1, sequences_, 1},
                   {g_[shifts].strides[1], g_[shifts].strides[2], g_[shifts].strides[2]});
  }
  TensorId earlier(TensorId a) { return g_.view(a, {width_, each_ - 1, sequences_, 1}); }
  TensorId last(TensorId a) { return g_.view(a, {width_, 1, sequences_, 1}); }
  void store(TensorId a, std::size_t il) {
    const auto elements = g_.extent(a, 0) * g_.extent(a, 1) * g_.extent(a, 2);
    g_.expand(g_.store(g_.view(a, {elements, 1, 1, 1}), g_.view(m_.state_leaf(il, true), {elements, 1, 1, 1})));
  }
  TensorId flat(TensorId a) { return g_.reshape(a, {width_, tokens_, 1, 1}); }

  template <class ChannelMix>
  TensorId channel(TensorId middle, TensorId shifts, TensorId time_normed, TensorId mixed, std::size_t il,
                   ChannelMix mix) {
    auto normed = m_.norm(middle, il, "attn_norm_2", kind_);
    auto before = g_.concat(shift(shifts), earlier(normed), 1);
    store(g_.concat(last(time_normed), last(normed), 1), il);
    middle = flat(middle);
    normed = flat(normed);
    before = flat(before);
    if (il + 1 == m_.layers()) {
      middle = m_.rows(middle);
      normed = m_.rows(normed);
      before = m_.rows(before);
    }
    static_cast<void>(mixed);
    return g_.binary(mix(normed, before, il), middle);
  }

  /// A model that has a plain feed-forward part in its place.
  TensorId gated(TensorId middle, TensorId mixed, std::size_t il) {
    static_cast<void>(mixed);
    middle = flat(middle);
    if (il + 1 == m_.layers()) middle = m_.rows(middle);
    const auto normed = m_.norm(middle, il, "ffn_norm");
    return g_.binary(m_.feed_forward(normed, il, Activation::silu), middle);
  }

  ModelGraph& m_;
  TensorGraph& g_;
  std::uint64_t width_;
  std::uint64_t tokens_;
  std::uint64_t each_;
  std::uint64_t sequences_;
  Norm kind_;
};

struct Wkv {
  TensorId output;
  std::uint64_t head;
  std::uint64_t heads;
};

/// The sum over earlier tokens; its last state is stored.
TensorId sum_up(ModelGraph& m, std::size_t il, std::uint64_t head, std::initializer_list<TensorId> sources) {
  auto& g = m.graph;
  const auto state_rows = head * m.batch.sequences;
  const auto result = g.make(Op::plain, f32, {m.width(), plus(m.batch.tokens, state_rows), 1, 1}, sources);
  const auto elements = m.width() * m.batch.tokens;
  const auto output = g.view(result, {elements, 1, 1, 1});
  const auto state = m.width() * head * m.batch.sequences;
  g.expand(g.store(g.view(result, {state, 1, 1, 1}), g.view(m.state_leaf(il, false), {state, 1, 1, 1})));
  return output;
}

TensorId head_normed(ModelGraph& m, TensorId a, std::size_t il, std::uint64_t head, std::uint64_t heads) {
  auto& g = m.graph;
  if (m.weight(il, "time_mix_ln") == no_tensor) return g.reshape(a, {m.width(), m.batch.tokens, 1, 1});
  a = g.norm(g.reshape(a, {head, heads, m.batch.tokens, 1}));
  a = g.reshape(a, {m.width(), m.batch.tokens, 1, 1});
  return g.binary(g.binary(a, m.weight(il, "time_mix_ln")), m.weight(il, "time_mix_ln", "bias"));
}

TensorId time_mix6(ModelGraph& m, TensorId current, TensorId before, std::size_t il) {
  auto& g = m.graph;
  const auto width = m.width();
  const auto tokens = m.batch.tokens;
  const auto head = std::max<std::uint64_t>(m.number("wkv.head_size", 64), 1);
  const auto heads = width / head;
  const bool linear = m.weight(il, "time_mix_first") == no_tensor && m.weight(il, "time_mix_first", "") == no_tensor;
  auto sx = g.reshape(g.binary(before, current), {width, tokens, 1, 1});
  current = g.reshape(current, {width, tokens, 1, 1});
  auto x = g.binary(g.binary(sx, m.weight(il, "time_mix_lerp_x")), current);
  const auto w1 = m.weight(il, "time_mix_w1");
  const auto rank = g.extent(w1, 1) / 5;
  x = g.reshape(g.unary(g.mul_mat(w1, x)), {rank, 1, 5, tokens});
  x = g.cont(g.permute(x, {0, 1, 3, 2}));
  const auto w2 = m.weight(il, "time_mix_w2");
  x = g.mul_mat(g.reshape(w2, {g.extent(w2, 0), g.extent(w2, 1), 1, 5}), x);
  std::array<TensorId, 5> parts{};
  if (const auto fused = m.weight(il, "time_mix_lerp_fused"); fused != no_tensor) {
    sx = g.reshape(sx, {width, 1, tokens, 1});
    current = g.reshape(current, {width, 1, tokens, 1});
    x = g.binary(g.binary(g.binary(x, fused), sx), current);
    for (auto& part : parts) part = g.view(x, {width, tokens, 1, 1});
  } else {
    const std::array roles = {"time_mix_lerp_w", "time_mix_lerp_k", "time_mix_lerp_v", "time_mix_lerp_r",
                              "time_mix_lerp_g"};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i] = g.view(x, {width, tokens, 1, 1});
      parts[i] = g.binary(g.binary(g.binary(parts[i], m.weight(il, roles[i])), sx), current);
    }
  }
  auto r = m.linear(il, "time_mix_receptance", parts[3], true);
  auto k = m.linear(il, "time_mix_key", parts[1], true);
  auto v = m.linear(il, "time_mix_value", parts[2], true);
  const auto gate = g.unary(m.linear(il, "time_mix_gate", parts[4]));
  const auto kv_heads = m.layer(il).kv_heads;
  if (kv_heads != 0 && kv_heads != heads) {
    k = g.repeat(g.reshape(k, {head, 1, kv_heads, tokens}), {head, heads / kv_heads, kv_heads, tokens});
    v = g.repeat(g.reshape(v, {head, 1, kv_heads, tokens}), {head, heads / kv_heads, kv_heads, tokens});
  }
  k = m.heads(k, head, heads);
  v = m.heads(v, head, heads);
  r = m.heads(r, head, heads);
  auto w =
      g.mul_mat(m.weight(il, "time_mix_decay_w2"), g.unary(g.mul_mat(m.weight(il, "time_mix_decay_w1"), parts[0])));
  auto decay = m.weight(il, "time_mix_decay");
  if (decay == no_tensor) decay = m.weight(il, "time_mix_decay", "");
  w = g.binary(w, decay);
  w = m.heads(g.unary(g.unary(g.unary(w))), head, heads);
  if (linear) k = g.binary(k, g.binary(k, w));
  const auto state = m.state_rows(il, false);
  auto output = sum_up(m, il, head, {k, v, r, w, state});
  output = linear ? g.reshape(output, {width, tokens, 1, 1}) : head_normed(m, output, il, head, heads);
  output = m.linear(il, "time_mix_output", g.binary(output, gate));
  return g.reshape(output, {width, m.batch.tokens_each(), m.batch.sequences, 1});
}

TensorId time_mix7(ModelGraph& m, TensorId current, TensorId before, std::size_t il, TensorId& first_value) {
  auto& g = m.graph;
  const auto width = m.width();
  const auto tokens = m.batch.tokens;
  const auto head = std::max<std::uint64_t>(m.number("wkv.head_size", 64), 1);
  const auto heads = width / head;
  const auto weight = [&](std::string_view role) {
    const auto found = m.weight(il, role);
    return found == no_tensor ? m.weight(il, role, "") : found;
  };
  const bool gates = weight("time_mix_g1") != no_tensor && weight("time_mix_g2") != no_tensor;
  const std::uint64_t parts = gates ? 6 : 5;
  auto sx = g.binary(before, current);
  sx = g.repeat(sx, {width, m.batch.tokens_each(), m.batch.sequences, parts});
  const auto x = g.binary(g.binary(sx, weight("time_mix_lerp_fused")), current);
  const auto part = [&] { return g.view(x, {width, tokens, 1, 1}); };
  const auto xr = part();
  const auto xw = part();
  const auto xk = part();
  const auto xv = part();
  const auto xa = part();
  const auto xg = gates ? part() : no_tensor;
  auto r = m.linear(il, "time_mix_receptance", xr);
  auto w =
      g.binary(g.mul_mat(weight("time_mix_w2"), g.unary(g.mul_mat(weight("time_mix_w1"), xw))), weight("time_mix_w0"));
  w = g.unary(g.unary(g.unary(w)));
  auto k = m.linear(il, "time_mix_key", xk);
  auto v = m.linear(il, "time_mix_value", xv);
  if (first_value == no_tensor) {
    first_value = v;
  } else {
    const auto difference = g.binary(first_value, v);
    const auto mixed =
        g.binary(g.mul_mat(weight("time_mix_v2"), g.mul_mat(weight("time_mix_v1"), xv)), weight("time_mix_v0"));
    v = g.binary(v, g.binary(difference, g.unary(mixed)));
  }
  const auto gate = gates ? g.mul_mat(weight("time_mix_g2"), g.unary(g.mul_mat(weight("time_mix_g1"), xg))) : no_tensor;
  auto a =
      g.unary(g.binary(g.mul_mat(weight("time_mix_a2"), g.mul_mat(weight("time_mix_a1"), xa)), weight("time_mix_a0")));
  auto kk = m.heads(g.binary(k, weight("time_mix_k_k")), head, heads);
  kk = g.like(Op::plain, kk);
  const auto ka = g.binary(k, weight("time_mix_k_a"));
  k = g.binary(k, g.binary(g.binary(a, ka), ka));
  r = m.heads(r, head, heads);
  w = m.heads(w, head, heads);
  k = m.heads(k, head, heads);
  v = m.heads(v, head, heads);
  a = m.heads(a, head, heads);
  const auto state = m.state_rows(il, false);
  auto output = sum_up(m, il, head, {r, w, k, v, g.unary(kk), g.binary(kk, a), state});
  output = head_normed(m, output, il, head, heads);
  auto rk = g.binary(k, r);
  rk = g.binary(rk, g.reshape(weight("time_mix_r_k"), {head, heads, 1, 1}));
  rk = g.make(Op::plain, f32, {1, heads, tokens, 1}, {rk});
  output = g.binary(output, g.reshape(g.binary(v, rk), {width, tokens, 1, 1}));
  if (gates) output = g.binary(output, gate);
  output = m.linear(il, "time_mix_output", output);
  return g.reshape(output, {width, m.batch.tokens_each(), m.batch.sequences, 1});
}

}  // namespace

void build_rwkv6(ModelGraph& m) {
  auto& g = m.graph;
  const auto channel = [&](TensorId current, TensorId before, std::size_t il) {
    const auto sx = g.binary(before, current);
    const auto xk = g.binary(g.binary(sx, m.weight(il, "channel_mix_lerp_k")), current);
    const auto xr = g.binary(g.binary(sx, m.weight(il, "channel_mix_lerp_r")), current);
    const auto r = g.unary(m.linear(il, "channel_mix_receptance", xr));
    const auto k = g.unary(g.unary(m.linear(il, "channel_mix_key", xk)));
    return g.binary(r, m.linear(il, "channel_mix_value", k));
  };
  Rwkv(m).build([&](TensorId current, TensorId before, std::size_t il) { return time_mix6(m, current, before, il); },
                channel, m.weight(0, "channel_mix_key") != no_tensor);
}

void build_rwkv7(ModelGraph& m) {
  auto& g = m.graph;
  TensorId first_value = no_tensor;
  const auto channel = [&](TensorId current, TensorId before, std::size_t il) {
    const auto xk = g.binary(g.binary(g.binary(before, current), m.weight(il, "channel_mix_lerp_k")), current);
    return m.linear(il, "channel_mix_value", g.unary(g.unary(m.linear(il, "channel_mix_key", xk))));
  };
  Rwkv(m).build(
      [&](TensorId current, TensorId before, std::size_t il) { return time_mix7(m, current, before, il, first_value); },
      channel, m.weight(0, "channel_mix_key") != no_tensor);
}

}  // namespace berth::plan
