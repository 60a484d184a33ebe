#include <algorithm>

#include "plan/memory/hyper_connections.h"
#include "plan/memory/special_graphs.h"

namespace berth::plan {
namespace {

/// Residual streams that are taken together before each part of a layer, and that each get its result, in F32.
class HyV4 {
 public:
  explicit HyV4(ModelGraph& model)
      : m_(model),
        g_(model.graph),
        count_(std::clamp<std::uint64_t>(model.number("hyper_connection.count", 4), 1, most_residual_streams)) {}

  void build() {
    const auto embedded = m_.embeddings();
    const auto width = m_.width();
    auto streams = g_.reshape(embedded, {width, 1, m_.batch.tokens, 1});
    streams = g_.repeat(streams, {width, count_, m_.batch.tokens, 1});
    for (std::size_t il = 0; il < m_.layers(); ++il) streams = layer(streams, il);
    const auto flat = g_.reshape(streams, {width * count_, m_.batch.tokens, 1, 1});
    streams = g_.reshape(m_.rows(flat), {width, count_, m_.batch.outputs, 1});
    const auto mixes = mixed(streams, m_.global("output_hc_fn"));
    const auto weights = weights_of(mixes, m_.global("output_hc_scale"), m_.global("output_hc_base"));
    const auto result =
        m_.norm(reduced(streams, weights), m_.global("output_norm"), no_tensor, Norm::rms, std::nullopt);
    m_.finish(result, g_.mul_mat(m_.global("output"), result));
  }

 private:
  TensorId mixed(TensorId streams, TensorId weights) {
    const auto [width, count, tokens, one] = g_[streams].extents;
    return g_.mul_mat(weights, g_.unary(g_.reshape(streams, {width * count, tokens, 1, 1})));
  }

  TensorId weights_of(TensorId mixes, TensorId scale, TensorId base) {
    return g_.unary(g_.unary(g_.binary(g_.binary(mixes, scale), base)));
  }

  TensorId column(TensorId streams) {
    const auto [width, count, tokens, one] = g_[streams].extents;
    const auto stride = g_[streams].strides[2];
    return g_.view(streams, {width, tokens, 1, 1}, {stride, stride * tokens, stride * tokens});
  }

  TensorId reduced(TensorId streams, TensorId weights) {
    streams = g_.cast(streams, f32);
    TensorId sum = no_tensor;
    for (std::uint64_t i = 0; i < count_; ++i) {
      const auto part = g_.binary(column(streams), g_.view(weights, {1, g_.extent(weights, 1), 1, 1}));
      sum = sum == no_tensor ? part : g_.binary(sum, part);
    }
    return g_.cast(sum, f32);
  }

  struct Mix {
    TensorId input = no_tensor;
    TensorId post = no_tensor;
  };

  Mix mix(TensorId streams, std::size_t il, const std::string& part) {
    const auto mixes = mixed(streams, m_.weight(il, "hc_" + part + "_fn"));
    const auto weights = [&] {
      return weights_of(g_.view(mixes, {count_, g_.extent(mixes, 1), 1, 1}),
                        g_.view(m_.weight(il, "hc_" + part + "_scale"), {1, 1, 1, 1}),
                        g_.view(m_.weight(il, "hc_" + part + "_base"), {count_, 1, 1, 1}));
    };
    const auto pre = weights();
    const auto post = g_.unary(weights());
    return {reduced(streams, pre), post};
  }

  TensorId give_back(TensorId result, TensorId streams, TensorId post) {
    const auto [width, count, tokens, one] = g_[streams].extents;
    result = g_.cast(result, f32);
    post = g_.cast(post, f32);
    streams = g_.cast(streams, f32);
    TensorId all = no_tensor;
    for (std::uint64_t i = 0; i < count_; ++i) {
      const auto before = column(streams);
      const auto sum = g_.binary(before, g_.binary(result, g_.view(post, {1, tokens, 1, 1})));
      all = g_.concat(all, g_.reshape(sum, {width, 1, tokens, 1}), 1);
    }
    return g_.cast(all, f32);
  }

  TensorId attend(TensorId a, std::size_t il) {
    const auto attended = m_.latent_attention(a, il, false);
    return m_.linear(il, "attn_output", g_.binary(attended, g_.unary(m_.linear(il, "attn_gate", a))));
  }

  TensorId transform(TensorId a, std::size_t il) {
    if (!m_.layer(il).experts) return m_.feed_forward(a, il, Activation::silu);
    const auto routed = m_.experts(a, il, m_.experts_by_metadata(il));
    return g_.binary(routed, m_.feed_forward(a, il, Activation::silu, "_shexp"));
  }

  TensorId layer(TensorId streams, std::size_t il) {
    auto [input, post] = mix(streams, il, "attn");
    streams = give_back(attend(m_.norm(input, il, "attn_norm"), il), streams, post);
    auto [ffn_input, ffn_post] = mix(streams, il, "ffn");
    return give_back(transform(m_.norm(ffn_input, il, "ffn_norm"), il), streams, ffn_post);
  }

  ModelGraph& m_;
  TensorGraph& g_;
  std::uint64_t count_;
};

}  // namespace

void build_hy_v4(ModelGraph& model) { HyV4(model).build(); }

}  // namespace berth::plan
