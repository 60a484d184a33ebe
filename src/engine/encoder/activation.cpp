#include "engine/encoder/activation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>
#include <vector>

#include "text/printable.h"

namespace berth::encoder {
namespace {

using Name = std::pair<std::string_view, Activation>;

/// transformers.activations.ACT2FN without those that have weights.
constexpr auto activation_names = std::to_array<Name>({
    {"gelu", Activation::gelu},
    {"gelu_python", Activation::gelu},
    {"gelu_10", Activation::gelu_clipped},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_fast", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_python_tanh", Activation::gelu_tanh},
    {"gelu_accurate", Activation::gelu_tanh},
    {"quick_gelu", Activation::gelu_quick},
    {"relu", Activation::relu},
    {"relu2", Activation::relu_squared},
    {"relu6", Activation::relu6},
    {"leaky_relu", Activation::leaky_relu},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"mish", Activation::mish},
    {"tanh", Activation::tanh},
    {"sigmoid", Activation::sigmoid},
    {"linear", Activation::linear},
});

constexpr float tanh_scale = 0.79788456080286535588F;  // sqrt(2 / pi)
constexpr float cube_scale = 0.044715F;
constexpr float quick_scale = 1.702F;
constexpr float clip = 10;
constexpr float leak = 0.01F;  // torch.nn.LeakyReLU's own

ggml_tensor* gelu_by_tanh(ggml_context* context, ggml_tensor* x) {
  // ggml's own looks the values up in a table of half precision. 0.5 (1 + tanh(u)) is sigmoid(2 u).
  auto* factor = ggml_scale_bias(context, ggml_sqr(context, x), 2 * tanh_scale * cube_scale, 2 * tanh_scale);
  return ggml_mul(context, ggml_sigmoid(context, ggml_mul(context, factor, x)), x);
}

}  // namespace

Activation read_activation(const Config& config, std::string_view name, std::string_view otherwise) {
  const auto text = config.text(name, otherwise);
  for (const auto& [known, activation] : activation_names)
    if (text == known) return activation;
  std::vector<std::string_view> known;
  for (const auto& each : activation_names) known.push_back(each.first);
  config.fail(name, in_quotes(text), fmt::format("one of {}", fmt::join(known, ", ")));
}

ggml_tensor* activate(ggml_context* context, Activation activation, ggml_tensor* x) {
  switch (activation) {
    case Activation::gelu:
      return ggml_gelu_erf(context, x);
    case Activation::gelu_clipped:
      return ggml_clamp(context, ggml_gelu_erf(context, x), -clip, clip);
    case Activation::gelu_tanh:
      return gelu_by_tanh(context, x);
    case Activation::gelu_quick:
      return ggml_mul(context, ggml_sigmoid(context, ggml_scale(context, x, quick_scale)), x);
    case Activation::relu:
      return ggml_relu(context, x);
    case Activation::relu_squared:
      return ggml_sqr(context, ggml_relu(context, x));
    case Activation::relu6:
      return ggml_clamp(context, x, 0, 6);
    case Activation::leaky_relu:
      return ggml_leaky_relu(context, x, leak, false);
    case Activation::silu:
      return ggml_silu(context, x);
    case Activation::mish:
      return ggml_mul(context, ggml_tanh(context, ggml_softplus(context, x)), x);
    case Activation::tanh:
      return ggml_tanh(context, x);
    case Activation::sigmoid:
      return ggml_sigmoid(context, x);
    case Activation::linear:
      break;
  }
  return x;
}

}  // namespace berth::encoder
